"""Samples of many streams, worked on by the network's thread, many messages in one go.

A message takes some 0.2 ms, and handing it to another thread and back costs as much again. So what
comes while the thread is busy is handed over together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: Jobs that are handed over together: some 10 ms of work.
_MOST_AT_ONCE = 50


class _Job(Generic[T]):
    """Work, and what came of it."""

    def __init__(self, work: Callable[[], T], done: asyncio.Future[T]) -> None:
        self.work = work
        self.done = done
        self.result: T
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.result = self.work()
        except Exception as error:
            self.error = error

    def tell(self) -> None:
        if self.done.done():
            return  # whoever asked has gone
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class Pushes:
    """Runs short jobs one after the other in a thread, in the order in which they come.

    Parameters
    ----------
    executor : of one thread
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting: deque[_Job[Any]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """What a job gives, or raises."""
        job: _Job[T] = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await job.done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        jobs: list[_Job[Any]] = []
        try:
            while self._waiting:
                n = min(len(self._waiting), _MOST_AT_ONCE)
                jobs = [self._waiting.popleft() for _ in range(n)]
                await loop.run_in_executor(self._executor, _run_all, jobs)
                for job in jobs:
                    job.tell()
        except RuntimeError as error:  # the service is closing, and its thread with it
            for job in (*jobs, *self._waiting):
                job.error = error
                job.tell()
            self._waiting.clear()
        finally:
            self._running = None


def _run_all(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.run()
