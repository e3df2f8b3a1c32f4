"""The log: a line of JSON for each request and event.

No key, no query, no body and no header but the request id goes into it.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import IO, Any

LOG = logging.getLogger("harken.serve")


class JsonLines(logging.Formatter):
    """Each record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, event and the fields that `event` was given."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["fault"] = fault(record.exc_info[1])
        return json.dumps(line)


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line."""
    LOG.log(level, name, extra={"fields": fields})


def fault(error: BaseException) -> dict[str, Any]:
    """What an unexpected exception was and where, without its message: that may quote input."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "type": type(error).__name__,
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }


def configure(stream: IO[str] | None = None, level: int = logging.INFO) -> None:
    """Write the service's log and uvicorn's warnings as JSON lines, on standard error if not told.

    uvicorn's own lines of requests are left out: they hold whole addresses.

    Parameters
    ----------
    level : what is less is left out; requests are of the level INFO
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    for name, least in (("harken.serve", level), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(least)
        logger.propagate = False
