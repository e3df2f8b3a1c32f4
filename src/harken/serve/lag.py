"""How far the service is behind, by how late its event loop comes to what is due."""

from __future__ import annotations

import asyncio

from prometheus_client import Gauge

#: How often that is looked at, in seconds, and what is left of an older delay each time.
_EACH_S, _LEFT = 0.1, 0.9


class Lag:
    """The lag of the event loop.

    Parameters
    ----------
    gauge : is told of it

    Attributes
    ----------
    seconds : the longest delay of late; it is forgotten in some seconds
    """

    def __init__(self, gauge: Gauge) -> None:
        self.seconds = 0.0
        self._gauge = gauge

    async def watch(self) -> None:
        """Follow it, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + _EACH_S
            await asyncio.sleep(_EACH_S)
            self.seconds = max(loop.time() - due_s, _LEFT * self.seconds)
            self._gauge.set(self.seconds)
