"""Read members of a zip or a folder, within limits, without unpacking anything to disk.

A zip, a zip within a zip (as some publishers serve them), a folder, or a lone file. Members are
found by the end of their path, so the folder that wraps them does not matter.
"""

from __future__ import annotations

import io
import lzma
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harken.core.errors import ArchiveError, InputError

#: What a damaged zip makes the standard library raise.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True)
class Limits:
    """What an archive may ask of this machine, and how its faults are reported.

    Attributes
    ----------
    entries : files and folders in it
    member_bytes : size of the largest member, unpacked
    ratio : how many times a large member may grow when it is unpacked
    depth : folders within folders
    kind : what is in it, for messages
    error : class of the errors
    origin : how to get a whole one, for messages
    """

    entries: int = 10_000
    member_bytes: int = 256 * 2**20
    ratio: int = 1_100
    depth: int = 16
    kind: str = "dataset"
    error: type[InputError] = ArchiveError
    origin: str = "fetch it anew"


#: The largest genuine member of a dataset has 61 MB.
DATASET_LIMITS = Limits()
#: Members that unpack to less than this cannot harm, whatever their ratio.
_SMALL_BYTES = 4 * 2**20


class Archive:
    """Members of a zip, a folder or, where allowed, a lone file.

    Parameters
    ----------
    path : a zip file or a folder
    limits : what is refused
    lone_file : whether a file that is no zip counts as an archive of one member

    Raises
    ------
    InputError
        Of the class that `limits` names: the file is no zip, is truncated or breaks a limit.
    """

    def __init__(
        self, path: Path, limits: Limits = DATASET_LIMITS, *, lone_file: bool = False
    ) -> None:
        self.path = path
        self._limits = limits
        self._zip: zipfile.ZipFile | None = None
        self.is_lone_file = lone_file and path.is_file() and not self._looks_like_zip()
        if self.is_lone_file:
            self._folder = path.parent
            self._members = {PurePosixPath(path.name): path.stat().st_size}
        elif path.is_dir():
            self._folder = path
            self._members = self._list_folder()
        else:
            self._zip = self._open_outer_zip()
            self._members = self._list_zip(self._zip)

    def names(self, pattern: str = "*") -> list[str]:
        """Paths of the members that match a glob such as "RawData/acc_*.txt"."""
        return sorted(str(name) for name in self._members if name.match(pattern))

    def has(self, ending: str) -> bool:
        """Whether there is a member whose path ends so."""
        return bool(self.names(ending))

    def read(self, ending: str) -> bytes:
        """The bytes of the one member whose path ends so.

        Raises
        ------
        InputError
            There is none, there are several, it is too large or damaged.
        """
        found = self.names(ending)
        if not found:
            raise self._limits.error(
                f"{self.path} has no file {ending!r}. The archive is incomplete: "
                f"{self._limits.origin}."
            )
        if len(found) > 1:
            raise self._limits.error(
                f"{self.path} has {len(found)} files {ending!r}; expected one."
            )
        return self.read_exactly(found[0])

    def read_exactly(self, name: str, n_bytes: int | None = None) -> bytes:
        """The bytes of the member at this very path, or its first `n_bytes`."""
        if self._zip is None:
            self._check_size(name, self._members[PurePosixPath(name)])
            return self._read_file(self._folder / name, n_bytes)
        return self._read_from_zip(self._zip, name, n_bytes)

    def _looks_like_zip(self) -> bool:
        if self.path.suffix.lower() == ".zip":
            return True
        return self._read_file(self.path, 4) in (b"PK\3\4", b"PK\5\6")

    def _read_file(self, file: Path, n_bytes: int | None) -> bytes:
        try:
            with file.open("rb") as opened:
                return opened.read(-1 if n_bytes is None else n_bytes)
        except OSError as error:
            raise self._limits.error(f"{file} cannot be read: {error.strerror}.") from None

    def _list_folder(self) -> dict[PurePosixPath, int]:
        members: dict[PurePosixPath, int] = {}
        n_entries = 0
        for folder, below, files in os.walk(self.path):
            inside = Path(folder).relative_to(self.path)
            if len(inside.parts) >= self._limits.depth:
                below.clear()
            n_entries += len(below) + len(files)
            self._check_entries(n_entries)
            for name in files:
                file = Path(folder) / name
                if file.is_file():
                    members[PurePosixPath((inside / name).as_posix())] = file.stat().st_size
        return members

    def _list_zip(self, archive: zipfile.ZipFile) -> dict[PurePosixPath, int]:
        entries = archive.infolist()
        self._check_entries(len(entries))
        return {
            PurePosixPath(entry.filename): entry.file_size
            for entry in entries
            if entry.filename and not entry.is_dir() and "__MACOSX" not in entry.filename
        }

    def _open_outer_zip(self) -> zipfile.ZipFile:
        outer = self._open_zip(self.path)
        inner = [name for name in self._list_zip(outer) if name.suffix == ".zip"]
        if len(inner) != 1:
            return outer
        return self._open_zip(io.BytesIO(self._read_from_zip(outer, str(inner[0]))))

    def _open_zip(self, file: Path | io.BytesIO) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(file)
        except FileNotFoundError:
            raise self._limits.error(f"There is no file {self.path}.") from None
        except _DAMAGE as error:
            raise self._limits.error(
                f"{self.path} is not a whole zip file ({error}). It may have been cut off while "
                f"it was transferred: {self._limits.origin}."
            ) from None

    def _read_from_zip(
        self, archive: zipfile.ZipFile, name: str, n_bytes: int | None = None
    ) -> bytes:
        entry = _entry(archive, name)
        self._check_size(name, entry.file_size)
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > _SMALL_BYTES and ratio > self._limits.ratio:
            raise self._limits.error(
                f"{name} in {self.path} would grow {ratio:,.0f} times when unpacked; a recording "
                f"grows less than {self._limits.ratio:,} times. It is not read."
            )
        try:
            with archive.open(entry) as member:
                return member.read(-1 if n_bytes is None else n_bytes)
        except _DAMAGE as error:
            raise self._limits.error(
                f"{name} in {self.path} cannot be unpacked ({error}). The archive is damaged: "
                f"{self._limits.origin}."
            ) from None

    def _check_entries(self, n_entries: int) -> None:
        if n_entries > self._limits.entries:
            raise self._limits.error(
                f"{self.path} has {n_entries:,} entries or more; no archive that Harken knows has "
                f"more than {self._limits.entries:,}."
            )

    def _check_size(self, name: str, size: int) -> None:
        if size > self._limits.member_bytes:
            raise self._limits.error(
                f"{name} in {self.path} has {size:,} bytes; no file of the "
                f"{self._limits.kind} has more than {self._limits.member_bytes:,}."
            )


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Of a member whose name may have been tidied ("a//b" is listed as "a/b")."""
    return next(e for e in archive.infolist() if str(PurePosixPath(e.filename)) == name)
