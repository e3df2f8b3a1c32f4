"""Taking the fields of a JSON object one by one, each of the type and in the range that it must be.

Everything that does not fit is a ValueError that names the field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from typing import Any

#: No name and no sentence is longer.
_MOST_CHARACTERS = 10_000


class JsonFields:
    """The fields of one object.

    Parameters
    ----------
    found : what JSON gave
    what : the object, for messages
    """

    def __init__(self, found: object, what: str) -> None:
        if not isinstance(found, dict):
            raise ValueError(f"{what} is no JSON object")
        self._left: dict[str, Any] = dict(found)
        self._what = what

    @property
    def names_given(self) -> list[str]:
        return list(self._left)

    def is_absent(self, name: str) -> bool:
        """Whether there is no such field, or null in its place; takes it if so."""
        if self._left.get(name) is not None:
            return False
        self._left.pop(name, None)
        return True

    def holds_text(self, name: str) -> bool:
        """Whether a field is there and is text; does not take it."""
        return isinstance(self._left.get(name), str)

    def done(self) -> None:
        """Refuse fields that nobody took."""
        if self._left:
            names = ", ".join(repr(name[:50]) for name in list(self._left)[:5])
            raise ValueError(f"{self._what} has fields that this Harken does not know: {names}")

    def fields(self, name: str) -> JsonFields:
        """An object, whose fields are taken in turn."""
        return JsonFields(self._take(name), repr(name))

    def mapping(self, name: str) -> dict[str, Any]:
        """An object, as it is; its numbers are finite."""
        found = self._take(name)
        if not isinstance(found, dict):
            raise self._wrong(name, found, "an object")
        json.dumps(found, allow_nan=False)
        return found

    def text(self, name: str, *, lines: bool = False) -> str:
        """Text that can be printed; with line breaks if `lines`."""
        return self._as_text(name, self._take(name), lines=lines)

    def names(self, name: str, most: int) -> tuple[str, ...]:
        """A list of names: at least one, all different, none empty."""
        found = self._list(name, most)
        names = tuple(self._as_text(name, item) for item in found)
        if not names or not all(names) or len(set(names)) < len(names):
            raise self._wrong(name, found, "different names, at least one")
        return names

    def texts_by_name(self, name: str, known: Collection[str] | None = None) -> dict[str, str]:
        """An object of texts, under some of the `known` names if these are told."""
        inner = self.fields(name)
        given = inner.names_given if known is None else [n for n in inner.names_given if n in known]
        texts = {self._as_text(name, key): inner.text(key) for key in given}
        inner.done()
        return texts

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        found = self._take(name)
        if type(found) is not int or not low <= found <= high:
            raise self._wrong(name, found, f"a whole number from {low} to {high}")
        return found

    def flag(self, name: str) -> bool:
        """True or false."""
        found = self._take(name)
        if not isinstance(found, bool):
            raise self._wrong(name, found, "true or false")
        return found

    def number(self, name: str, low: float, high: float) -> float:
        """A finite number from `low` to `high`."""
        return self._as_number(name, self._take(name), low, high)

    def numbers(self, name: str, n: int, low: float, high: float) -> tuple[float, ...]:
        """A list of `n` such numbers."""
        found = self._list(name, n)
        if len(found) != n:
            raise self._wrong(name, found, f"{n} numbers")
        return tuple(self._as_number(name, item, low, high) for item in found)

    def wholes(self, name: str, most: int, low: int, high: int) -> tuple[int, ...]:
        """A list of one to `most` whole numbers from `low` to `high`."""
        found = self._list(name, most)
        if not found or not all(type(item) is int and low <= item <= high for item in found):
            raise self._wrong(name, found, f"whole numbers from {low} to {high}")
        return tuple(found)

    def matrix(self, name: str, most: int) -> list[list[float]]:
        """A list of lists of finite numbers, all equally long, at least one of at least one."""
        rows = self._list(name, most)
        if not rows or not all(isinstance(row, list) for row in rows):
            raise self._wrong(name, rows, "rows of numbers")
        if not rows[0] or len(rows[0]) > most or len({len(row) for row in rows}) != 1:
            raise self._wrong(name, rows, "equally long rows of numbers")
        return [[self._as_number(name, item, -1e300, 1e300) for item in row] for row in rows]

    def rows(self, name: str, most: int) -> list[Any]:
        """A list of at most so many items, as they are."""
        return self._list(name, most)

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise ValueError(f"{self._what} has no field {name!r}")
        return self._left.pop(name)

    def _list(self, name: str, most: int) -> list[Any]:
        found = self._take(name)
        if not isinstance(found, list) or len(found) > most:
            raise self._wrong(name, found, f"a list of at most {most}")
        return found

    def _as_text(self, name: str, found: object, *, lines: bool = False) -> str:
        if not isinstance(found, str) or len(found) > _MOST_CHARACTERS:
            raise self._wrong(name, found, "text")
        # Others could write over what a terminal shows.
        if not (found.replace("\n", "") if lines else found).isprintable():
            raise self._wrong(name, found, "text that can be printed")
        return found

    def _as_number(self, name: str, found: object, low: float, high: float) -> float:
        if type(found) not in (int, float) or not _is_between(found, low, high):
            raise self._wrong(name, found, f"a number from {low:g} to {high:g}")
        return float(found)  # type: ignore[arg-type]

    def _wrong(self, name: str, found: object, expected: str) -> ValueError:
        shown = repr(found)
        if len(shown) > 60:
            shown = f"{shown[:60]}..."
        return ValueError(f"{name!r} of {self._what} is {shown}; expected {expected}")


def _is_between(found: Any, low: float, high: float) -> bool:
    """NaN is not; whole numbers too large for a float are told as they are."""
    return low <= found <= high and math.isfinite(found)
