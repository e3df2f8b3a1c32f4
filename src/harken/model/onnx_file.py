"""What an ONNX file holds, read without the package onnx, and whether Harken could have written it.

Only the fields, operators and types that `harken.networks.graph` writes are let through
(numbers of fields: onnx/onnx.proto). What this bounds is surprises, not a determined attacker: a
graph of known operators can still ask for much memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from harken.model.wire import Field, WireReader

#: Operators of the networks here. A new network may need another; its contract test says so.
OPERATORS = frozenset({
    "Add", "Asinh", "Concat", "ConstantOfShape", "Conv", "CumSum", "Div", "Elu", "Expand",
    "Gather", "Identity", "LSTM", "LayerNormalization", "MatMul", "Mul", "ReduceLogSumExp",
    "ReduceMean", "ReduceSum", "Relu", "Reshape", "Scan", "Shape", "Sigmoid", "Slice", "Softmax",
    "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Transpose", "Unsqueeze",
})  # fmt: skip
#: Numbers of a constant; a network here has some hundred thousand in all.
MOST_ELEMENTS = 2**23
#: Bytes of a number by type: float32 and int64.
_SIZES = {1: 4, 7: 8}
#: The largest network has some thousand nodes of some ten fields.
_MOST_FIELDS = 200_000
#: Graphs within graphs: the body of a loop over time, and no more.
_MOST_DEPTH = 2

# Numbers of fields, by message.
_MODEL = {"graph": 7, "opset": 8, "metadata": 14}
_MODEL_TEXTS = {1, 2, 3, 4, 5, 6}
_GRAPH = {"node": 1, "constant": 5}
_GRAPH_OTHERS = {2, 10, 11, 12, 13}
_NODE = {"operator": 4, "attribute": 5, "domain": 7}
_NODE_OTHERS = {1, 2, 3, 6}
_ATTRIBUTE_GRAPH, _ATTRIBUTE_OTHERS = 6, {1, 2, 3, 4, 7, 8, 9, 13, 20}
_TENSOR = {"size": 1, "type": 2, "name": 8, "data": 9, "external": 13, "location": 14}
_TENSOR_OTHERS = {12}


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file, taken apart.

    Attributes
    ----------
    graph : bytes of its graph
    metadata : texts by name
    """

    graph: memoryview
    metadata: dict[str, str]


def read_onnx(data: bytes) -> OnnxFile:
    """Take a file apart; its graph is not looked into.

    Raises
    ------
    ValueError
        It is no ONNX file, or one with fields that Harken does not write.
    """
    reader = WireReader(_MOST_FIELDS)
    graphs = []
    metadata = {}
    for field in _known(reader, memoryview(data), "model", {*_MODEL.values(), *_MODEL_TEXTS}):
        if field.number == _MODEL["graph"]:
            graphs.append(_bytes(field))
        elif field.number == _MODEL["metadata"]:
            pair = {f.number: _text(f) for f in reader.fields(_bytes(field))}
            metadata[pair.get(1, "")] = pair.get(2, "")
        elif field.number == _MODEL["opset"]:
            _refuse_domain([f for f in reader.fields(_bytes(field)) if f.number == 1])
    if len(graphs) != 1:
        raise ValueError(f"it holds {len(graphs)} graphs")
    return OnnxFile(graphs[0], metadata)


def check_graph(graph: memoryview) -> dict[str, tuple[int, ...]]:
    """Sizes of a graph's constants by name, once all of it is known to be of Harken's kind.

    Raises
    ------
    ValueError
        It holds an operator, a field or a type that no network here has, or a constant that is too
        large or lies in another file.
    """
    return _check_graph(WireReader(_MOST_FIELDS), graph, depth=1)


def _check_graph(reader: WireReader, graph: memoryview, depth: int) -> dict[str, tuple[int, ...]]:
    if depth > _MOST_DEPTH:
        raise ValueError(f"its graphs are nested more than {_MOST_DEPTH} deep")
    sizes = {}
    for field in _known(reader, graph, "graph", {*_GRAPH.values(), *_GRAPH_OTHERS}):
        if field.number == _GRAPH["node"]:
            _check_node(reader, _bytes(field), depth)
        elif field.number == _GRAPH["constant"]:
            name, size = _check_tensor(reader, _bytes(field))
            sizes[name] = size
    return sizes


def _check_node(reader: WireReader, node: memoryview, depth: int) -> None:
    for field in _known(reader, node, "node", {*_NODE.values(), *_NODE_OTHERS}):
        if field.number == _NODE["operator"]:
            operator = _text(field)
            if operator not in OPERATORS:
                raise ValueError(f"it uses the operator {operator[:50]!r}, which no network has")
        elif field.number == _NODE["domain"]:
            _refuse_domain([field])
        elif field.number == _NODE["attribute"]:
            known = {_ATTRIBUTE_GRAPH, *_ATTRIBUTE_OTHERS}
            for part in _known(reader, _bytes(field), "attribute", known):
                if part.number == _ATTRIBUTE_GRAPH:
                    _check_graph(reader, _bytes(part), depth + 1)


def _check_tensor(reader: WireReader, tensor: memoryview) -> tuple[str, tuple[int, ...]]:
    """Name and size of a constant."""
    found: dict[int, list[Field]] = {number: [] for number in _TENSOR.values()}
    for field in _known(reader, tensor, "constant", {*_TENSOR.values(), *_TENSOR_OTHERS}):
        found.setdefault(field.number, []).append(field)
    name = "".join(_text(field) for field in found[_TENSOR["name"]])
    if found[_TENSOR["external"]] or any(f.value != 0 for f in found[_TENSOR["location"]]):
        raise ValueError(f"its constant {name[:50]!r} lies in another file")
    size = tuple(_number(field) for field in found[_TENSOR["size"]])
    n_elements = math.prod(size)
    if n_elements > MOST_ELEMENTS:
        raise ValueError(f"its constant {name[:50]!r} has {n_elements:,} numbers")
    kinds = [_number(field) for field in found[_TENSOR["type"]]]
    n_bytes = sum(len(_bytes(field)) for field in found[_TENSOR["data"]])
    if len(kinds) != 1 or kinds[0] not in _SIZES or n_bytes != n_elements * _SIZES[kinds[0]]:
        raise ValueError(f"its constant {name[:50]!r} is not as many numbers as it says")
    return name, size


def _known(
    reader: WireReader, message: memoryview, what: str, numbers: set[int]
) -> Iterator[Field]:
    """The fields of a message, all of which must be among these."""
    for field in reader.fields(message):
        if field.number not in numbers:
            raise ValueError(f"its {what} has the field {field.number}, which Harken does not use")
        yield field


def _refuse_domain(domains: list[Field]) -> None:
    for field in domains:
        if (name := _text(field)) not in ("", "ai.onnx"):
            raise ValueError(f"it uses operators of {name[:50]!r}")


def _bytes(field: Field) -> memoryview:
    if isinstance(field.value, int):
        raise ValueError(f"field {field.number} is a number where bytes belong")
    return field.value


def _number(field: Field) -> int:
    if not isinstance(field.value, int):
        raise ValueError(f"field {field.number} is bytes where a number belongs")
    return field.value


def _text(field: Field) -> str:
    try:
        return str(_bytes(field), "utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"field {field.number} is no text") from None
