"""Bidirectional LSTMs in blocks of three (Zhao, Yang, Chevalier and Gong 2017).

"Deep Residual Bidir-LSTM for Human Activity Recognition Using Wearable Sensors" describes blocks
with identity skips; in its code a block sums branches that stand side by side, and there is no
skip. Both wirings are here. As there, each direction is a dense layer with ReLU before an LSTM of
half the width, blocks are followed by a normalisation, and dropout stands on the input and before
the last layer.

Departures from the code:

- It normalised each step by mean and variance over batch and features, so that a window's answer
  depended on its neighbours. Here the statistics are those of the window: over all its steps and
  features where layers stand side by side, and by step (layer normalisation, Ba, Kiros and Hinton
  2016) where there are skips.
- It read both directions at the last step, where a backward LSTM has seen one sample and learns
  nothing of time. Here each is read where it has seen the whole window.
- Its ReLU on the logits is left out.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from harken.core.errors import InputError, UnknownNameError
from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.lstm import make_lstm
from harken.networks.network import Body, Shape

#: "residual": layers follow one another, each adds its input to its output (identity skip).
#: "parallel": layers stand side by side on the same input and are summed.
Wiring = Literal["residual", "parallel"]


class ResidualBilstm(Body):
    """Blocks of bidirectional LSTMs with ReLU-dense layers before them; each direction's end.

    Parameters
    ----------
    shape : input and output
    wiring : how the layers of a block are joined
    width : features after each layer; half of them from each direction
    n_blocks, n_layers : how many blocks, how many layers in each
    dropout : share of features that is dropped of the input and before the last layer
    """

    def __init__(
        self,
        shape: Shape,
        *,
        wiring: Wiring = "residual",
        width: int = 28,
        n_blocks: int = 3,
        n_layers: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if wiring not in get_args(Wiring):
            raise UnknownNameError("wiring", wiring, get_args(Wiring))
        if width % 2:
            raise InputError(
                f"residual-bilstm shares its width between two directions; {width} is odd."
            )
        self.n_features = width
        self.blocks = nn.ModuleList(
            _Block(width if number else shape.n_channels, width, n_layers, wiring)
            for number in range(n_blocks)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        states = self.dropout(x).transpose(0, 1)
        for block in self.blocks:
            states = block(states)
        half = self.n_features // 2
        features = torch.cat([states[-1, :, :half], states[0, :, half:]], dim=1)
        return cast(Tensor, self.dropout(features))

    def add_to(self, graph: Graph, x: str) -> str:
        states = graph.transpose(x, 1, 0, 2)
        for number, block in enumerate(self.blocks):
            states = cast(_Block, block).add_to(graph, f"body.blocks.{number}", states)
        directions = graph.nodes("Split", [states], 2, axis=2)
        ends = [graph.constant(f"body.end_{i}", torch.tensor(i)) for i in (-1, 0)]
        features = [
            graph.node("Gather", [states, end], axis=0)
            for states, end in zip(directions, ends, strict=True)
        ]
        return graph.node("Concat", features, axis=1)


class _Block(nn.Module):
    """Some layers and a normalisation; (n_steps, n_windows, n_inputs) to (..., width)."""

    def __init__(self, n_inputs: int, width: int, n_layers: int, wiring: Wiring) -> None:
        super().__init__()
        self._parallel = wiring == "parallel"
        self._widens = n_inputs != width
        self.layers = nn.ModuleList(
            _Layer(width if number and not self._parallel else n_inputs, width)
            for number in range(n_layers)
        )
        self.norm = _WindowNorm() if self._parallel else nn.LayerNorm(width)

    def _skips(self, number: int) -> bool:
        """Whether a layer's input is added to its output: where the widths agree."""
        return not self._parallel and (number > 0 or not self._widens)

    def forward(self, x: Tensor) -> Tensor:
        if self._parallel:
            outputs = [layer(x) for layer in self.layers]
            return cast(Tensor, self.norm(torch.stack(outputs).sum(dim=0)))
        for number, layer in enumerate(self.layers):
            x = x + layer(x) if self._skips(number) else layer(x)
        return cast(Tensor, self.norm(x))

    def add_to(self, graph: Graph, name: str, x: str) -> str:
        layers = [cast(_Layer, layer) for layer in self.layers]
        names = [f"{name}.layers.{number}" for number in range(len(layers))]
        if self._parallel:
            outputs = [
                layer.add_to(graph, own, x) for own, layer in zip(names, layers, strict=True)
            ]
            x = graph.node("Sum", outputs)
        else:
            for number, layer in enumerate(layers):
                y = layer.add_to(graph, names[number], x)
                x = graph.node("Add", [x, y]) if self._skips(number) else y
        if isinstance(self.norm, nn.LayerNorm):
            return graph.layer_norm(f"{name}.norm", self.norm, x)
        return self.norm.add_to(graph, f"{name}.norm", x)


class _Layer(nn.Module):
    """Forward and backward LSTM of half the width, a ReLU-dense layer before each; joined."""

    def __init__(self, n_inputs: int, width: int) -> None:
        super().__init__()
        half = width // 2
        self.dense = nn.Linear(n_inputs, width)  # of both directions, each reads its half
        self.forwards = make_lstm(half, half)
        self.backwards = make_lstm(half, half)

    def forward(self, x: Tensor) -> Tensor:
        ahead, back = torch.relu(self.dense(x)).chunk(2, dim=2)
        ahead, _ = self.forwards(ahead)
        back, _ = self.backwards(back.flip(0))
        return torch.cat([ahead, back.flip(0)], dim=2)

    def add_to(self, graph: Graph, name: str, x: str) -> str:
        dense = graph.node("Relu", [graph.linear(f"{name}.dense", self.dense, x)])
        ahead, back = graph.nodes("Split", [dense], 2, axis=2)
        ahead = graph.lstm(f"{name}.forwards", self.forwards, ahead)
        back = graph.lstm(f"{name}.backwards", self.backwards, back, reverse=True)
        return graph.node("Concat", [ahead, back], axis=2)


class _WindowNorm(nn.Module):
    """Zero mean and unit variance over all steps and features of a window; learnt gain and bias."""

    #: Over steps and features of (n_steps, n_windows, n_features); windows are judged alone.
    AXES = (0, 2)
    #: Keeps a silent window from being divided by zero.
    EPSILON = 1e-5

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor([0.5]))  # as in the code of 2017
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=self.AXES, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + self.EPSILON) * self.gain + self.bias

    def add_to(self, graph: Graph, name: str, x: str) -> str:
        centred = graph.node("Sub", [x, graph.node("ReduceMean", [x], axes=self.AXES)])
        square = graph.node("Mul", [centred, centred])
        variance = graph.node("ReduceMean", [square], axes=self.AXES)
        epsilon = graph.constant(f"{name}.epsilon", torch.tensor(self.EPSILON))
        deviation = graph.node("Sqrt", [graph.node("Add", [variance, epsilon])])
        unit = graph.node("Div", [centred, deviation])
        scaled = graph.node("Mul", [unit, graph.constant(f"{name}.gain", self.gain)])
        return graph.node("Add", [scaled, graph.constant(f"{name}.bias", self.bias)])
