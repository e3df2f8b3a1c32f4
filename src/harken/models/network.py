"""What every network has in common: input transform, body, last layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from harken.models.graph import Graph


@dataclass(frozen=True)
class Shape:
    """What goes in and what comes out; every network is built from this."""

    n_channels: int
    n_steps: int
    n_classes: int


class Body(nn.Module, ABC):
    """The part that differs between networks: windows to features.

    Attributes
    ----------
    n_features : length of the feature vector that `forward` returns for a window
    """

    n_features: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """(n_windows, n_steps, n_channels) to (n_windows, n_features)."""

    @abstractmethod
    def add_to(self, graph: Graph, x: str) -> str:
        """Write the same computation into an ONNX graph; returns the name of its output."""


#: What `Normalise` may divide by.
Scale = Literal["deviation", "quartiles"]
#: Distance of a normal distribution's quartiles, in standard deviations.
_NORMAL_QUARTILES = 1.349


class Normalise(nn.Module):
    """(x - centre) / scale per channel, by training statistics; the identity until fitted."""

    centre: Tensor
    scale: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_channels))
        self.register_buffer("scale", torch.ones(n_channels))

    def fit(self, x: Tensor, by: Scale) -> None:
        """Take the statistics of (n_windows, n_steps, n_channels).

        "deviation": mean and standard deviation. "quartiles": median, and the distance of the
        quartiles as a standard deviation; strong movement does not widen it, so that the tremors in
        which sitting and standing differ, of about 0.01 g, are not flattened beside walking.
        """
        values = x.flatten(0, 1)
        if by == "deviation":
            centre, scale = values.mean(dim=0), values.std(dim=0)
        else:
            # One channel at a time: torch.quantile takes no more than 16 million values.
            q = torch.tensor([0.25, 0.5, 0.75], dtype=x.dtype)
            lower, centre, upper = torch.stack(
                [torch.quantile(channel, q) for channel in values.unbind(1)], dim=1
            )
            scale = (upper - lower) / _NORMAL_QUARTILES
        self.centre.copy_(centre)
        self.scale.copy_(scale.clamp_min(1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.centre) / self.scale

    def add_to(self, graph: Graph, x: str) -> str:
        centred = graph.node("Sub", [x, graph.constant("transform.centre", self.centre)])
        return graph.node("Div", [centred, graph.constant("transform.scale", self.scale)])


class Compand(nn.Module):
    """Put asinh(gain * x) of some channels beside all of them: strong signals are pressed together.

    Sitting and standing differ in tremors of about 0.01 g, which any linear scale that fits walking
    flattens. Companded, both have their place.

    Parameters
    ----------
    columns : of the channels that are companded
    """

    #: In 1/g and s/rad: where the curve bends, at 0.02 g and 0.02 rad/s.
    GAIN = 50.0

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self._columns = list(columns)

    def forward(self, x: Tensor) -> Tensor:
        if not self._columns:
            return x
        return torch.cat([x, torch.asinh(self.GAIN * x[..., self._columns])], dim=-1)

    def add_to(self, graph: Graph, x: str) -> str:
        if not self._columns:
            return x
        columns = graph.constant("transform.companded", torch.tensor(self._columns))
        gain = graph.constant("transform.gain", torch.tensor(self.GAIN))
        small = graph.node("Mul", [graph.node("Gather", [x, columns], axis=2), gain])
        return graph.node("Concat", [x, graph.node("Asinh", [small])], axis=2)


class InputTransform(nn.Module):
    """What stands between the channels of a contract and the body: companding, normalisation.

    Parameters
    ----------
    n_channels : of the input
    companded : columns of the channels that are companded
    """

    def __init__(self, n_channels: int, companded: Sequence[int] = ()) -> None:
        super().__init__()
        self.compand = Compand(companded)
        self.normalise = Normalise(n_channels + len(companded))

    def fit(self, x: Tensor, by: Scale) -> None:
        """Take the statistics of (n_windows, n_steps, n_channels), see `Normalise`."""
        self.normalise.fit(self.compand(x), by)

    def forward(self, x: Tensor) -> Tensor:
        z: Tensor = self.normalise(self.compand(x))
        return z

    def add_to(self, graph: Graph, x: str) -> str:
        return self.normalise.add_to(graph, self.compand.add_to(graph, x))


def seen_by_body(shape: Shape, companded: Sequence[int]) -> Shape:
    """The shape of what the input transform gives to the body."""
    return replace(shape, n_channels=shape.n_channels + len(companded))


class Network(nn.Module):
    """Windows to logits.

    Parameters
    ----------
    body : what differs between networks
    shape : input and output
    companded : columns of the channels that the body also sees companded
    """

    def __init__(self, body: Body, shape: Shape, companded: Sequence[int] = ()) -> None:
        super().__init__()
        self.shape = shape
        self.transform = InputTransform(shape.n_channels, companded)
        self.body = body
        self.head = nn.Linear(body.n_features, shape.n_classes)

    def embed(self, x: Tensor) -> Tensor:
        """The features before the last layer: (n_windows, n_features)."""
        features: Tensor = self.body(self.transform(x))
        return features

    def forward(self, x: Tensor) -> Tensor:
        """(n_windows, n_steps, n_channels) to logits (n_windows, n_classes)."""
        logits: Tensor = self.head(self.embed(x))
        return logits

    @property
    def n_parameters(self) -> int:
        """Trained numbers; constants are not counted."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def to_graph(self, temperature: float) -> Graph:
        """The network with temperature and softmax as an ONNX graph."""
        graph = Graph(self.shape.n_steps, self.shape.n_channels)
        embedding = self.body.add_to(graph, self.transform.add_to(graph, graph.input))
        graph.output("embedding", embedding, self.body.n_features)
        logits = graph.linear("head", self.head, embedding)
        scaled = graph.node(
            "Div", [logits, graph.constant("temperature", torch.tensor(temperature))]
        )
        probability = graph.node("Softmax", [scaled], axis=-1)
        graph.output("probability", probability, self.shape.n_classes)
        return graph
