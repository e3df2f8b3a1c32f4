"""The linear attention recurrent network (LARNN) of Chevalier 2018.

An LSTM whose gates also see its own past: it keeps its last k cell states and attends over them
with several heads ("Attention Is All You Need", Vaswani et al. 2017), in time linear in the length
of the window. With x the input, h the last output and c the cells::

    q = Wq x + Uq h                             a query for each head
    a = concat over heads of softmax(q · past / sqrt(d) + position) past
    z = W x + U h + A a + b                     mode "residual"
    z = L elu(W x + U h + A a + b)              mode "layer"
    i, f, o = sigmoid(z[:3]), g = tanh(z[3])
    c = f c + i g,  m = norm(c),  h = o elu(m)

A head's past is its share of the features of each kept m; these serve as keys and as values as they
are, because Wq, Uq and A already project what they are multiplied with. norm is layer normalisation
where Ba, Kiros and Hinton (2016) put it in an LSTM: nothing else bounds an ELU, and without it the
rounding errors of 128 steps grow to a hundred times their size.

Departures from the code of 2018: its cells were never trained and all but the first never used;
here they are trained, and each layer reads the outputs of the one below. Its mode "layer" was
linear, which is the residual mode in other words, so an ELU stands in it here. A learnt number for
each head and age says where to look, in place of sines. Its normalisation was one over the batch,
which lets a window's answer depend on its neighbours.
"""

from __future__ import annotations

import math
from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from harken.core.errors import InputError, UnknownNameError
from harken.networks.dropout import Dropout
from harken.networks.graph import Graph
from harken.networks.network import Body, Shape

#: How the attention's result reaches the gates, see the top of the file.
Mode = Literal["residual", "layer"]


