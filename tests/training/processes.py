"""Start `harken` in processes of its own, and stop it on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HARKEN = [sys.executable, "-m", "harken"]


def start_and_signal(
    command: list[str], reached: Callable[[], bool], number: signal.Signals
) -> subprocess.Popen[str]:
    """Start a command and send a signal to it once something is reached."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not reached():
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)
    os.killpg(process.pid, number)
    return process


def workers_of(folder: Path) -> list[str]:
    """Processes that still train in a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_text().split("\0")
        except OSError:  # it has just ended
            continue
        if "harken.training.worker" in words and any(str(folder) in word for word in words):
            found.append(file.parent.name)
    return found


def wait_until(reached: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.05)
