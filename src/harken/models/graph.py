"""Write a network's computation as an ONNX graph, node by node.

The graphs are small, their weights keep their names, and they hold just the operators that
are written here. PyTorch's own exporter was tried: it gives the same numbers after 14 s and with
further packages, or at once by a path that is deprecated.
"""

from __future__ import annotations

from typing import Any

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

#: Old enough for onnxruntime of 2022, new enough for all that the networks use.
OPSET = 17
IR_VERSION = 8


class Graph:
    """An ONNX graph under construction, for windows (n_windows, n_steps, n_channels).

    Values are known by their names; methods take and return these.
    """

    def __init__(self, n_steps: int, n_channels: int) -> None:
        self.input = "window"
        self._inputs = [
            helper.make_tensor_value_info(
                self.input, TensorProto.FLOAT, ["n_windows", n_steps, n_channels]
            )
        ]
        self._outputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

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
        number = len(self._nodes)
        outputs = [f"{operator.lower()}_{number}_{i}" for i in range(n_outputs)]
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def output(self, name: str, value: str, width: int) -> None:
        """Give a value out under a name of its own: (n_windows, width) float32."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_windows", width])
        )

    def linear(self, name: str, layer: nn.Linear, x: str) -> str:
        """A dense layer over the last axis."""
        product = self.node("MatMul", [x, self.constant(f"{name}.weight", layer.weight.T)])
        return self.node("Add", [product, self.constant(f"{name}.bias", layer.bias)])

    def conv(self, name: str, layer: nn.Conv1d, x: str) -> str:
        """A convolution over time; (n_windows, channels, n_steps) in, the same form out."""
        weights = [self.constant(f"{name}.weight", layer.weight)]
        if layer.bias is not None:
            weights.append(self.constant(f"{name}.bias", layer.bias))
        padding = int(layer.padding[0])
        return self.node("Conv", [x, *weights], strides=list(layer.stride), pads=[padding, padding])

    def lstm(self, name: str, layer: nn.LSTM, x: str) -> str:
        """An LSTM of one layer; (n_steps, n_windows, width) in, the same form out."""
        weights = [
            self.constant(f"{name}.{kind}", value) for kind, value in _lstm_weights(layer).items()
        ]
        y = self.node(
            "LSTM",
            [x, *weights],
            hidden_size=layer.hidden_size,
            direction="bidirectional" if layer.bidirectional else "forward",
        )
        # (n_steps, directions, n_windows, hidden) to (n_steps, n_windows, directions * hidden)
        y = self.node("Transpose", [y], perm=[0, 2, 1, 3])
        width = (2 if layer.bidirectional else 1) * layer.hidden_size
        shape = self.constant(f"{name}.shape", torch.tensor([0, 0, width]))
        return self.node("Reshape", [y, shape])

    def model(self, metadata: dict[str, str]) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(
            self._nodes, "harken", self._inputs, self._outputs, list(self._constants.values())
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
