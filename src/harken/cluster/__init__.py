"""Collections of recordings, and scoring them on many cores and machines.

A collection is a folder of Parquet files, one for each recording. Scoring cuts it into shards; each
is done by itself, written aside and renamed, and noted as done, so that whatever is killed is done
again and nothing is done twice.
"""

from importlib.util import find_spec
from pathlib import Path

from harken.errors import MissingExtraError

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
