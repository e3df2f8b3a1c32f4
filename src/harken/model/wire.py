"""A reader of protobuf's wire format, without any schema, and a writer of single fields.

The format: protobuf.dev/programming-guides/encoding. Small on purpose: it copies nothing, and it
stops at what is not well-formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
#: Bytes of the longest number, of 64 bits.
_MOST_VARINT_BYTES = 10


class Field(NamedTuple):
    """One field of a message: a number, or bytes that hold text, an array or a message."""

    number: int
    value: int | memoryview


class WireReader:
    """Reads messages, up to a number of fields in all of them together.

    Parameters
    ----------
    most_fields : more are refused, so that a small file cannot take long
    """

    def __init__(self, most_fields: int) -> None:
        self._left = most_fields

    def fields(self, message: memoryview) -> Iterator[Field]:
        """The fields of a message, in the order in which they stand.

        Raises
        ------
        ValueError
            It is not well-formed, or it has too many fields.
        """
        at = 0
        while at < len(message):
            self._left -= 1
            if self._left < 0:
                raise ValueError("it has too many fields")
            key, at = _varint(message, at)
            value, at = _value(message, at, key & 7)
            if not 0 < key >> 3 < 2**29:
                raise ValueError(f"a field has the number {key >> 3}")
            yield Field(key >> 3, value)


def _value(message: memoryview, at: int, kind: int) -> tuple[int | memoryview, int]:
    if kind == _VARINT:
        return _varint(message, at)
    if kind == _BYTES:
        size, at = _varint(message, at)
    elif kind in _FIXED_SIZES:
        size = _FIXED_SIZES[kind]
    else:
        raise ValueError(f"a field has the wire type {kind}")
    end = at + size
    if end > len(message):
        raise ValueError("it ends in the middle of a field")
    part = message[at:end]
    return (part if kind == _BYTES else int.from_bytes(part, "little")), end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first; returns it and where the next thing begins."""
    number = 0
    for i in range(_MOST_VARINT_BYTES):
        if at + i >= len(message):
            raise ValueError("it ends in the middle of a number")
        byte = message[at + i]
        number |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return number & (2**64 - 1), at + i + 1
    raise ValueError("a number is longer than 64 bits")


def write_field(number: int, value: int | bytes | memoryview) -> bytes:
    """One field: a whole number from 0 on as varint, anything else as bytes with their length."""
    if isinstance(value, int):
        return _write_varint(number << 3 | _VARINT) + _write_varint(value)
    return _write_varint(number << 3 | _BYTES) + _write_varint(len(value)) + bytes(value)


def _write_varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
