"""Write a network's computation as an ONNX graph, node by node.

The graphs are small, their weights keep their names, and they hold just the operators that
are written here. PyTorch's own exporter was tried: it gives the same numbers after 14 s and with
further packages, or at once by a path that is deprecated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

#: Old enough for onnxruntime of 2022, new enough for all that the networks use.
OPSET = 17
IR_VERSION = 8


class Graph:
    """An ONNX graph under construction.

    Values are known by their names; methods take and return these.
    """

    def __init__(self) -> None:
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._n_names = 0
        self._transposed: dict[str, tuple[str, list[int]]] = {}

    def input(self, name: str, *shape: int | str) -> str:
        """A value that is given from outside, float32; an axis of any length has a name."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, name: str, value: Tensor) -> str:
        """A tensor that is part of the file."""
        array = value.detach().cpu().numpy()
        self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """One operator with one output."""
        return self.nodes(operator, inputs, 1, **attributes)[0]

    def nodes(
        self, operator: str, inputs: list[str], n_outputs: int, **attributes: Any
    ) -> list[str]:
        """One operator with several outputs."""
        outputs = [self._new_name(operator.lower()) for _ in range(n_outputs)]
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def _new_name(self, stem: str) -> str:
        self._n_names += 1
        return f"{stem}_{self._n_names}"

    def output(self, name: str, value: str, *shape: int | str) -> None:
        """Give a value out under a name of its own, float32."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def zeros(self, name: str, beside: str, *shape: int) -> str:
        """Zeros (n, *shape), where n is the length of the first axis of the value `beside`."""
        count = self.node("Shape", [beside], start=0, end=1)
        rest = self.constant(f"{name}.shape", torch.tensor(shape))
        return self.node("ConstantOfShape", [self.node("Concat", [count, rest], axis=0)])

    def slice(self, name: str, x: str, *, axis: int, start: int) -> str:
        """What a value holds along an axis from `start` on; below 0 it counts from the end."""
        ends = {"start": start, "end": torch.iinfo(torch.int64).max, "axis": axis}
        limits = [self.constant(f"{name}.{k}", torch.tensor([v])) for k, v in ends.items()]
        return self.node("Slice", [x, *limits])

    def transpose(self, x: str, *order: int) -> str:
        """The axes of a value in another order; two in a row are done as one, or not at all."""
        source, before = self._transposed.get(x, (x, list(range(len(order)))))
        together = [before[axis] for axis in order]
        if together == sorted(together):
            return source
        result = self.node("Transpose", [source], perm=together)
        self._transposed[result] = source, together
        return result

    def linear(self, name: str, layer: nn.Linear, x: str) -> str:
        """A dense layer over the last axis."""
        product = self.node("MatMul", [x, self.constant(f"{name}.weight", layer.weight.T)])
        if layer.bias is None:
            return product
        return self.node("Add", [product, self.constant(f"{name}.bias", layer.bias)])

    def layer_norm(self, name: str, layer: nn.LayerNorm, x: str) -> str:
        """Layer normalisation over the last axis."""
        weights = [self.constant(f"{name}.{k}", p) for k, p in layer.named_parameters()]
        return self.node("LayerNormalization", [x, *weights], epsilon=layer.eps)

    def conv(self, name: str, layer: nn.Conv1d, x: str) -> str:
        """A convolution over time; (n_windows, channels, n_steps) in, the same form out."""
        weights = [self.constant(f"{name}.weight", layer.weight)]
        if layer.bias is not None:
            weights.append(self.constant(f"{name}.bias", layer.bias))
        padding = int(layer.padding[0])
        return self.node("Conv", [x, *weights], strides=list(layer.stride), pads=[padding, padding])

    def lstm(self, name: str, layer: nn.LSTM, x: str, *, reverse: bool = False) -> str:
        """An LSTM of one layer; (n_steps, n_windows, width) in, the same form out.

        `reverse` runs an LSTM of one direction from the last step to the first.
        """
        y = self.node(
            "LSTM",
            [x, *self._lstm_constants(name, layer)],
            hidden_size=layer.hidden_size,
            direction=_direction(layer, reverse),
        )
        return self._join_directions(name, layer, y)

    def lstm_from(
        self, name: str, layer: nn.LSTM, x: str, hidden: str, cell: str
    ) -> tuple[str, str, str]:
        """A forward LSTM that goes on from a state.

        Takes and returns the state as two values (n_windows, hidden); the first output is as in
        `lstm`.
        """
        axis = self.constant(f"{name}.direction_axis", torch.tensor([0]))
        state = [self.node("Unsqueeze", [value, axis]) for value in (hidden, cell)]
        no_lengths = ""
        y, *state = self.nodes(
            "LSTM",
            [x, *self._lstm_constants(name, layer), no_lengths, *state],
            3,
            hidden_size=layer.hidden_size,
        )
        hidden, cell = (self.node("Squeeze", [value, axis]) for value in state)
        return self._join_directions(name, layer, y), hidden, cell

    def _lstm_constants(self, name: str, layer: nn.LSTM) -> list[str]:
        weights = _lstm_weights(layer)
        return [self.constant(f"{name}.{kind}", value) for kind, value in weights.items()]

    def _join_directions(self, name: str, layer: nn.LSTM, y: str) -> str:
        """(n_steps, directions, n_windows, hidden) to (n_steps, n_windows, directions * hidden)."""
        y = self.transpose(y, 0, 2, 1, 3)
        width = (2 if layer.bidirectional else 1) * layer.hidden_size
        return self.node(
            "Reshape", [y, self.constant(f"{name}.shape", torch.tensor([0, 0, width]))]
        )

    def scan(
        self,
        step: Callable[[str, list[str]], tuple[str, list[str]]],
        x: str,
        state: list[str],
    ) -> str:
        """Do something step by step along the first axis of a value.

        Parameters
        ----------
        step : writes one step: takes a slice of `x` and the state, returns its output and the state
            after it
        x : (n_steps, ...)
        state : values before the first step

        Returns
        -------
        str
            The outputs of all steps, stacked: (n_steps, ...).
        """
        outside, self._nodes = self._nodes, []
        x_now, *before = (self._new_name("step") for _ in range(1 + len(state)))
        output, after = step(x_now, before)
        # Twice the same name among the outputs, and onnxruntime fills only one of them.
        output = self.node("Identity", [output])
        body = helper.make_graph(
            self._nodes,
            self._new_name("body"),
            _of_any_shape([*before, x_now]),
            _of_any_shape([*after, output]),
        )
        self._nodes = outside
        *_, outputs = self.nodes("Scan", [*state, x], len(state) + 1, body=body, num_scan_inputs=1)
        return outputs

    def _needed(self) -> list[Any]:
        """The nodes without those of which nothing is used."""
        read = {value.name for value in self._outputs}
        needed = []
        for node in reversed(self._nodes):
            if read.intersection(node.output):
                read |= _names_read(node)
                needed.append(node)
        return needed[::-1]

    def model(self, metadata: dict[str, str]) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(
            self._needed(), "harken", self._inputs, self._outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="harken",
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def _names_read(node: Any) -> set[str]:
    """Values that a node reads, or a graph within it."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            names |= _names_read(inner)
    return names


def _of_any_shape(names: list[str]) -> list[Any]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]


def _direction(layer: nn.LSTM, reverse: bool) -> str:
    if layer.bidirectional:
        return "bidirectional"
    return "reverse" if reverse else "forward"


def _lstm_weights(layer: nn.LSTM) -> dict[str, Tensor]:
    """Weights in ONNX's form: gates in the order i, o, f, g instead of i, f, g, o."""
    suffixes = ["", "_reverse"] if layer.bidirectional else [""]

    def by_direction(kind: str) -> list[Tensor]:
        return [_reorder(getattr(layer, f"{kind}_l0{s}"), layer.hidden_size) for s in suffixes]

    bias = [
        torch.cat(pair)
        for pair in zip(by_direction("bias_ih"), by_direction("bias_hh"), strict=True)
    ]
    return {
        "input_weight": torch.stack(by_direction("weight_ih")),
        "state_weight": torch.stack(by_direction("weight_hh")),
        "bias": torch.stack(bias),
    }


def _reorder(gates: Tensor, hidden: int) -> Tensor:
    i, f, g, o = gates.reshape(4, hidden, *gates.shape[1:])
    return torch.cat([i, o, f, g])
