"""Tables of text: cells by column, turned into numbers in bulk, or with the place of what fails.

Separators, decimal commas, quotes, marks of missing values and repeated headers are told from the
file itself. What is not plainly a number is an error that names line and column.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError

_SEPARATORS = ",;\t|"
#: How exports write a value that is missing, in lower case.
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--"})
#: The first line by which Excel is told the separator.
_TOLD_SEPARATOR = re.compile(r'"?sep=([,;:\t|])"?\1*', re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Table:
    """Cells by column, as text.

    Attributes
    ----------
    name : where it came from, for messages
    header : names of the columns
    notes : what was inferred and repaired
    """

    def __init__(
        self,
        name: str,
        header: Sequence[str],
        columns: Sequence[Sequence[str]],
        places: Sequence[int],
        *,
        place: str = "line",
    ) -> None:
        self.name = name
        self.header = tuple(header)
        self.notes: list[str] = []
        self._columns = columns
        self._places = places
        self._place = place

    def __len__(self) -> int:
        return len(self._places)

    def note(self, text: str) -> None:
        """Note something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def find(self, *names: str) -> list[int] | None:
        """Positions of the columns of these names, whatever their case; None if one is missing."""
        plain = [name.lower() for name in self.header]
        wanted = [name.lower() for name in names]
        return [plain.index(name) for name in wanted] if set(wanted) <= set(plain) else None

    def need(self, *names: str) -> list[int]:
        """As `find`, but a missing column is an error."""
        found = self.find(*names)
        if found is None:
            raise FormatError(
                f"{self.name}: the columns are {', '.join(self.header)}; expected "
                f"{', '.join(names)}. Export the recording anew."
            )
        return found

    def cells(self, column: int) -> Sequence[str]:
        """The cells of a column as they stand in the file."""
        return self._columns[column]

    def place_of(self, row: int, column: int) -> str:
        """Where a cell stands, for messages."""
        return f"{self.name}, {self._place} {self._places[row]}, column {self.header[column]!r}"

    def refuse(self, row: int, column: int, expected: str) -> NoReturn:
        """Raise the error for a cell that cannot be read."""
        found = self._columns[column][row][:60]
        raise FormatError(
            f"{self.place_of(row, column)}: found {found!r}; expected {expected}. "
            "Mend the cell, or remove its row."
        )

    def numbers(self, column: int) -> NDArray[np.float64]:
        """A column as numbers: (n_rows,), NaN where a value is missing.

        Raises
        ------
        FormatError
            A cell holds something else; file, line and column are named.
        """
        cells = self._columns[column]
        values = _in_bulk(cells)
        if values is None:
            joined = "\n".join(cells)
            values = _in_bulk([cell or "nan" for cell in joined.replace(",", ".").split("\n")])
            if "," in joined:
                self.note("decimal commas read as decimal points")
        # Python reads 1_0 as ten; here it is a slip.
        unsure = values is None or len(values) != len(cells) or np.isinf(values).any()
        if values is None or unsure or "_" in "".join(cells):
            values = np.array([self._number(row, column) for row in range(len(cells))], float)
        return values

    def _number(self, row: int, column: int) -> float:
        text = self._columns[column][row].strip()
        if text.lower() in _MISSING:
            return np.nan
        if not _NUMBER.fullmatch(text) or not np.isfinite(value := float(text.replace(",", "."))):
            self.refuse(row, column, "a number")
        return value


