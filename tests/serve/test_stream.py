"""WS /v1/stream and harken.Client.stream: what harken.Stream says, and every limit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import SHUT_RDWR
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import harken
from harken.core.errors import ContractError, FormatError, ServiceError
from harken.core.recording import Recording
from harken.datasets import simulated
from harken.serve.keys import KeyRing
from harken.serve.limits import Limits
from harken.serve.shelf import Shelf

from .conftest import Running, running, wait_until

START = {"type": "start", "model": "pretrained", "mounting": "as-worn", "rate_hz": 50}


@pytest.fixture(scope="module")
def walk() -> Recording:
    return simulated.simulate("1", minutes=0.5)


def rows_of(walk: Recording) -> np.ndarray[Any, Any]:
    assert walk.gyro is not None
    return np.hstack([walk.acc.time_s[:, None], walk.acc.values, walk.gyro.values])


def opened(service: Running, **options: Any) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{service.port}/v1/stream", compression=None, **options)


def ask(socket: ClientConnection, message: Any) -> Any:
    socket.send(message if isinstance(message, (bytes, str)) else json.dumps(message))
    return json.loads(socket.recv(10))


@pytest.fixture
def started(live: Running) -> Iterator[ClientConnection]:
    with opened(live) as socket:
        answer = ask(socket, START)
        assert answer["type"] == "started"
        assert answer["columns"][0] == "time_s"
        yield socket


@pytest.mark.parametrize("model", ["pretrained-stream", "pretrained"])
@pytest.mark.parametrize(
    "stream_settings",
    [
        {"mounting": "as-worn"},
        {"mounting": np.eye(3)[[1, 2, 0]], "rate_hz": 50.0, "hop_s": 0.64, "smoothing": "none"},
    ],
    ids=["found", "given"],
)
def test_a_stream_says_what_the_library_says(
    live: Running, walk: Recording, stream_settings: dict[str, Any], model: str
) -> None:
    near = harken.Stream(model, **stream_settings)
    rows = rows_of(walk)
    named = None if model == "pretrained-stream" else model
    with harken.Client(live.url) as client, client.stream(named, **stream_settings) as far:
        assert far.labels == near.contract.labels
        n = 0
        for part in np.array_split(rows, 40):
            message = part[:, 0], part[:, 1:4], part[:, 4:]
            n += compare(near.push(*message), far.push(*message))
        assert (far.hop_s, far.delay_s, far.notes) == (near.hop_s, near.delay_s, near.notes)
        n += compare(near.finish(), far.finish())
    assert n > 10


def compare(near: Any, far: Any) -> int:
    assert len(near) == len(far)
    for one, other in zip(near, far, strict=True):
        np.testing.assert_allclose(other.probability, one.probability, atol=1e-6)
        assert vars(one) | {"probability": 0} == vars(other) | {"probability": 0}
    return len(near)


def test_without_gyroscope(live: Running, walk: Recording) -> None:
    near = harken.Stream("pretrained-accelerometer", mounting="as-worn")
    message = walk.acc.time_s, walk.acc.values
    with (
        harken.Client(live.url) as client,
        client.stream("pretrained-accelerometer", mounting="as-worn") as far,
    ):
        assert compare(near.push(*message), far.push(*message)) > 10


def test_json_and_binary_say_the_same(live: Running, walk: Recording) -> None:
    rows = rows_of(walk)[:600]
    found = []
    for binary in (True, False):
        with opened(live) as socket:
            ask(socket, START)
            answers = []
            for part in np.array_split(rows, 10):
                text = {
                    "type": "samples",
                    "time_s": part[:, 0].tolist(),
                    "acc_g": part[:, 1:4].tolist(),
                    "gyro_rad_s": part[:, 4:].tolist(),
                }
                answers.append(ask(socket, part.astype("<f8").tobytes() if binary else text))
            answers.append(ask(socket, {"type": "finish"}))
            with pytest.raises(ConnectionClosed) as ended:
                socket.recv(5)
            assert ended.value.rcvd is not None
            assert ended.value.rcvd.code == 1000
        assert [a["n_samples"] for a in answers] == [*range(60, 601, 60), 600]
        assert answers[-1]["type"] == "finished"
        found.append(answers)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            {"type": "samples"},
            "the first message is 'samples'; expected 'start', 'resume' or 'watch'",
        ),
        ({"type": "start", "model": "x"}, "There is no model 'x'"),
        ({"type": "start", "model": "/etc/passwd"}, "There is no model '/etc/passwd'"),
        ({"type": "start", "mounting": "estimate"}, "mounting of a stream"),
        ({"type": "start", "mounting": [[1, 0, 0]]}, "'mounting' is no name of a way"),
        ({"type": "start", "mounting": [[2, 0, 0], [0, 1, 0], [0, 0, 1]]}, "rotation"),
        ({"type": "start", "placement": "wrist"}, "The model is made for the waist"),
        ({"type": "start", "smoothing": "viterbi"}, "way to smooth a stream"),
        ({"type": "start", "hop_s": 7}, "hops of 7 s"),
        ({"type": "start", "rate_hz": 1e9}, "'rate_hz'"),
        ({"type": "start", "x": 1}, "does not know: 'x'"),
        (b"\0" * 56, "begins with samples"),
        ("{", "cannot start"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_beginnings(live: Running, message: Any, text: str) -> None:
    with opened(live) as socket:
        answer = ask(socket, message)
        assert answer["type"] == "error"
        assert text.lower() in answer["error"]["message"].lower()
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(5)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 4422


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"123", "expected rows of 7 float64"),
        (np.full(7, np.nan).tobytes(), "no device gives"),
        ({"type": "samples", "time_s": [0], "acc_g": [[0, 0]]}, "'acc_g' has shape (1, 2)"),
        ({"type": "samples", "time_s": 0, "acc_g": []}, "'time_s' of the message is 0"),
        ({"type": "samples", "time_s": ["0"], "acc_g": [[0, 0, 1]]}, "no list of numbers"),
        ({"type": "sampels"}, "is 'sampels'; expected"),
        ({"type": "finish", "x": 1}, "does not know"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_messages_that_no_stream_understands(
    started: ClientConnection, message: Any, text: str
) -> None:
    assert text in ask(started, message)["error"]["message"]
    with pytest.raises(ConnectionClosed) as ended:
        started.recv(5)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 4422


def test_samples_that_the_model_cannot_use_do_not_end_the_stream(
    live: Running, walk: Recording
) -> None:
    rows = rows_of(walk)[:160]
    rows[:, 1:4] += np.random.default_rng(0).standard_normal((160, 3))
    with harken.Client(live.url) as client, client.stream("pretrained") as stream:
        with pytest.raises(ContractError, match="still"):
            stream.push(rows[:, 0], rows[:, 1:4], rows[:, 4:])
        still = np.tile([1.0, 0, 0], (300, 1))
        stream.push(np.arange(10, 16, 0.02), still, np.zeros((300, 3)))
        assert any("stand" in note for note in stream.notes)
        with pytest.raises(ContractError, match="needs a gyroscope"):
            stream.push([0.0], [[1.0, 0, 0]])
        with pytest.raises(FormatError, match="have shape"):
            stream.push([0.0], [[1.0, 0]], [[0.0, 0, 0]])


def test_who_may_open_a_stream(limited: Callable[..., Running]) -> None:
    service = limited(keys=KeyRing.of_token("secret-1", Limits()))
    good = ["harken.v1", "harken.key.secret-1"]
    for options, status in [
        ({}, 401),
        ({"additional_headers": {"Authorization": "Bearer secret-2"}}, 401),
        ({"subprotocols": ["harken.v1", "harken.key.secret-2"]}, 401),
        (
            {"subprotocols": ["harken.v1", "harken.key.secret-1"], "origin": "http://evil.example"},
            403,
        ),
    ]:
        with pytest.raises(InvalidStatus) as refused:
            opened(service, **options)
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["error"]["message"]
    own = f"http://127.0.0.1:{service.port}"
    with opened(service, subprotocols=good, origin=own) as socket:
        assert socket.subprotocol == "harken.v1"
        assert ask(socket, START)["type"] == "started"
    with harken.Client(service.url, "secret-1") as client:
        client.stream(mounting="as-worn").close()
    with harken.Client(service.url) as client, pytest.raises(ServiceError, match="needs a key"):
        client.stream()


def test_no_more_streams_than_there_is_room_for(limited: Callable[..., Running]) -> None:
    service = limited(sessions=2)
    with started_on(service) as first, started_on(service):
        with opened(service) as socket:
            assert "room for no more" in ask(socket, START)["error"]["message"]
            assert closing(socket) == (4503, "sessions")
        with harken.Client(service.url) as client, pytest.raises(ServiceError) as refused:
            client.stream()
        assert (refused.value.status, refused.value.code) == (503, "sessions")
        assert ask(first, np.zeros((1, 7)).tobytes())["n_samples"] == 1
    wait_until(lambda: not list(service.service.sessions))
    with started_on(service):
        pass


@contextmanager
def started_on(service: Running) -> Iterator[ClientConnection]:
    with opened(service) as socket:
        assert ask(socket, START)["type"] == "started"
        yield socket


def test_streams_of_one_key(limited: Callable[..., Running]) -> None:
    service = limited(sessions_per_key=1)
    with started_on(service), opened(service) as second:
        assert "with this key" in ask(second, START)["error"]["message"]
        assert closing(second) == (4429, "sessions")


def test_a_service_that_is_behind_takes_no_further_streams(shelf: Shelf) -> None:
    def prepare(app: FastAPI) -> None:
        @app.get("/slow")
        async def slow() -> None:
            time.sleep(1.0)

    with running(shelf, Limits(), prepare=prepare) as service, started_on(service) as first:
        service.ask("GET", "/slow")
        with opened(service) as socket:
            assert "behind with the 1 streams" in ask(socket, START)["error"]["message"]
            assert closing(socket) == (4503, "busy")
        assert ask(first, np.zeros((1, 7)).tobytes())["n_samples"] == 1
        assert b"harken_lag_seconds 0." in service.ask("GET", "/metrics").body
        wait_until(lambda: service.service.sessions.lag_s < 0.5)
        with started_on(service):
            pass


def closing(socket: ClientConnection) -> tuple[int, str]:
    """The code with which a stream is closed, and the reason."""
    with pytest.raises(ConnectionClosed) as ended:  # noqa: PT012 - after what was said before
        while True:
            socket.recv(5)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


def test_an_idle_stream_is_closed(limited: Callable[..., Running]) -> None:
    with opened(limited(idle_s=0.3)) as socket:
        ask(socket, START)
        assert closing(socket) == (4408, "idle")


def test_a_message_that_is_too_large(limited: Callable[..., Running]) -> None:
    with opened(limited(message_bytes=1000)) as socket:
        ask(socket, START)
        socket.send(bytes(56 * 100))
        assert closing(socket)[0] == 1009


def test_more_samples_than_a_device_gives(limited: Callable[..., Running]) -> None:
    with opened(limited(samples_per_s=100, samples_burst=500)) as socket:
        ask(socket, START)
        for _ in range(3):
            rows = np.zeros((200, 7))
            rows[:, 0] = np.arange(200) / 50
            socket.send(rows.tobytes())
        assert closing(socket) == (4429, "rate")


def test_a_client_that_goes_away_leaves_its_place(live: Running) -> None:
    def n_sessions() -> float:
        return float(live.service.metrics.sessions._value.get())

    wait_until(lambda: n_sessions() == 0)
    with opened(live) as socket:
        ask(socket, START)
        assert n_sessions() == 1
        socket.socket.shutdown(SHUT_RDWR)
    wait_until(lambda: n_sessions() == 0)


_VALUE = st.none() | st.floats() | st.integers() | st.text(max_size=5)
_FIELDS = ("type", "model", "mounting", "rate_hz", "hop_s", "time_s", "acc_g", "gyro_rad_s")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.binary(max_size=200)
        | st.binary(min_size=7, max_size=7).map(lambda data: data * 8)
        | st.text(max_size=50)
        | st.dictionaries(
            st.sampled_from(_FIELDS),
            _VALUE | st.lists(_VALUE | st.lists(_VALUE, max_size=3), max_size=3),
        ).map(json.dumps)
        | st.sampled_from(["samples", "start", "finish"]).map(
            lambda kind: json.dumps({"type": kind})
        ),
        min_size=1,
        max_size=5,
    )
)
def test_garbage_never_is_the_services_fault(live: Running, messages: list[Any]) -> None:
    with opened(live) as socket:
        socket.send(json.dumps(START))
        code = None
        try:
            for message in messages:
                socket.send(message)
            while True:
                assert json.loads(socket.recv(0.2)).get("error", {}).get("code") != "internal"
        except TimeoutError:
            return
        except ConnectionClosed as ended:
            code = ended.rcvd and ended.rcvd.code
    assert code in (1000, 4422, 4429)
