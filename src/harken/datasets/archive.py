"""Read members of a dataset's archive, in every form that it comes in.

A zip, a zip within a zip (as the publisher's newer address serves it), or the unpacked folder.
Members are found by the end of their path, so the folder that wraps them does not matter.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from harken.errors import ArchiveError

#: Largest member that is read; the largest genuine one has 61 MB.
MAX_MEMBER_BYTES = 256 * 2**20
#: Largest number of entries in one archive.
MAX_ENTRIES = 10_000


class Archive:
    """Members of a zip or a folder.

    Parameters
    ----------
    path : a zip file or a folder

    Raises
    ------
    ArchiveError
        The file is no zip, or is truncated.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            self._zip = None
            self._members = {
                PurePosixPath(file.relative_to(path).as_posix()): file.stat().st_size
                for file in path.rglob("*")
                if file.is_file()
            }
        else:
            self._zip = self._open_zip()
            self._members = _list_members(self._zip, path)

    def names(self, pattern: str) -> list[str]:
        """Paths of the members that match a glob such as "RawData/acc_*.txt"."""
        return sorted(str(name) for name in self._members if name.match(pattern))

    def has(self, ending: str) -> bool:
        """Whether there is a member whose path ends so."""
        return bool(self.names(ending))

    def read(self, ending: str) -> bytes:
        """The bytes of the one member whose path ends so.

        Raises
        ------
        ArchiveError
            There is none, there are several, it is too large or damaged.
        """
        found = self.names(ending)
        if not found:
            raise ArchiveError(
                f"{self.path} has no file {ending!r}. The archive is incomplete: fetch it anew."
            )
        if len(found) > 1:
            raise ArchiveError(f"{self.path} has {len(found)} files {ending!r}; expected one.")
        size = self._members[PurePosixPath(found[0])]
        if size > MAX_MEMBER_BYTES:
            raise ArchiveError(
                f"{found[0]} in {self.path} has {size:,} bytes; no file of the dataset has more "
                f"than {MAX_MEMBER_BYTES:,}."
            )
        if self._zip is None:
            return (self.path / found[0]).read_bytes()
        return _read_member(self._zip, found[0], self.path)

    def _open_zip(self) -> zipfile.ZipFile:
        outer = _open_zip(self.path, self.path)
        inner = [name for name in _list_members(outer, self.path) if name.suffix == ".zip"]
        if len(inner) != 1:
            return outer
        data = _read_member(outer, str(inner[0]), self.path)
        return _open_zip(io.BytesIO(data), self.path)


def find(folder: Path, file_names: Sequence[str], marker: str) -> Path | None:
    """Find a dataset in `folder`, which may also be the archive or the unpacked folder itself.

    Parameters
    ----------
    folder : where to look
    file_names : what the archive, or the folder unpacked from it, may be called
    marker : a member that tells an unpacked folder
    """
    if folder.is_file():
        return folder
    for name in file_names:
        if (folder / name).exists():
            return folder / name
    return folder if (folder / marker).is_file() else None


def _open_zip(file: Path | io.BytesIO, path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except FileNotFoundError:
        raise ArchiveError(f"There is no file {path}.") from None
    except zipfile.BadZipFile as error:
        raise ArchiveError(
            f"{path} is not a whole zip file ({error}). It may have been cut off while it was "
            "downloaded: fetch it anew."
        ) from None


def _list_members(archive: zipfile.ZipFile, path: Path) -> dict[PurePosixPath, int]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ArchiveError(
            f"{path} has {len(entries):,} entries; no archive that Harken knows has more than "
            f"{MAX_ENTRIES:,}."
        )
    return {
        PurePosixPath(entry.filename): entry.file_size
        for entry in entries
        if not entry.is_dir() and "__MACOSX" not in entry.filename
    }


def _read_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    size = archive.getinfo(name).file_size
    if size > MAX_MEMBER_BYTES:
        raise ArchiveError(f"{name} in {path} claims {size:,} bytes; too large to be genuine.")
    try:
        with archive.open(name) as member:
            return member.read()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(
            f"{name} in {path} cannot be unpacked ({error}). The archive is damaged: fetch it anew."
        ) from None
