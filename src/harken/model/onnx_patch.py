"""Putting other numbers and other metadata into an ONNX file, without the package onnx.

Constants are overwritten where they stand, byte for byte; all else in the graph stays as it is.
Numbers of fields as in `harken.model.onnx_file`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harken.model.wire import WireReader, write_field

_GRAPH, _METADATA = 7, 14
_CONSTANT = 5
_TYPE, _NAME, _DATA = 2, 8, 9
_FLOAT32 = 1
_MOST_FIELDS = 200_000


def patch(
    data: bytes, constants: Mapping[str, NDArray[np.floating]], metadata: Mapping[str, str]
) -> bytes:
    """A file with other numbers in some constants, and this metadata in place of its own.

    Parameters
    ----------
    data : an ONNX file that `read_onnx` and `check_graph` have let through
    constants : by name, as many numbers as stand there; written as float32
    metadata : texts by name

    Raises
    ------
    ValueError
        There is no such constant of float32, or it is of another size.
    """
    message = memoryview(bytearray(data))
    reader = WireReader(_MOST_FIELDS)
    kept: list[bytes] = []
    for field in reader.fields(message):
        if field.number == _METADATA:
            continue
        if field.number == _GRAPH and not isinstance(field.value, int):
            _overwrite(reader, field.value, constants)
        kept.append(write_field(field.number, field.value))
    pairs = (
        write_field(1, name.encode()) + write_field(2, text.encode())
        for name, text in metadata.items()
    )
    return b"".join([*kept, *(write_field(_METADATA, pair) for pair in pairs)])


def _overwrite(
    reader: WireReader, graph: memoryview, constants: Mapping[str, NDArray[np.floating]]
) -> None:
    left = dict(constants)
    for name, kind, place in _constants(reader, graph):
        if name not in left:
            continue
        new = np.ascontiguousarray(left.pop(name), dtype="<f4").tobytes()
        if kind != _FLOAT32 or len(new) != len(place):
            raise ValueError(f"the constant {name!r} does not hold as many numbers of 32 bits")
        place[:] = new
    if left:
        raise ValueError(f"there is no constant {', '.join(map(repr, left))}")


def read_constant(graph: memoryview, name: str) -> NDArray[np.float32]:
    """The numbers of a constant, flat.

    Raises
    ------
    ValueError
        There is no such constant of float32.
    """
    for found, kind, place in _constants(WireReader(_MOST_FIELDS), graph):
        if found == name and kind == _FLOAT32:
            return np.frombuffer(place, "<f4").astype(np.float32)
    raise ValueError(f"there is no constant {name!r} of 32-bit numbers")


def _constants(reader: WireReader, graph: memoryview) -> list[tuple[str, int, memoryview]]:
    """Name, type and data of each constant of a graph."""
    found = []
    for field in reader.fields(graph):
        if field.number != _CONSTANT or isinstance(field.value, int):
            continue
        parts = {part.number: part.value for part in reader.fields(field.value)}
        name, kind, data = parts.get(_NAME), parts.get(_TYPE), parts.get(_DATA)
        if isinstance(name, memoryview) and isinstance(kind, int) and isinstance(data, memoryview):
            found.append((str(name, "utf-8"), kind, data))
    return found