def _in_bulk(cells: Sequence[str]) -> NDArray[np.float64] | None:
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def decode(data: bytes, name: str) -> str:
    """Text of a file in UTF-8 or, where a mark at its start says so, in UTF-16.

    Raises
    ------
    FormatError
        It is something else.
    """
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(f"{name} is not a text file in UTF-8.") from None
    if "\0" in text:
        raise FormatError(f"{name} is not a text file.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def told_separator(line: str) -> str | None:
    """The separator that a first line such as "sep=;" names; None where it is another line."""
    match = _TOLD_SEPARATOR.fullmatch(line.rstrip(" "))
    return match[1] if match else None


def split_header(line: str, separator: str | None = None) -> tuple[list[str], str]:
    """Names of the columns in a header line, and what separates them, if that is not told."""
    bare = re.sub(r'"[^"]*"', "", line)
    if separator is None:
        separator = max(_SEPARATORS, key=bare.count)
        if separator not in bare and " " in bare.strip():
            separator = " "
    try:
        names = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        names = [line]
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    return names, separator


def parse_table(data: bytes, name: str, at_least: int = 2) -> Table:
    """A table from the bytes of a file.

    Parameters
    ----------
    data : the file
    name : what messages call it
    at_least : rows that it must have

    Raises
    ------
    FormatError
        It is no text, has too few rows, or a row that is longer or shorter than the header.
    """
    lines = decode(data, name).split("\n")
    places = [number for number, line in enumerate(lines, start=1) if line.strip(" ")]
    filled = [lines[number - 1] for number in places]
    told = told_separator(filled[0]) if filled else None
    if told is not None:
        filled, places = filled[1:], places[1:]
    header, separator = split_header(filled[0], told) if filled else ([], ",")
    notes: list[str] = []
    filled, places = _without_repeats(filled, places, notes)
    columns, n_rows = _split(filled[1:], header, separator, name, places[1:], notes)
    if n_rows < at_least:
        raise FormatError(
            f"{name} has {n_rows} row{'s' * (n_rows != 1)} of samples; needs at least {at_least}. "
            "Record for longer, or export the recording anew."
        )
    if at_least > 1 and all(_NUMBER.fullmatch(cell) for cell in header):
        raise FormatError(
            f"{name}, line {places[0]}: found numbers; expected the names of the columns. "
            "Add a first line with names, such as time_s,acc_x,acc_y,acc_z."
        )
    table = Table(name, header, columns, places[1 : n_rows + 1])
    table.notes += notes
    return table


def _without_repeats(
    lines: list[str], places: list[int], notes: list[str]
) -> tuple[list[str], list[int]]:
    """Lines and their numbers without further copies of the header, as joined files have them."""
    title = lines[0] if lines else ""
    if lines.count(title) < 2:
        return lines, places
    repeated = [place for line, place in zip(lines, places, strict=True) if line == title][1:]
    notes.append(
        f"{len(repeated):,} repeated header{'s' * (len(repeated) > 1)} in the middle left out "
        f"(the first in line {repeated[0]})"
    )
    keep = [i for i, line in enumerate(lines) if i == 0 or line != title]
    return [lines[i] for i in keep], [places[i] for i in keep]


def _split(
    lines: list[str],
    header: list[str],
    separator: str,
    name: str,
    places: list[int],
    notes: list[str],
) -> tuple[list[list[str]], int]:
    """Cells by column, and the number of rows that they have."""
    n = len(header)
    text = "\n".join(lines)
    if '"' not in text and separator != " ":
        if all(line.count(separator) == n - 1 for line in lines):
            cells = text.replace("\n", separator).split(separator) if lines else []
            return [cells[i::n] for i in range(n)], len(lines)
        rows = [line.split(separator) for line in lines]
    else:
        # Line by line, so that an unclosed quote spoils one row and not the rest of the file.
        rows = [_cells_of(line, separator) for line in lines]
    for row in rows:
        while len(row) > n and not row[-1].strip():
            row.pop()
    if rows and len(rows[-1]) < n and all(len(row) == n for row in rows[:-1]):
        rows.pop()
        notes.append(f"1 row left out: the last line (line {places[-1]}) is cut off")
    for row, place in zip(rows, places, strict=False):
        if len(row) != n:
            raise FormatError(_wrong_length(name, place, len(row), n, separator))
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header], len(rows)


def _cells_of(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=separator == " "))
    except csv.Error:
        return []


def _wrong_length(name: str, place: int, found: int, expected: int, separator: str) -> str:
    shown = {"\t": "tabs", " ": "blanks"}.get(separator, repr(separator))
    text = (
        f"{name}, line {place}: found {found} cell{'s' * (found != 1)}; expected {expected}, "
        f"separated by {shown} as in the header. "
    )
    if separator == "," and found >= 2 * expected - 1:
        return text + "Commas seem to stand for decimal points too: export with ';' between cells."
    if found == 1:
        return text + "The rows seem to be separated by something else: use one separator."
    return text + "Mend the line, or remove it."
