"""Only graphs of the kind that Harken writes are let through, and reading them never crashes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from harken.model.onnx_file import MOST_ELEMENTS, check_graph, read_onnx
from harken.model.wire import WireReader
from harken.networks import build
from harken.networks.network import Shape


def model_of(
    *nodes: onnx.NodeProto, constants: tuple[TensorProto, ...] = (), domain: str = ""
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "g", [], [], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, 17)])


def check(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    return check_graph(read_onnx(model.SerializeToString()).graph)


def test_a_file_is_taken_apart_as_onnx_does_it() -> None:
    network = build("stacked-lstm", Shape(9, 128, 6), companded=(0, 1))
    model = network.to_graph(1.5).model({"a": "b", "ü": "1\n2"})
    file = read_onnx(model.SerializeToString())
    assert file.metadata == {"a": "b", "ü": "1\n2"}
    assert bytes(file.graph) == model.graph.SerializeToString()
    expected = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    assert check_graph(file.graph) == expected


def external() -> onnx.ModelProto:
    tensor = numpy_helper.from_array(np.ones(3, np.float32), "w")
    onnx.external_data_helper.set_external_data(tensor, "/etc/passwd")
    return model_of(constants=(tensor,))


def too_large() -> onnx.ModelProto:
    tensor = TensorProto(name="w", dims=[MOST_ELEMENTS, 2], data_type=TensorProto.FLOAT)
    return model_of(constants=(tensor,))


def short_of_data() -> onnx.ModelProto:
    tensor = numpy_helper.from_array(np.ones(3, np.float32), "w")
    tensor.dims[0] = 4
    return model_of(constants=(tensor,))


def nested() -> onnx.ModelProto:
    graph = helper.make_graph([], "innermost", [], [])
    for _ in range(3):
        node = helper.make_node("Scan", [], [], body=graph, num_scan_inputs=1)
        graph = helper.make_graph([node], "outer", [], [])
    return helper.make_model(graph)


def hidden_in_a_loop() -> onnx.ModelProto:
    body = helper.make_graph([helper.make_node("Sin", ["x"], ["y"])], "b", [], [])
    return model_of(helper.make_node("Scan", [], [], body=body, num_scan_inputs=1))


def with_function() -> onnx.ModelProto:
    model = model_of()
    opset = helper.make_opsetid("", 17)
    model.functions.append(helper.make_function("own", "F", [], [], [], [opset]))
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: model_of(helper.make_node("Sin", ["x"], ["y"])), "operator 'Sin'"),
        (hidden_in_a_loop, "operator 'Sin'"),
        (lambda: model_of(helper.make_node("Add", [], [], domain="own")), "operators of 'own'"),
        (lambda: model_of(domain="own"), "operators of 'own'"),
        (lambda: model_of(constants=(numpy_helper.from_array(np.array(["a"]), "w"),)), "field 6"),
        (external, "lies in another file"),
        (too_large, "has 16,777,216 numbers"),
        (short_of_data, "not as many numbers as it says"),
        (nested, "nested more than 2 deep"),
        (with_function, "its model has the field 25"),
        (onnx.ModelProto, "holds 0 graphs"),
    ],
)  # fmt: skip
def test_what_no_network_here_has(make: Callable[[], onnx.ModelProto], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(make())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_onnx, lambda d: check_graph(memoryview(d))):
        with suppress(ValueError):
            read(data)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5), st.floats(width=32), st.binary())
def test_fields_come_as_protobuf_wrote_them(whole: list[int], real: float, text: bytes) -> None:
    made = onnx.AttributeProto(ints=whole, f=real, s=text)
    fields = list(WireReader(100).fields(memoryview(made.SerializeToString())))
    assert [f.value for f in fields if f.number == 8] == [n % 2**64 for n in whole]
    assert [f.value for f in fields if f.number == 4] == [text]
    (bits,) = (f.value for f in fields if f.number == 2)
    assert isinstance(bits, int)
    assert bits.to_bytes(4, "little") == np.float32(real).tobytes()


def test_a_file_of_countless_fields_is_given_up() -> None:
    with pytest.raises(ValueError, match="too many fields"):
        read_onnx(b"\x08\x01" * 300_000)
