"""Several trainings at once, each in a process of its own.

A process that fails, or is killed for want of memory, takes none of the others with it. All of them
end when this one does, however it ends: their standard input ends with it.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from harken.core.errors import InputError
from harken.training.interrupt import listening_for_ctrl_c
from harken.training.run import Run

#: Seconds between two looks at whether the user wants a stop.
_LOOK_S = 0.2
#: What a worker tells, and under which name; no event: it has ended.
_Events = queue.Queue[tuple[str, dict[str, Any] | None]]


class FoldsWatcher(Protocol):
    """Whoever wants to see several trainings go by; `name` is that of the run's folder."""

    def started(self, name: str, step: int, n_steps: int) -> None: ...
    def stepped(self, name: str, step: int, loss: float) -> None: ...
    def finished(self, name: str, metrics: dict[str, Any]) -> None: ...
    def failed(self, name: str, why: str) -> None: ...


class SilentFolds:
    """A watcher that shows nothing."""

    def started(self, name: str, step: int, n_steps: int) -> None: ...
    def stepped(self, name: str, step: int, loss: float) -> None: ...
    def finished(self, name: str, metrics: dict[str, Any]) -> None: ...
    def failed(self, name: str, why: str) -> None: ...


@dataclass(frozen=True)
class Failure:
    """Why a training did not reach its end.

    Attributes
    ----------
    why : the last that it said
    status : exit status of its process, 1 where the training failed on its own account; less than 0
        where a signal ended it
    """

    why: str
    status: int


class Source(Protocol):
    """Where trainings come from. The next one may depend on how those before it ended."""

    def take(self) -> tuple[str, Run] | None:
        """Name and run of the next training; None where none can begin now."""

    def ended(self, name: str, failure: Failure | None) -> None:
        """A training that was taken is finished, or failed; what is raised here ends them all."""


def train_all(
    runs: Mapping[str, Run], windows: Path, *, workers: int, threads: int, watcher: FoldsWatcher
) -> dict[str, str]:
    """Train runs to their ends, `workers` of them at a time.

    Parameters
    ----------
    runs : by name
    windows : the window file that all of them split
    threads : of each worker

    Returns
    -------
    dict
        Why, by name, for those that failed; the others are finished.

    Raises
    ------
    KeyboardInterrupt
        The user stopped it; each run goes on from its checkpoint.
    """
    listed = _Listed(runs, watcher)
    train_from(listed, windows, workers=workers, threads=threads, watcher=watcher)
    return listed.failures


class _Listed:
    """Trainings that are all known beforehand."""

    def __init__(self, runs: Mapping[str, Run], watcher: FoldsWatcher) -> None:
        self._runs = runs
        self._waiting = list(runs)
        self._watcher = watcher
        self.failures: dict[str, str] = {}

    def take(self) -> tuple[str, Run] | None:
        if not self._waiting:
            return None
        name = self._waiting.pop(0)
        return name, self._runs[name]

    def ended(self, name: str, failure: Failure | None) -> None:
        if failure:
            self.failures[name] = failure.why
            self._watcher.failed(name, failure.why)
        else:
            self._watcher.finished(name, self._runs[name].metrics)


def train_from(
    source: Source, windows: Path, *, workers: int, threads: int, watcher: FoldsWatcher
) -> None:
    """Train what a source gives, until it has nothing more and all have ended.

    Parameters
    ----------
    workers, windows, threads : as for `train_all`
    watcher : is told how far each training is; how one ended is told to the source

    Raises
    ------
    KeyboardInterrupt
        The user stopped it; each run goes on from its checkpoint.
    """
    running = dict[str, _Worker]()
    events: _Events = queue.Queue()
    with listening_for_ctrl_c() as stop_asked:
        try:
            while True:
                while len(running) < workers and not stop_asked() and (taken := source.take()):
                    name, run = taken
                    running[name] = _Worker(name, run, windows, threads, events)
                if not running:
                    break
                if stop_asked():
                    for worker in running.values():
                        worker.stop()
                try:
                    name, event = events.get(timeout=_LOOK_S)
                except queue.Empty:
                    continue
                if event is not None:
                    _tell(watcher, name, event)
                    continue
                failure = running.pop(name).failure()
                if not (failure and stop_asked()):  # one that was to stop has not failed
                    source.ended(name, failure)
        finally:
            for worker in running.values():
                worker.kill()
        if stop_asked():
            raise KeyboardInterrupt


def _tell(watcher: FoldsWatcher, name: str, event: dict[str, Any]) -> None:
    if event["event"] == "started":
        watcher.started(name, event["step"], event["n_steps"])
    else:
        watcher.stepped(name, event["step"], event["loss"])


class _Worker:
    """A process that trains one run, and a thread that hands on what it tells."""

    def __init__(self, name: str, run: Run, windows: Path, threads: int, events: _Events) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by failure()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harken.training.worker", str(run.path), str(windows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
            # Ctrl-C in a terminal reaches whole groups; a second one would break a worker off.
            start_new_session=True,
        )
        threading.Thread(target=self._hand_on, args=(name, events), daemon=True).start()

    def _hand_on(self, name: str, events: _Events) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                events.put((name, json.loads(line)))
        events.put((name, None))

    def stop(self) -> None:
        """Ask it to write its checkpoint and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        self._process.kill()
        self.failure()

    def failure(self) -> Failure | None:
        """Wait for its end; None if it went well."""
        status = self._process.wait()
        self.stop()
        with self._said as said:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
        if not status:
            return None
        why = lines[-1] if lines else f"its process ended with status {status}"
        if status < 0:
            why = (
                f"its process was ended by signal {-status}; where it is 9, the system often had "
                "no memory left: fewer --workers need less"
            )
        return Failure(why, status)


def share_cores(device: str, workers: int | None, n_trainings: int) -> tuple[int, int]:
    """How many trainings at a time, and threads of each."""
    import torch

    from harken.training.device import choose_device

    cores = torch.get_num_threads()
    if workers is None:
        workers = min(cores, n_trainings) if choose_device(device).type == "cpu" else 1
    return workers, max(1, cores // workers)


def refuse_no_workers(workers: int | None) -> None:
    """Raise InputError where none are asked for."""
    if workers is not None and workers < 1:
        raise InputError(f"--workers is {workers}; at least 1 is needed.")
