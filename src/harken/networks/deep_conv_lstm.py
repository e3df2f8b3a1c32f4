"""DeepConvLSTM (Ordóñez and Roggen 2016).

"Deep Convolutional and LSTM Recurrent Neural Networks for Multimodal Wearable Activity
Recognition": four convolutions along time, whose filters every sensor channel goes through by
itself, then two LSTMs over what all channels gave. As there, convolutions are not padded, so a
window loses four steps in each; dropout stands before each LSTM and before the last layer.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.lstm import make_lstm
from harken.networks.network import Body, Shape, require_steps


class DeepConvLstm(Body):
    """Convolutions of each channel, stacked LSTMs, last step.

    Parameters
    ----------
    shape : input and output
    width : filters of each convolution
    kernel : steps that a filter spans
    n_convolutions : how many; together they shorten a window by n_convolutions * (kernel - 1) steps
    hidden, n_layers : units of each LSTM, and how many
    dropout : share of features that is dropped before each LSTM and before the last layer

    Raises
    ------
    InputError
        The windows are too short for the convolutions.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int = 64,
        kernel: int = 5,
        n_convolutions: int = 4,
        hidden: int = 128,
        n_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        require_steps(
            "deep-conv-lstm",
            shape,
            n_convolutions * (kernel - 1) + 1,
            f"{n_convolutions} convolutions over {kernel} steps, without padding",
        )
        self.n_features = hidden
        self._shape = shape
        self._n_maps = width
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width if number else 1, width, kernel) for number in range(n_convolutions)
        )
        self.lstms = nn.ModuleList(
            make_lstm(hidden if number else width * shape.n_channels, hidden)
            for number in range(n_layers)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        n_windows, n_steps, n_channels = x.shape
        # Each channel of a window as a signal of its own: that is what sharing the filters means.
        maps = x.transpose(1, 2).reshape(n_windows * n_channels, 1, n_steps)
        for convolution in self.convolutions:
            maps = torch.relu(convolution(maps))
        states = maps.reshape(n_windows, n_channels * self._n_maps, -1).permute(2, 0, 1)
        for lstm in self.lstms:
            states, _ = lstm(self.dropout(states))
        features: Tensor = self.dropout(states[-1])
        return features

    def add_to(self, graph: Graph, x: str) -> str:
        n_steps, n_channels = self._shape.n_steps, self._shape.n_channels
        signals = graph.constant("body.signals", torch.tensor([-1, 1, n_steps]))
        maps = graph.transpose(x, 0, 2, 1)
        maps = graph.node("Reshape", [maps, signals])
        for number, convolution in enumerate(self.convolutions):
            name = f"body.convolutions.{number}"
            maps = graph.node("Relu", [graph.conv(name, cast(nn.Conv1d, convolution), maps)])
            n_steps -= cast(nn.Conv1d, convolution).kernel_size[0] - 1
        joined = torch.tensor([-1, n_channels * self._n_maps, n_steps])
        maps = graph.node("Reshape", [maps, graph.constant("body.joined", joined)])
        states = graph.transpose(maps, 2, 0, 1)
        for number, lstm in enumerate(self.lstms):
            states = graph.lstm(f"body.lstms.{number}", cast(nn.LSTM, lstm), states)
        last = graph.constant("body.last", torch.tensor(-1))
        return graph.node("Gather", [states, last], axis=0)
