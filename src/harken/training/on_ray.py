"""One training on a Ray cluster: several workers, each with a share of every batch.

Ray Train starts the workers, opens their process group (gloo, on CUDA devices NCCL) and, when one
is lost, starts all of them anew; then they go on from the run's checkpoint. They run the one
training loop; see `harken.training.group` for what they share.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harken.core.errors import HarkenError, Interrupted, TrainingError
from harken.core.ray_cluster import connected
from harken.training.loop import Watcher
from harken.training.run import Run

#: Seconds between two messages about steps, and between two looks at whether all is over.
_PAUSE_S = 0.2
#: Where Ray Train keeps what it needs of a training, within the run's folder; gone afterwards.
_OWN = "ray"
#: How often all workers are started anew after one was lost.
_RESTARTS = 2
#: Settings of the shell that the workers need as well.
_HANDED_ON = ("HARKEN_DATA", "HARKEN_CACHE")


def train(run: Run, watcher: Watcher, *, workers: int, address: str | None) -> Run:
    """Train a run to its end on a cluster, from where it stands.

    Parameters
    ----------
    run : a created run, in a folder that all machines see
    watcher : shows the progress
    workers : that share each batch, a core or a CUDA device each
    address : see `harken.core.ray_cluster.connected`, which also says what is raised besides

    Raises
    ------
    Interrupted
        The user stopped it; the run can be resumed.
    TrainingError
        It failed, more often than workers are started anew.
    """
    try:
        with connected("Training on a Ray cluster", cores=workers, address=address):
            from ray.train import TrainingFailedError
            from ray.util.queue import Queue

            events = Queue()
            relay = _Relay(events, watcher)
            try:
                with relay, _own_ctrl_c():
                    _trainer(run, workers, events).fit()
            except (KeyboardInterrupt, SystemExit):  # the latter is Ray Train's answer to Ctrl-C
                raise Interrupted(
                    f"Stopped. Go on with: harken train --resume {run.path} --engine ray "
                    f"--workers {workers}"
                ) from None
            except TrainingFailedError as error:
                raise TrainingError(
                    f"The training on Ray failed: {relay.failure or _first_line(error)} What was "
                    f"reached stays in {run.path}: go on with harken train --resume {run.path}"
                ) from None
    finally:
        shutil.rmtree(run.path / _OWN, ignore_errors=True)
    return run


@contextlib.contextmanager
def _own_ctrl_c() -> Iterator[None]:
    """Ray Train answers Ctrl-C by itself from now on; put back what answered it before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _trainer(run: Run, workers: int, events: Any) -> Any:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    from harken.training.device import choose_device

    on_cuda = choose_device(run.config.device).type == "cuda"
    path = run.path.resolve()
    given = {
        "run": str(path),
        "folder": str(Path.cwd()),
        "settings": {k: str(Path(os.environ[k]).resolve()) for k in _HANDED_ON if k in os.environ},
        "events": events,
    }
    return TorchTrainer(
        work,
        train_loop_config=given,
        torch_config=TorchConfig(backend="nccl" if on_cuda else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=workers, use_gpu=on_cuda, resources_per_worker={"CPU": 1}
        ),
        run_config=RunConfig(
            name=_OWN,
            storage_path=str(path),
            failure_config=FailureConfig(max_failures=_RESTARTS),
        ),
    )


class _Relay(threading.Thread):
    """Shows what the first worker tells, as long as it is open as a context manager.

    Attributes
    ----------
    failure : why the workers failed last, if they did
    """

    def __init__(self, events: Any, watcher: Watcher) -> None:
        super().__init__(daemon=True)
        self._events = events
        self._watcher = watcher
        self._is_over = threading.Event()
        self.failure = ""

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def run(self) -> None:
        from ray.util.queue import Empty

        while True:
            is_over = self._is_over.is_set()
            try:
                event, values = self._events.get(timeout=_PAUSE_S)
            except Empty:
                if is_over:
                    return
                continue
            if event == "failed":
                self.failure = str(values[0])
            else:
                getattr(self._watcher, event)(*values)


def work(given: dict[str, Any]) -> None:
    """What each worker does."""
    from harken.training.group import Together
    from harken.training.train import Silent, train

    os.environ.update(given["settings"])
    os.chdir(given["folder"])  # relative names are meant from there
    group = Together()
    try:
        train(
            Run(given["run"]),
            None,
            _Telling(given["events"]) if not group.rank else Silent(),
            group,
        )
    except HarkenError as error:
        given["events"].put(("failed", (str(error),)))
        raise


class _Telling:
    """A watcher that tells the process that waits outside."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self._told_s = 0.0

    def started(self, step: int, n_steps: int) -> None:
        self._events.put(("started", (step, n_steps)))

    def stepped(self, step: int, loss: float) -> None:
        if time.monotonic() - self._told_s >= _PAUSE_S:
            self._told_s = time.monotonic()
            self._events.put(("stepped", (step, loss)))

    def evaluated(self, row: dict[str, Any]) -> None:
        self._events.put(("evaluated", (row,)))


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
