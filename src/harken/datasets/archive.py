"""Find a dataset's archive; `Archive` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harken.core.archive import Archive

__all__ = ["Archive", "find"]


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
