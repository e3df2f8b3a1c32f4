"""What every reader is given: the members of a file, zip or folder, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harken.core.archive import Archive, Limits
from harken.core.errors import FormatError
from harken.readers.cells import Table, decode, parse_table, split_header, told_separator

#: An hour of all sensors at 200 Hz takes some 200 MB; as a zip it grows some ten times.
RECORDING_LIMITS = Limits(
    entries=2_000,
    member_bytes=512 * 2**20,
    ratio=200,
    depth=6,
    kind="recording",
    error=FormatError,
    origin="export or copy the recording anew",
)
#: Enough for the header line of any app.
_HEAD_BYTES = 16_384


class Export:
    """A file, zip or folder of one recording.

    Raises
    ------
    FormatError
        There is no such thing, or it breaks `RECORDING_LIMITS`.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FormatError(f"There is no file {path}.")
        self.path = path
        self._archive = Archive(path, RECORDING_LIMITS, lone_file=True)
        self._heads: dict[str, bytes] = {}

    @property
    def is_lone_file(self) -> bool:
        """Whether it is a file by itself, neither zip nor folder."""
        return self._archive.is_lone_file

    def names(self, *endings: str) -> list[str]:
        """Paths of the members that end so (".csv"), without hidden ones."""
        return [
            name
            for name in self._archive.names()
            if name.lower().endswith(endings) and not PurePosixPath(name).name.startswith(".")
        ]

    def label(self, name: str) -> str:
        """What messages call a member."""
        return str(self.path) if self.is_lone_file else f"{self.path}: {name}"

    def head(self, name: str) -> bytes:
        """The first bytes of a member."""
        if name not in self._heads:
            self._heads[name] = self._archive.read_exactly(name, _HEAD_BYTES)
        return self._heads[name]

    def header(self, name: str) -> tuple[str, ...]:
        """Names of the columns of a member, empty where it is no text."""
        lines = self._first_lines(name)
        try:
            line = next(lines, "")
            separator = told_separator(line)
            if separator is not None:
                line = next(lines, "")
        except FormatError:
            return ()
        return tuple(split_header(line.lstrip(), separator)[0])

    def _first_lines(self, name: str) -> Iterator[str]:
        """Lines of a member's head that are not blank; each is decoded when its turn comes."""
        head = self.head(name)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            lines = decode(head[: _HEAD_BYTES // 2 * 2], name).split("\n")
            yield from (line for line in lines if line.strip())
        else:
            yield from (decode(line, name) for line in head.splitlines() if line.strip())

    def table(self, name: str, at_least: int = 2) -> Table:
        """A member as a table of at least so many rows."""
        return parse_table(self.bytes_of(name), self.label(name), at_least)

    def bytes_of(self, name: str) -> bytes:
        """All of a member."""
        return self._archive.read_exactly(name)

    def text(self, name: str) -> str:
        """All of a member, as text."""
        return decode(self.bytes_of(name), self.label(name))
