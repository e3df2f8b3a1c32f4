"""Windows of concurrent requests, gathered into one call of the network.

A request waits for nobody while the network is idle. While it answers others, what arrives is
gathered, and goes into the next call together: under load a batch builds up within the few
milliseconds of the call before it, and a lone client pays nothing for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.inference.predictor import Predictor
from harken.serve.errors import later
from harken.serve.metrics import Metrics
from harken.signal.windows import bare_windows

#: Windows in one call: enough to be fast, few enough that whoever comes next waits some 10 ms.
MOST_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network says of some windows.

    Attributes
    ----------
    probability : (n_windows, n_classes) float32
    unsure : (n_windows,) bool
    """

    probability: NDArray[np.float32]
    unsure: NDArray[np.bool_]


class _Waiting:
    """A request, of whose windows the first `n_done` are answered and `n_taken` are under way."""

    def __init__(self, x: NDArray[np.float32], n_classes: int, done: asyncio.Future[Answers]):
        self.x = x
        self.done = done
        self.n_taken = 0
        self.answers = Answers(
            np.empty((len(x), n_classes), np.float32), np.empty(len(x), np.bool_)
        )

    def take(self, most: int) -> slice:
        part = slice(self.n_taken, min(self.n_taken + most, len(self.x)))
        self.n_taken = part.stop
        return part


class Batcher:
    """Answers windows with one model, one call of its network after the other.

    Parameters
    ----------
    predictor : the model
    executor : where the network runs, one call at a time
    metrics : of the service
    most_waiting : windows that may wait; further ones are refused
    """

    def __init__(
        self, predictor: Predictor, executor: Executor, metrics: Metrics, most_waiting: int
    ) -> None:
        self._predictor = predictor
        self._executor = executor
        self._metrics = metrics
        self._most_waiting = most_waiting
        self._n_waiting = 0
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None

    async def answer(self, x: NDArray[np.float32]) -> Answers:
        """What the network says of each window by itself.

        Parameters
        ----------
        x : (n_windows, n_steps, n_channels) float32, as the model's contract demands

        Raises
        ------
        Refusal
            Too many windows wait already.
        """
        if self._n_waiting + len(x) > self._most_waiting:
            raise later(
                503, "busy",
                f"{self._n_waiting} windows wait for an answer already, and no more than "
                f"{self._most_waiting} may. Try again a little later.", 1,
            )  # fmt: skip
        n_classes = len(self._predictor.contract.labels)
        waiting = _Waiting(x, n_classes, asyncio.get_running_loop().create_future())
        if not len(x):
            return waiting.answers
        self._count(len(x))
        self._waiting.append(waiting)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await waiting.done

    async def _run(self) -> None:
        """Call the network until nobody waits."""
        try:
            while self._waiting:
                await self._call(self._gather())
        finally:
            self._running = None

    def _gather(self) -> list[tuple[_Waiting, slice]]:
        """The windows of the next call: of each request in turn, so that a large one holds up none.

        A request whose windows do not all fit goes to the end of the queue.
        """
        parts: list[tuple[_Waiting, slice]] = []
        room = MOST_AT_ONCE
        share = max(1, MOST_AT_ONCE // len(self._waiting))
        unfinished = []
        while self._waiting and room:
            waiting = self._waiting.popleft()
            part = waiting.take(min(share, room) if self._waiting or parts else room)
            room -= part.stop - part.start
            parts.append((waiting, part))
            if part.stop < len(waiting.x):
                unfinished.append(waiting)
        self._waiting.extend(unfinished)
        return parts

    async def _call(self, parts: list[tuple[_Waiting, slice]]) -> None:
        x = np.concatenate([waiting.x[part] for waiting, part in parts])
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._executor, self._answer, x)
        except Exception as error:
            self._fail(parts, error)
            return
        finally:
            self._count(-len(x))
        self._metrics.batch_windows.observe(len(x))
        at = 0
        for waiting, part in parts:
            end = at + part.stop - part.start
            waiting.answers.probability[part] = found.probability[at:end]
            waiting.answers.unsure[part] = found.unsure[at:end]
            at = end
            if part.stop == len(waiting.x) and not waiting.done.done():
                waiting.done.set_result(waiting.answers)

    def _answer(self, x: NDArray[np.float32]) -> Answers:
        contract = self._predictor.contract
        windows = bare_windows(x, contract.channels, contract.labels, contract.rate_hz)
        # Values that no sensor gives may overflow on the way; whoever sent them is told.
        with np.errstate(all="ignore"):
            probability, embedding = self._predictor.run(windows)
            unsure = self._predictor.unsure(probability, embedding, x)
        return Answers(probability, unsure)

    def _fail(self, parts: list[tuple[_Waiting, slice]], error: Exception) -> None:
        """Tell all whose windows were in a call that failed; the others go on."""
        failed = {id(waiting) for waiting, _ in parts}
        for waiting in list(self._waiting):
            if id(waiting) in failed:
                self._waiting.remove(waiting)
                self._count(waiting.n_taken - len(waiting.x))
        for waiting, _ in parts:
            if not waiting.done.done():
                waiting.done.set_exception(error)

    def _count(self, n: int) -> None:
        self._n_waiting += n
        self._metrics.waiting_windows.inc(n)
