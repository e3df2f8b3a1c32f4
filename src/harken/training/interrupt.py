"""Ctrl-C as a wish, not as a break."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def listening_for_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C instead of breaking off; a second one breaks off."""
    asked = False

    def note(_number: int, _frame: Any) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: whoever runs it there stops it
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
