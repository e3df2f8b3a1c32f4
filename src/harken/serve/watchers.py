"""Those who watch a stream beside its device, as a laptop watches a phone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from harken.serve.errors import Refusal

#: Messages that may wait for one watcher: at some six a second half a minute.
_MOST_WAITING = 200
#: Of one stream.
_MOST_WATCHERS = 20


class Watcher:
    """What one who watches is told, in order. One that does not take it is let go."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self.is_lost = False

    def tell(self, text: str) -> None:
        """Put a message behind those that wait; without effect on one that is lost."""
        try:
            self._waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.is_lost = True
            self.end()

    def end(self) -> None:
        """There is no more."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self) -> str | None:
        """The next message, once there is one; None at the end."""
        return await self._waiting.get()


class Watchers:
    """All who watch one stream."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()

    def __bool__(self) -> bool:
        return bool(self._watchers)

    @contextlib.contextmanager
    def joined(self) -> Iterator[Watcher]:
        """One more, while the block lasts.

        Raises
        ------
        Refusal
            There are too many.
        """
        if len(self._watchers) >= _MOST_WATCHERS:
            raise Refusal(429, "watchers", f"{_MOST_WATCHERS} watch this stream, and no more may.")
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def tell(self, text: str) -> None:
        """Tell all."""
        for watcher in list(self._watchers):
            watcher.tell(text)
            if watcher.is_lost:
                self._watchers.discard(watcher)

    def end(self) -> None:
        """Tell all that there is no more."""
        for watcher in self._watchers:
            watcher.end()
