"""Collections of recordings: a folder of Parquet files, one for each recording."""

from importlib.util import find_spec
from pathlib import Path

from harken.core.errors import MissingExtraError

#: The folder of a collection that holds its recordings, one folder below for each subject.
RECORDINGS = "recordings"


def is_collection(folder: Path) -> bool:
    """Whether a folder is one that `harken data import` made."""
    return any((folder / RECORDINGS).glob("subject=*"))


def require_pyarrow() -> None:
    """Before anything else of this package is loaded.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "table", "A collection of recordings")
