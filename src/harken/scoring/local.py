"""Shards on the cores of this machine, a process for each."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from harken.scoring.job import Job
from harken.scoring.shards import Shard

#: So often a shard is tried whose process ended before it was done.
TRIES = 3
#: Told of each shard that ended: what came of it, or under "error" why nothing did.
Ended = Callable[[Shard, dict[str, Any]], object]


def run(job: Job, shards: Sequence[Shard], *, workers: int, ended: Ended) -> None:
    """Score shards, `workers` of them at a time.

    A process that is killed takes no other with it, and its shard is tried again.

    Raises
    ------
    KeyboardInterrupt
        The user stopped it; what is done stays done.
    """
    waiting: queue.SimpleQueue[tuple[Shard, int]] = queue.SimpleQueue()
    for shard in shards:
        waiting.put((shard, TRIES))
    outcomes: queue.SimpleQueue[tuple[Shard, dict[str, Any]]] = queue.SimpleQueue()
    lanes = [_Lane(job, waiting, outcomes) for _ in range(min(workers, len(shards)))]
    try:
        for _ in shards:
            ended(*outcomes.get())
    finally:
        for lane in lanes:
            lane.kill()


class _Lane:
    """A process, the next one where it ends, and the thread that feeds it."""

    def __init__(
        self,
        job: Job,
        waiting: queue.SimpleQueue[tuple[Shard, int]],
        outcomes: queue.SimpleQueue[tuple[Shard, dict[str, Any]]],
    ) -> None:
        self._job, self._waiting, self._outcomes = job, waiting, outcomes
        self._process: subprocess.Popen[str] | None = None
        self._is_over = False
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._is_over = True
        if self._process is not None:
            self._process.kill()
        self._thread.join()

    def _feed(self) -> None:
        while not self._is_over:
            try:
                shard, tries = self._waiting.get(timeout=0.2)
            except queue.Empty:
                # Another lane's shard may still come back to be tried again.
                continue
            about = self._score(shard)
            if about is not None:
                self._outcomes.put((shard, about))
            elif self._is_over:
                break
            elif tries > 1:
                self._waiting.put((shard, tries - 1))
            else:
                why = (
                    f"its process was ended {TRIES} times; where that was for want of memory, "
                    "fewer --workers need less"
                )
                self._outcomes.put((shard, {"error": why}))
        if self._process is not None:
            self._end()

    def _score(self, shard: Shard) -> dict[str, Any] | None:
        """What came of a shard; None where the process ended before it told."""
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(shard.as_dict()) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if line.endswith("\n"):
            found: dict[str, Any] = json.loads(line)
            return found
        self._end()
        return None

    def _start(self) -> subprocess.Popen[str]:
        one_thread = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "harken.scoring.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | one_thread,
            # Ctrl-C in a terminal reaches whole groups, and this one is ended by its driver.
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._job.as_dict()) + "\n")
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what was not read goes with it
                pipe.close()
