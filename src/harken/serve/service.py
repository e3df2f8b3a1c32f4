"""What all requests of a service share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from harken.core.errors import HarkenError
from harken.inference.stream import Stream
from harken.serve.batching import Batcher
from harken.serve.keys import KeyRing
from harken.serve.limits import Limits
from harken.serve.metrics import Metrics
from harken.serve.origins import Origins
from harken.serve.recordings import Recordings
from harken.serve.sessions import Sessions
from harken.serve.shelf import Shelf
from harken.serve.uploads import Uploads

#: Paths that ask for no key.
PUBLIC = ("/healthz", "/openapi.json")


class Service:
    """What all requests of a service share.

    Parameters
    ----------
    shelf : the models that it offers
    keys : who may use it
    origins : which hosts and pages
    limits : how much
    public : further paths that ask for no key; those that end in "/" with all below them
    recordings : where live streams may be kept; None keeps nothing

    Attributes
    ----------
    metrics : its figures
    network : where models answer windows, one call at a time
    sessions : the streams that are open
    """

    def __init__(
        self,
        shelf: Shelf,
        keys: KeyRing,
        origins: Origins,
        limits: Limits,
        public: Iterable[str] = (),
        recordings: Recordings | None = None,
    ) -> None:
        self.shelf = shelf
        self.keys = keys
        self.origins = origins
        self.limits = limits
        self.metrics = Metrics()
        self.network = ThreadPoolExecutor(1, thread_name_prefix="network")
        self.recordings = recordings
        self.sessions = Sessions(shelf, limits, self.metrics, recordings)
        self._public = (*PUBLIC, *public)
        self._batchers: dict[str, Batcher] = {}
        self._uploads: Uploads | None = None

    def is_public(self, path: str) -> bool:
        """Whether a path asks for no key."""
        return any(
            path == known or (known.endswith("/") and len(known) > 1 and path.startswith(known))
            for known in self._public
        )

    def batcher(self, model: str) -> Batcher:
        """What answers windows with the model of this name."""
        if model not in self._batchers:
            self._batchers[model] = Batcher(
                self.shelf.find(model).predictor,
                self.network,
                self.metrics,
                self.limits.waiting_windows,
            )
        return self._batchers[model]

    @property
    def uploads(self) -> Uploads:
        if self._uploads is None:
            self._uploads = Uploads(self.limits)
        return self._uploads

    def warm_up(self) -> None:
        """Do once what takes seconds the first time, before anybody waits for it."""
        time_s = np.arange(0, 8, 0.02)
        still = np.tile([1.0, 0.0, 0.0], (len(time_s), 1))
        for offered in self.shelf:
            try:
                Stream(offered.predictor).push(time_s, still, np.zeros_like(still))
            except HarkenError:
                continue  # not every model can take a stream, or one that stands like this

    @contextlib.asynccontextmanager
    async def tended(self) -> AsyncIterator[None]:
        """Look after streams and recordings while the block lasts."""
        tending = [asyncio.create_task(self.sessions.tend())]
        if self.recordings is not None:
            tending.append(asyncio.create_task(self.recordings.tend()))
        try:
            yield
        finally:
            for task in tending:
                task.cancel()

    async def close(self) -> None:
        """End what it started and remove what it wrote."""
        self.sessions.close()
        if self._uploads is not None:
            await self._uploads.close()
        self.network.shutdown(wait=False, cancel_futures=True)
