"""What every network has in common: input transform, body, last layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from harken.errors import InputError
from harken.models.graph import Graph
from harken.stream_state import StreamState


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


class StreamingBody(Body, ABC):
    """A body that never looks ahead, so it can go on from a state; a window is one from zero state.

    Parameters
    ----------
    shape : input and output
    stride : a chunk of a stream has a multiple of so many samples

    Attributes
    ----------
    stride : see above
    state_shapes : what is kept of one stream between two chunks, by name; zeros at its start
    """

    state_shapes: dict[str, tuple[int, ...]]

    def __init__(self, shape: Shape, stride: int) -> None:
        super().__init__()
        self.stride = stride
        # The oldest samples of a window that fill no stride, so that the newest ones count.
        self._n_left_out = shape.n_steps % stride

    @abstractmethod
    def step(
        self, x: Tensor, state: dict[str, Tensor], every: int | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Go on by a chunk (n_streams, n_steps, n_channels).

        Returns the features after each `every` samples, of which the chunk has a multiple, as
        (n_streams, n_steps / every, n_features), and the state after it, each value
        (n_streams, *shape). `every` is a multiple of the stride; None takes the chunk's length.
        """

    @abstractmethod
    def add_step_to(
        self, graph: Graph, x: str, state: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Write the same computation into an ONNX graph."""

    def forward(self, x: Tensor) -> Tensor:
        features, _ = self.step(x[:, self._n_left_out :], self.start(x))
        return features[:, -1]

    def start(self, x: Tensor) -> dict[str, Tensor]:
        """The state of streams that have not begun, as many as in x (n_streams, ...)."""
        return {name: x.new_zeros(len(x), *shape) for name, shape in self.state_shapes.items()}

    def add_to(self, graph: Graph, x: str) -> str:
        state = {
            name: graph.zeros(f"body.start.{name}", x, *shape)
            for name, shape in self.state_shapes.items()
        }
        if self._n_left_out:
            x = graph.slice("body.whole_strides", x, axis=1, start=self._n_left_out)
        features, _ = self.add_step_to(graph, x, state)
        return features


def require_steps(network: str, shape: Shape, n_steps: int, reason: str) -> None:
    """Raise InputError if the windows are too short for a network, with the reason."""
    if shape.n_steps < n_steps:
        raise InputError(
            f"{network} needs windows of at least {n_steps} steps ({reason}); these have "
            f"{shape.n_steps}. Cut longer windows, or take another network."
        )


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

    def follow(self, x: Tensor, every: int) -> Tensor:
        """Logits after each `every` samples of streams that begin with x; networks that stream.

        (n_streams, n_steps, n_channels) to (n_streams, n_steps / every, n_classes); see
        `StreamingBody.step`.
        """
        assert isinstance(self.body, StreamingBody)
        seen = self.transform(x)
        features, _ = self.body.step(seen, self.body.start(seen), every)
        logits: Tensor = self.head(features)
        return logits

    @property
    def n_parameters(self) -> int:
        """Trained numbers; constants are not counted."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def to_graph(self, temperature: float) -> Graph:
        """The network with temperature and softmax as an ONNX graph."""
        graph = Graph()
        x = graph.input("window", "n_windows", self.shape.n_steps, self.shape.n_channels)
        embedding = self.body.add_to(graph, self.transform.add_to(graph, x))
        self._add_answer_to(graph, embedding, temperature, axis="n_windows")
        return graph

    @property
    def stream(self) -> StreamState | None:
        """What is kept of a stream; None where the network reads whole windows only."""
        if not isinstance(self.body, StreamingBody):
            return None
        return StreamState(self.body.stride, self.body.state_shapes)

    def to_step_graph(self, temperature: float) -> Graph:
        """The network for streams as an ONNX graph: it takes a chunk and what was kept before it.

        Inputs: "chunk" (n_streams, n_steps, n_channels), the samples since the last call, where
        n_steps is any multiple of the body's `stride`; and for each name in the body's
        `state_shapes` "state.NAME" (n_streams, *shape), zeros at the start of a stream.
        Outputs: "embedding" and "probability" after the chunk, one row for each stream, and each
        "next.NAME", which the next call takes as "state.NAME".

        Raises
        ------
        InputError
            The network reads whole windows only.
        """
        if not isinstance(self.body, StreamingBody):
            raise InputError(
                f"{type(self.body).__name__} reads whole windows and cannot go on from where it "
                "stood. A stream needs a causal network: conv-lstm."
            )
        graph = Graph()
        x = graph.input("chunk", "n_streams", "n_steps", self.shape.n_channels)
        shapes = self.body.state_shapes
        state = {
            name: graph.input(f"state.{name}", "n_streams", *shape)
            for name, shape in shapes.items()
        }
        embedding, state = self.body.add_step_to(graph, self.transform.add_to(graph, x), state)
        self._add_answer_to(graph, embedding, temperature, axis="n_streams")
        for name, shape in shapes.items():
            graph.output(f"next.{name}", state[name], "n_streams", *shape)
        return graph

    def _add_answer_to(self, graph: Graph, embedding: str, temperature: float, axis: str) -> None:
        """Give out the embedding and what follows from it; `axis` names their first axis."""
        graph.output("embedding", embedding, axis, self.body.n_features)
        logits = graph.linear("head", self.head, embedding)
        scaled = graph.node(
            "Div", [logits, graph.constant("temperature", torch.tensor(temperature))]
        )
        probability = graph.node("Softmax", [scaled], axis=-1)
        graph.output("probability", probability, axis, self.shape.n_classes)
