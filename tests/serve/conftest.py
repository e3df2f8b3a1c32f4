"""A real service on a free port, in a thread of the tests' process."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from numpy.typing import NDArray

from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.serve.app import create_app
from harken.serve.keys import KeyRing
from harken.serve.limits import Limits
from harken.serve.origins import Origins
from harken.serve.server import listen, server
from harken.serve.service import Service
from harken.serve.shelf import Shelf

BINARY = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what a service does after its answer."""
    until = time.monotonic() + 5
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, str]:
        """The error that it tells."""
        found: dict[str, str] = self.json["error"]
        assert set(found) == {"code", "message", "request_id"}
        assert "Traceback" not in found["message"]
        return found


@dataclass
class Running:
    """A service that runs."""

    service: Service
    port: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request over a connection of its own; a body in parts is sent chunked."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(
                method, path, body, self.headers | (headers or {}),
                encode_chunked=not isinstance(body, (bytes, str, type(None))),
            )  # fmt: skip
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()

    def windows(self, x: NDArray[np.floating], query: str = "") -> Answer:
        """Ask of windows, as float32 numbers."""
        shape = ",".join(map(str, x.shape))
        return self.ask(
            "POST", f"/v1/predict?shape={shape}{query}", x.astype("<f4").tobytes(), BINARY
        )


@contextmanager
def running(
    shelf: Shelf,
    limits: Limits,
    keys: KeyRing | None = None,
    prepare: Callable[[FastAPI], object] = lambda app: None,
    **options: Any,
) -> Iterator[Running]:
    """Run a service until the block ends; `prepare` may add to its application."""
    service = Service(shelf, keys or KeyRing.open(limits), Origins("127.0.0.1"), limits, **options)
    app = create_app(service)
    prepare(app)
    uvicorn = server(app, limits, ending=service.sessions.close)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=uvicorn.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Running(service, listener.getsockname()[1])
    finally:
        uvicorn.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf(pretrained.SHIPPED)


@pytest.fixture(scope="session")
def live(shelf: Shelf) -> Iterator[Running]:
    """A service with generous limits, which the tests share."""
    with running(shelf, Limits(requests_per_s=1e5, burst=100_000, lag_s=30)) as found:
        yield found


@pytest.fixture
def limited(shelf: Shelf) -> Iterator[Callable[..., Running]]:
    """Run a service with some limits of its own."""
    with ExitStack() as stack:

        def run(*, keys: KeyRing | None = None, **limits: Any) -> Running:
            return stack.enter_context(running(shelf, replace(Limits(lag_s=30), **limits), keys))

        yield run


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor("pretrained")


@pytest.fixture(scope="session")
def x() -> NDArray[np.float32]:
    """Windows of two simulated people, as the model that ships wants them."""
    from harken.datasets import simulated

    parts = [Predictor("pretrained").windows_of(simulated.simulate(who)) for who in ("1", "2")]
    return np.concatenate([part.x for part in parts])
