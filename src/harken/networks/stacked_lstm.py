"""The network of the notebook "LSTMs for Human Activity Recognition" (Chevalier 2016).

Per time step a dense layer with ReLU, then two stacked LSTMs of 32 units, of which the last time
step goes into the dense output layer (many-to-one). 17,158 parameters for 9 channels and 6
classes.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.lstm import make_lstm
from harken.networks.network import Body, Network, Shape


class StackedLstm(Body):
    """Dense, ReLU, stacked LSTMs, last step.

    Parameters
    ----------
    shape : input and output
    hidden : units of the dense layer and of each LSTM
    n_layers : how many LSTMs
    dropout : share of features that is dropped between the LSTMs and before the last layer
    """

    def __init__(
        self, shape: Shape, *, hidden: int = 32, n_layers: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.n_features = hidden
        self.dense = _Linear(shape.n_channels, hidden)
        self.lstms = nn.ModuleList(make_lstm(hidden, hidden) for _ in range(n_layers))
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        # Time steps first, as LSTMs compute: turned here, while there are only few channels.
        states = torch.relu(self.dense(x.transpose(0, 1)))
        for number, lstm in enumerate(self.lstms):
            states, _ = lstm(states if number == 0 else self.dropout(states))
        features: Tensor = self.dropout(states[-1])
        return features

    def add_to(self, graph: Graph, x: str) -> str:
        dense = graph.node("Relu", [graph.linear("body.dense", self.dense, x)])
        states = graph.transpose(dense, 1, 0, 2)
        for number, lstm in enumerate(self.lstms):
            states = graph.lstm(f"body.lstms.{number}", cast(nn.LSTM, lstm), states)
        last = graph.constant("body.last", torch.tensor(-1))
        return graph.node("Gather", [states, last], axis=0)


class _Linear(nn.Linear):
    """The same product, written so that the gradient of its weights is quick for few inputs.

    PyTorch's way to it takes seven times as long for nine channels.
    """

    def forward(self, x: Tensor) -> Tensor:
        product = torch.addmm(self.bias, x.flatten(0, -2), self.weight.T.contiguous())
        return product.reshape(*x.shape[:-1], self.out_features)


def initialise_as_notebook(network: Network) -> None:
    """Draw the initial values as the notebook's TensorFlow 1 code did.

    Dense layers N(0, 1), output weights N(1, 1); LSTM kernels Glorot uniform over the joined
    matrix [input + hidden, 4 x hidden]; LSTM biases 0, forget gate +1 (a constant).
    """
    body = network.body
    if not isinstance(body, StackedLstm):
        raise TypeError(
            f"the notebook's initial values fit stacked-lstm, not {type(body).__name__}"
        )
    nn.init.normal_(body.dense.weight)
    nn.init.normal_(body.dense.bias)
    nn.init.normal_(network.head.weight, mean=1.0)
    nn.init.normal_(network.head.bias)
    for lstm in cast(list[nn.LSTM], list(body.lstms)):
        limit = math.sqrt(6.0 / (lstm.input_size + 5 * lstm.hidden_size))
        for name, parameter in lstm.named_parameters():
            if name.startswith("weight"):
                nn.init.uniform_(parameter, -limit, limit)
