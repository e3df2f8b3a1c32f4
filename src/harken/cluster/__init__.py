"""Collections of recordings, and scoring them on many cores and machines.

A collection is a folder of Parquet files, one for each recording. Scoring cuts it into shards; each
is done by itself, written aside and renamed, and noted as done, so that whatever is killed is done
again and nothing is done twice.
"""

from importlib.util import find_spec

from harken.errors import MissingExtraError


def require_pyarrow() -> None:
    """Before anything else of this package is loaded.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "table", "A collection of recordings")
