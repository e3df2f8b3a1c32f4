"""Every exception that Harken raises on purpose.

::

    HarkenError                    something to tell the user; never shown as a traceback
    ├── InputError                 what was given is wrong; the command line exits with 2
    │   ├── ArchiveError           a dataset's archive is truncated, incomplete or altered
    │   ├── FormatError            a file or an array is not in the form that it should be
    │   ├── ContractError          input does not meet what a model requires
    │   ├── ModelFileError         a model file is damaged, foreign or contradicts itself
    │   ├── UnknownNameError       no such dataset, model, preset, channel ...; suggests the nearest
    │   ├── LeakageError           one subject would stand on both sides of a split
    │   ├── MissingExtraError      an optional dependency is not installed
    │   ├── ServiceError           a service of Harken's refused a request, or is not there
    │   ├── DownloadError          the publisher could not be reached
    │   └── StorageError           a file could not be written: disk full, no permission
    └── TrainingError              training failed on its own; the command line exits with 1
        └── Interrupted            the user stopped it; the run can be resumed; exits with 130

A message says what was found, what was expected, and what to do about it.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike


class HarkenError(Exception):
    """Base of all errors that carry a message for the user."""

    exit_status = 1


class InputError(HarkenError):
    """What was given cannot be used as it is."""

    exit_status = 2


class ArchiveError(InputError):
    """A dataset's archive is truncated, incomplete or altered."""


class FormatError(InputError):
    """A file or an array is not in the form that it should be."""


class ContractError(InputError):
    """Input does not meet what a model requires."""


class ModelFileError(InputError):
    """A model file is damaged, foreign or contradicts itself."""


class UnknownNameError(InputError):
    """A name that is not among the known ones.

    Parameters
    ----------
    kind : what was looked up, in the singular ("dataset", "preset", "channel")
    name : the name that was given
    known : the names that exist
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"There is no {kind} {name!r}.{hint} Known: {', '.join(names)}.")


class LeakageError(InputError):
    """One subject would stand on both sides of a split."""


class MissingExtraError(InputError):
    """An optional dependency is not installed."""

    def __init__(self, module: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {module!r}, which is not installed. "
            f"Install it with: pip install 'harken[{extra}]'"
        )


class ServiceError(InputError):
    """A service of Harken's refused a request, or could not be reached.

    Parameters
    ----------
    message : for the person who reads it
    status : of HTTP, or the code with which a WebSocket was closed; 0 where nothing answered
    code : what programs can tell the reason by
    """

    def __init__(self, message: str, status: int = 0, code: str = "unreachable") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class DownloadError(InputError):
    """The publisher of a dataset could not be reached."""


class StorageError(InputError):
    """A file could not be written."""


class TrainingError(HarkenError):
    """Training failed on its own account."""


class Interrupted(TrainingError):  # noqa: N818 - a request of the user, not a fault
    """The user stopped a training; the run can be resumed."""

    exit_status = 130


_STORAGE_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than this system allows",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
}


@contextmanager
def storing(path: str | PathLike[str]) -> Iterator[None]:
    """Turn a failed write of `path` into a StorageError that says why."""
    try:
        yield
    except OSError as error:
        reason = _STORAGE_REASONS.get(error.errno or 0)
        if reason is None:
            raise
        raise StorageError(
            f"Could not write {path}: {reason}. Nothing half-written was left behind. "
            "Free some space or choose another place, then try again."
        ) from error
