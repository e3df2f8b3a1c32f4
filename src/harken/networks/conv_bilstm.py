"""The flagship: a short convolutional front, a bidirectional LSTM, attention over time.

Two strided convolutions shorten the window to a quarter of its steps, or an eighth, so that the
LSTM, which computes step by step, has little left to do. A learnt query weighs its states
(attention pooling, as in Raffel and Ellis, "Feed-Forward Networks with Attention Can Solve Some
Long-Term Memory Problems", 2015).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.lstm import make_lstm
from harken.networks.network import Body, Shape


class ConvBilstm(Body):
    """Convolutions, bidirectional LSTM, attention over time.

    Parameters
    ----------
    shape : input and output
    width : filters of each convolution
    kernel : steps that a filter spans
    stride : steps from one place of the first convolution's filters to the next; beyond 2 they are
        as much wider, so that they overlap as before
    hidden : units of the LSTM in each direction
    dropout : share of features that is dropped before the LSTM and before the last layer
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int = 64,
        kernel: int = 5,
        stride: int = 2,
        hidden: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.n_features = 2 * hidden
        self.front = nn.ModuleList(
            _convolution(n_in, width, kernel, by)
            for n_in, by in ((shape.n_channels, stride), (width, 2))
        )
        self.lstm = make_lstm(width, hidden, bidirectional=True)
        self.attention = nn.Linear(2 * hidden, 1, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        maps = x.transpose(1, 2)
        for convolution in self.front:
            maps = torch.relu(convolution(maps))
        states, _ = self.lstm(self.dropout(maps.permute(2, 0, 1)))
        weight = torch.softmax(self.attention(states), dim=0)
        features: Tensor = self.dropout((weight * states).sum(dim=0))
        return features

    def add_to(self, graph: Graph, x: str) -> str:
        maps = graph.transpose(x, 0, 2, 1)
        for number, convolution in enumerate(self.front):
            assert isinstance(convolution, nn.Conv1d)
            maps = graph.node("Relu", [graph.conv(f"body.front.{number}", convolution, maps)])
        steps = graph.transpose(maps, 2, 0, 1)
        states = graph.lstm("body.lstm", self.lstm, steps)
        query = graph.constant("body.attention.weight", self.attention.weight.T)
        weight = graph.node("Softmax", [graph.node("MatMul", [states, query])], axis=0)
        axis = graph.constant("body.time_axis", torch.tensor([0]))
        weighted = graph.node("Mul", [weight, states])
        return graph.node("ReduceSum", [weighted, axis], keepdims=0)


def _convolution(n_in: int, n_out: int, kernel: int, stride: int) -> nn.Conv1d:
    """Strided; as wide as `kernel` says at a stride of 2, and wider with the stride."""
    span = kernel + (stride - 2) * (kernel // 2)
    return nn.Conv1d(n_in, n_out, span, stride=stride, padding=span // 2)
