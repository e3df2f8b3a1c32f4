"""The most memory that this process has had."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mb() -> float | None:
    """The most memory that this process has had, in 10^6 bytes; None where the system hides it.

    Not by `getrusage`, which on Linux counts what the process had before it was this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return None if found is None else int(found[1]) * 1024 / 1e6