class Larnn(Body):
    """Stacked LARNN layers, last step.

    The best setting that was reported, after a search, has 81 units, 27 heads, 38 past cells and
    3 layers; it takes several times as long as the one here.

    Parameters
    ----------
    shape : input and output
    mode : how the attention's result reaches the gates
    hidden : units of each layer
    n_heads : attention heads; they share the units among themselves
    n_past : cell states that are kept to attend over
    n_layers : how many layers
    dropout : share of features that is dropped between layers and before the last layer

    Raises
    ------
    InputError
        The heads cannot share the units evenly.
    UnknownNameError
    """

    def __init__(
        self,
        shape: Shape,
        *,
        mode: Mode = "residual",
        hidden: int = 32,
        n_heads: int = 4,
        n_past: int = 16,
        n_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if mode not in get_args(Mode):
            raise UnknownNameError("mode", mode, get_args(Mode))
        if hidden % n_heads:
            raise InputError(
                f"larnn shares its {hidden} units evenly among its heads; {n_heads} do not divide "
                f"{hidden}."
            )
        self.n_features = hidden
        self.layers = nn.ModuleList(
            _Layer(hidden if number else shape.n_channels, hidden, n_heads, n_past, mode)
            for number in range(n_layers)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        states = x.transpose(0, 1)
        for number, layer in enumerate(self.layers):
            states = layer(states if number == 0 else self.dropout(states))
        features: Tensor = self.dropout(states[-1])
        return features

    def add_to(self, graph: Graph, x: str) -> str:
        states = graph.transpose(x, 1, 0, 2)
        for number, layer in enumerate(self.layers):
            states = cast(_Layer, layer).add_to(graph, f"body.layers.{number}", states)
        last = graph.constant("body.last", torch.tensor(-1))
        return graph.node("Gather", [states, last], axis=0)


class _Layer(nn.Module):
    """One layer; (n_steps, n_windows, n_inputs) to (n_steps, n_windows, hidden)."""

    def __init__(self, n_inputs: int, hidden: int, n_heads: int, n_past: int, mode: Mode) -> None:
        super().__init__()
        self._hidden, self._n_past = hidden, n_past
        self._n_heads, self._head_width = n_heads, hidden // n_heads
        # For the four gates, and for the query.
        self.input = nn.Linear(n_inputs, 5 * hidden)
        self.recurrent = nn.Linear(hidden, 5 * hidden, bias=False)
        self.attention = nn.Linear(hidden, 4 * hidden, bias=False)
        self.norm = nn.LayerNorm(hidden)
        self.position = nn.Parameter(torch.zeros(n_past, n_heads))
        self.layer = nn.Linear(4 * hidden, 4 * hidden) if mode == "layer" else None
        self._remember_at_first()

    @torch.no_grad()
    def _remember_at_first(self) -> None:
        """Open the forget gate, the second of four (Jozefowicz et al. 2015)."""
        bias = self.input.bias if self.layer is None else self.layer.bias
        bias[self._hidden : 2 * self._hidden] += 1.0

    def forward(self, x: Tensor) -> Tensor:
        projected = self.input(x)
        n_windows = x.shape[1]
        h = c = projected.new_zeros(n_windows, self._hidden)
        # Newest last. Until n_past cells have been, there are zeros, in which a head finds nothing.
        past = projected.new_zeros(n_windows, self._n_past, self._hidden)
        outputs = []
        for now in projected.unbind():
            gates, query = self._split(now + self.recurrent(h))
            gates = gates + self.attention(self._attend(query, past))
            c, output_gate = self._cell(gates, c)
            memory = self.norm(c)
            h = output_gate * nn.functional.elu(memory)
            past = torch.cat([past[:, 1:], memory[:, None]], dim=1)
            outputs.append(h)
        return torch.stack(outputs)

    def _split(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        gates, query = torch.split(sums, [4 * self._hidden, self._hidden], dim=1)
        return gates, query

    def _attend(self, query: Tensor, past: Tensor) -> Tensor:
        """(n_windows, hidden) and (n_windows, n_past, hidden) to (n_windows, hidden)."""
        by_head = (-1, self._n_past, self._n_heads, self._head_width)
        products = (query[:, None] * past).reshape(by_head).sum(dim=3)
        scores = products / math.sqrt(self._head_width) + self.position
        weight = torch.softmax(scores, dim=1)[..., None]
        return (weight * past.reshape(by_head)).sum(dim=1).flatten(1)

    def _cell(self, gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """The cell's next state, and the output gate."""
        if self.layer is not None:
            gates = self.layer(nn.functional.elu(gates))
        i, f, o, g = gates.chunk(4, dim=1)
        return torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g), torch.sigmoid(o)

    def add_to(self, graph: Graph, name: str, x: str) -> str:
        projected = graph.linear(f"{name}.input", self.input, x)
        first = graph.constant(f"{name}.first", torch.tensor(0))
        window = graph.node("Gather", [x, first], axis=0)
        start = graph.zeros(f"{name}.start", window, self._hidden)
        past = graph.zeros(f"{name}.past", window, self._n_past, self._hidden)

        def step(now: str, state: list[str]) -> tuple[str, list[str]]:
            return self._add_step_to(graph, name, now, *state)

        return graph.scan(step, projected, [start, start, past])

    def _add_step_to(
        self, graph: Graph, name: str, now: str, h: str, c: str, past: str
    ) -> tuple[str, list[str]]:
        sums = graph.node("Add", [now, graph.linear(f"{name}.recurrent", self.recurrent, h)])
        sizes = graph.constant(f"{name}.split", torch.tensor([4 * self._hidden, self._hidden]))
        gates, query = graph.nodes("Split", [sums, sizes], 2, axis=1)
        attended = self._add_attention_to(graph, name, query, past)
        attended = graph.linear(f"{name}.attention", self.attention, attended)
        c, output_gate = self._add_cell_to(graph, name, graph.node("Add", [gates, attended]), c)
        memory = graph.layer_norm(f"{name}.norm", self.norm, c)
        h = graph.node("Mul", [output_gate, graph.node("Elu", [memory])])
        older = graph.slice(f"{name}.older", past, axis=1, start=1)
        age_axis = graph.constant(f"{name}.age_axis", torch.tensor([1]))
        newest = graph.node("Unsqueeze", [memory, age_axis])
        return h, [h, c, graph.node("Concat", [older, newest], axis=1)]

    def _add_attention_to(self, graph: Graph, name: str, query: str, past: str) -> str:
        n_past, n_heads, width = self._n_past, self._n_heads, self._head_width
        by_head = graph.constant(f"{name}.by_head", torch.tensor([-1, n_past, n_heads, width]))
        age_axis = graph.constant(f"{name}.age_axis", torch.tensor([1]))
        width_axis = graph.constant(f"{name}.width_axis", torch.tensor([3]))
        joined = graph.constant(f"{name}.joined", torch.tensor([-1, self._hidden]))
        products = graph.node("Mul", [graph.node("Unsqueeze", [query, age_axis]), past])
        products = graph.node("Reshape", [products, by_head])
        products = graph.node("ReduceSum", [products, width_axis], keepdims=0)
        root = graph.constant(f"{name}.root", torch.tensor(math.sqrt(width)))
        position = graph.constant(f"{name}.position", self.position)
        scores = graph.node("Add", [graph.node("Div", [products, root]), position])
        weight = graph.node("Softmax", [scores], axis=1)
        weight = graph.node("Unsqueeze", [weight, width_axis])
        weighted = graph.node("Mul", [weight, graph.node("Reshape", [past, by_head])])
        result = graph.node("ReduceSum", [weighted, age_axis], keepdims=0)
        return graph.node("Reshape", [result, joined])

    def _add_cell_to(self, graph: Graph, name: str, gates: str, c: str) -> tuple[str, str]:
        if self.layer is not None:
            gates = graph.linear(f"{name}.layer", self.layer, graph.node("Elu", [gates]))
        i, f, o, g = graph.nodes("Split", [gates], 4, axis=1)
        i, f, o = (graph.node("Sigmoid", [gate]) for gate in (i, f, o))
        kept = graph.node("Mul", [f, c])
        return graph.node("Add", [kept, graph.node("Mul", [i, graph.node("Tanh", [g])])]), o
