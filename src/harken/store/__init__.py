"""Collections of recordings: a folder of Parquet files, one for each recording."""

from importlib.util import find_spec
from pathlib import Path

from harken.core.errors import InputError, MissingExtraError

#: The folder of a collection that holds its recordings, one folder below for each subject.
RECORDINGS = "recordings"


def is_collection(folder: Path) -> bool:
    """Whether a folder is one that `harken data import` made."""
    return any((folder / RECORDINGS).glob("subject=*"))


def listed(collection: Path) -> list[tuple[str, int]]:
    """The recordings of a collection by path within it, and their sizes in bytes, in order.

    Raises
    ------
    InputError
        It is no collection, or has none.
    """
    root = collection / RECORDINGS
    found = sorted(
        (file.relative_to(collection).as_posix(), file.stat().st_size)
        for file in root.glob("subject=*/*.parquet")
    )
    if not found:
        raise InputError(
            f"{collection} is no collection with recordings. Make one with: harken data import "
            f"FOLDER {collection}"
        )
    return found


def require_pyarrow() -> None:
    """Before anything else of this package is loaded.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "table", "A collection of recordings")
