"""Other numbers in an ONNX file, and nothing else changed: judged by the package onnx."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from harken.model.onnx_file import read_onnx
from harken.model.onnx_patch import patch, read_constant

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def model() -> ModelProto:
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("Elu", ["y"], ["z"], alpha=0.3),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 3])],
        [
            numpy_helper.from_array(WEIGHT, "w"),
            numpy_helper.from_array(np.array([7], np.int64), "axis"),
        ],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="p" * 300
    )
    helper.set_model_props(made, {"a": "1", "b": "2"})
    return made


def test_only_what_was_asked_for_changes() -> None:
    new = -WEIGHT - 0.5
    found = ModelProto.FromString(patch(model().SerializeToString(), {"w": new}, {"c": "é" * 200}))
    expected = model()
    expected.graph.initializer[0].CopyFrom(numpy_helper.from_array(new, "w"))
    helper.set_model_props(expected, {"c": "é" * 200})
    assert found == expected


def test_nothing_asked_for_gives_the_same_bytes() -> None:
    data = model().SerializeToString()
    assert patch(data, {}, {"a": "1", "b": "2"}) == data


def test_a_constant_is_read_as_it_stands() -> None:
    graph = read_onnx(model().SerializeToString()).graph
    np.testing.assert_array_equal(read_constant(graph, "w"), WEIGHT.ravel())
    for name in ("axis", "v"):
        with pytest.raises(ValueError, match=f"no constant '{name}'"):
            read_constant(graph, name)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("v", WEIGHT, "no constant 'v'"),
        ("w", WEIGHT[:1], "as many"),
        ("axis", WEIGHT[:1, :2], "as many"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        patch(model().SerializeToString(), {name: value}, {})
