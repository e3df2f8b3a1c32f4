"""What every network has in common: input transform, body, last layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harken.core.errors import InputError
from harken.networks.graph import Graph
from harken.networks.input_transform import InputTransform
from harken.networks.stream_state import StreamState


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
        self._n_steps = shape.n_steps

    @property
    def stream(self) -> StreamState:
        """What is kept of a stream, and by how many samples it goes on."""
        return StreamState(self.stride, self.state_shapes)

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
        left_out = self.stream.left_out(self._n_steps)
        features, _ = self.step(x[:, left_out:], self.start(x))
        return features[:, -1]

    def start(self, x: Tensor) -> dict[str, Tensor]:
        """The state of streams that have not begun, as many as in x (n_streams, ...)."""
        return {name: x.new_zeros(len(x), *shape) for name, shape in self.state_shapes.items()}

    def add_to(self, graph: Graph, x: str) -> str:
        state = {
            name: graph.zeros(f"body.start.{name}", x, *shape)
            for name, shape in self.state_shapes.items()
        }
        if left_out := self.stream.left_out(self._n_steps):
            x = graph.slice("body.whole_strides", x, axis=1, start=left_out)
        features, _ = self.add_step_to(graph, x, state)
        return features


def require_steps(network: str, shape: Shape, n_steps: int, reason: str) -> None:
    """Raise InputError if the windows are too short for a network, with the reason."""
    if shape.n_steps < n_steps:
        raise InputError(
            f"{network} needs windows of at least {n_steps} steps ({reason}); these have "
            f"{shape.n_steps}. Cut longer windows, or take another network."
        )


class Network(nn.Module):
    """Windows to logits.

    Parameters
    ----------
    body : what differs between networks
    shape : input and output
    companded, standardised : columns of the channels that the body also sees in these ways, see
        `harken.networks.input_transform`

    Raises
    ------
    InputError
        A body that streams shall see channels standardised over a whole window.
    """

    def __init__(
        self,
        body: Body,
        shape: Shape,
        *,
        companded: Sequence[int] = (),
        standardised: Sequence[int] = (),
    ) -> None:
        super().__init__()
        if standardised and isinstance(body, StreamingBody):
            raise InputError(
                f"{type(body).__name__} never looks ahead; it cannot see channels standardised "
                "over a whole window. Leave out `standardising`."
            )
        self.shape = shape
        self.transform = InputTransform(shape.n_channels, companded, standardised)
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
        return self.body.stream if isinstance(self.body, StreamingBody) else None

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
