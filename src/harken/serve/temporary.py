"""A folder for uploads, which is gone when the service ends, or when the next one begins."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"harken-serve-(\d+)-")


def make_folder() -> Path:
    """A new folder that only this user can look into, named after this process."""
    return Path(tempfile.mkdtemp(prefix=f"harken-serve-{os.getpid()}-"))


def remove_leftovers() -> None:
    """Remove the folders of services that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob("harken-serve-*"):
        named = _NAME.match(folder.name)
        if named and _is_own(folder) and not _runs(int(named[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    """Whether it is this user's, and no link to somewhere else."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
    return mine and folder.is_dir() and not folder.is_symlink()


def _runs(process: int) -> bool:
    if os.name == "nt":
        return True  # there, asking a process is ending it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
