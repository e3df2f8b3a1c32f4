"""A peer in a process of its own, ready to do one thing when told, so that both can take turns."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import PLAIN, TENSORFLOW
from harken.core.errors import InputError

TIMED = Path(__file__).parents[1] / "peers" / "timed.py"


class Peer:
    """One job of `benchmarks/peers/timed.py`.

    Parameters
    ----------
    job : a key of its `JOBS`
    arrays : what it works on

    Attributes
    ----------
    versions : of what takes part, once it has started
    """

    def __init__(self, job: str, **arrays: Any) -> None:
        self.versions: dict[str, str] = {}
        self._job = job
        self._arrays = arrays
        self._process: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._said = (Path(self._folder.name) / "said").open("w+")

    def start(self) -> str | None:
        """Prepare it; what is wrong if it cannot be, for people."""
        environment = TENSORFLOW if self._job.startswith("keras") else PLAIN
        try:
            python = environment.python
        except InputError as error:
            return str(error)
        file = Path(self._folder.name) / "arrays.npz"
        np.savez(file, **self._arrays)
        self._process = subprocess.Popen(
            [python, TIMED.absolute(), self._job, file],
            cwd=self._folder.name, text=True, stderr=self._said,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            self.versions = json.loads(line)
            self.once()
        except (OSError, ValueError):
            return f"It ended with status {self._process.wait()}: {self._last_words()}"
        return None

    def once(self) -> float:
        """Do it once; the seconds by its own clock."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    def _last_words(self) -> str:
        self._said.seek(0)
        return (self._said.read().strip().splitlines() or ["nothing was said"])[-1]

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
        self._said.close()
        self._folder.cleanup()
