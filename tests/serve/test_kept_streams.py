"""Streams that outlive their connection: resumed, watched, sent by plain requests, recorded."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import harken
from harken.datasets import simulated
from harken.serve.errors import Refusal
from harken.serve.keys import KeyRing, key_file_entry
from harken.serve.limits import Limits
from harken.serve.recordings import Recordings
from harken.serve.watchers import Watchers

from .conftest import BINARY, JSON, Running, running, wait_until

START = {"type": "start", "keep": True, "mounting": "as-worn", "rate_hz": 50}
PER_MESSAGE = 5


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float64]:
    """24 s of a simulated person, a row of the columns for each sample."""
    walk = simulated.simulate("1", minutes=0.5)
    assert walk.gyro is not None
    found = np.hstack([walk.acc.time_s[:, None], walk.acc.values, walk.gyro.values])
    return found[:1200]


@pytest.fixture(scope="module")
def expected(rows: NDArray[np.float64]) -> list[dict[str, Any]]:
    """What the library says of them, as JSON."""
    stream = harken.Stream(mounting="as-worn", rate_hz=50)
    found = stream.push(rows[:, 0], rows[:, 1:4], rows[:, 4:]) + stream.finish()
    assert len(found) > 12
    return [json.loads(json.dumps(one.as_dict())) for one in found]


@pytest.fixture
def recording(shelf: Any, tmp_path: Path) -> Iterator[Running]:
    """A service that keeps recordings."""
    kept = Recordings(tmp_path / "recordings", kept_days=30)
    with running(shelf, Limits(), recordings=kept) as found:
        yield found


@contextmanager
def opened(service: Running, first: Any, **options: Any) -> Iterator[tuple[ClientConnection, Any]]:
    """A WebSocket, and the answer to its first message."""
    address = f"ws://127.0.0.1:{service.port}/v1/stream"
    with connect(address, compression=None, **options) as socket:
        yield socket, ask(socket, first)


def ask(socket: ClientConnection, message: Any) -> Any:
    socket.send(message if isinstance(message, bytes) else json.dumps(message))
    return told(socket)


def told(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(10))


def push(socket: ClientConnection, rows: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Send samples, some at a time as a device does; give what is predicted."""
    found = []
    for start in range(0, len(rows), PER_MESSAGE):
        answer = ask(socket, rows[start : start + PER_MESSAGE].tobytes())
        assert answer["type"] == "predictions"
        found += answer["predictions"]
    return found


def closing(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as ended:  # noqa: PT012 - after what was said before
        while True:
            socket.recv(10)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one["probability"], other["probability"], atol=1e-6)
        assert one | {"probability": 0} == other | {"probability": 0}


def test_a_lost_connection_loses_nothing(
    live: Running, rows: NDArray[np.float64], expected: list[dict[str, Any]]
) -> None:
    with opened(live, START) as (socket, started):
        found = push(socket, rows[:500])
        # Sent, but never seen to arrive.
        socket.send(rows[500:510].tobytes())
    resume = {"type": "resume", "session": started["session"], "n_predictions": len(found)}
    with opened(live, resume) as (socket, resumed):
        assert resumed["type"] == "resumed"
        assert resumed["n_samples"] in (500, 510)
        assert resumed["labels"] == started["labels"]
        assert resumed["n_predictions"] == len(found) + len(resumed["predictions"])
        found += resumed["predictions"]
        found += push(socket, rows[resumed["n_samples"] :])
        found += ask(socket, {"type": "finish"})["predictions"]
    assert_same(found, expected)


def test_all_predictions_come_again_to_who_lost_them(
    live: Running, rows: NDArray[np.float64]
) -> None:
    with opened(live, START) as (socket, started):
        found = push(socket, rows[:500])
    resume = {"type": "resume", "session": started["session"], "n_predictions": 0}
    with opened(live, resume) as (socket, resumed):
        assert resumed["predictions"] == found
        assert len(found) > 3
        ask(socket, {"type": "finish"})


def test_a_device_that_comes_back_takes_the_place_of_its_old_connection(
    live: Running, rows: NDArray[np.float64]
) -> None:
    with opened(live, START) as (old, started):
        push(old, rows[:50])
        resume = {"type": "resume", "session": started["session"], "n_predictions": 0}
        with opened(live, resume) as (new, resumed):
            assert resumed["n_samples"] == 50
            assert closing(old) == (4409, "replaced")
            assert ask(new, rows[50:60].tobytes())["n_samples"] == 60
            ask(new, {"type": "finish"})


def test_a_session_that_nobody_knows(live: Running) -> None:
    for first in (
        {"type": "resume", "session": "x", "n_predictions": 0},
        {"type": "watch", "session": "x"},
    ):
        with opened(live, first) as (socket, answer):
            assert answer["error"]["code"] == "session"
            assert closing(socket) == (4404, "session")
    with opened(live, START | {"keep": False}) as (socket, started):
        pass
    path = f"/v1/streams/{started['session']}/events"
    wait_until(lambda: live.ask("GET", path).status == 404)


def test_a_device_that_is_away_for_too_long(limited: Callable[..., Running]) -> None:
    service = limited(away_s=0.5)
    with opened(service, START) as (_, started):
        time.sleep(1.5)  # longer than it may be away: but it is here
        assert len(list(service.service.sessions)) == 1
    wait_until(lambda: not list(service.service.sessions))
    resume = {"type": "resume", "session": started["session"], "n_predictions": 0}
    with opened(service, resume) as (socket, _):
        assert closing(socket)[0] == 4404


def test_watching(live: Running, rows: NDArray[np.float64], expected: list[dict[str, Any]]) -> None:
    with opened(live, START) as (device, started):
        first = push(device, rows[:500])
        watch = {"type": "watch", "session": started["session"]}
        with opened(live, watch) as (watcher, watching):
            assert watching["type"] == "watching"
            assert watching["predictions"] == first
            assert watching["is_away"] is False
            push(device, rows[500:800])
            device.close()
            resume = {"type": "resume", "session": started["session"], "n_predictions": 0}
            with opened(live, resume) as (again, _):
                push(again, rows[800:])
                ask(again, {"type": "finish"})
            events = []
            while not events or events[-1]["type"] != "finished":
                events.append(told(watcher))
            assert closing(watcher)[0] == 1000
    kinds = [event["type"] for event in events]
    assert [kind for kind in kinds if kind in ("away", "back")] == ["away", "back"]
    predicted = [one for event in events for one in event.get("predictions", ())]
    assert_same(first + predicted, expected)
    signals = [event for event in events if event["type"] == "signals"]
    time_s = np.concatenate([event["time_s"] for event in signals])
    assert (np.diff(time_s) > 0).all()
    assert 20 < len(time_s) / (time_s[-1] - time_s[0]) < 35
    acc_g = np.concatenate([event["acc_g"] for event in signals])
    at = np.searchsorted(rows[:, 0], time_s)
    np.testing.assert_allclose(acc_g, rows[at, 1:4], atol=1e-4)


def test_one_who_does_not_take_what_is_told_is_let_go() -> None:
    watchers = Watchers()
    with watchers.joined() as slow, watchers.joined() as quick:
        taken = []
        for n in range(1000):
            watchers.tell(str(n))
            taken.append(asyncio.run(quick.next()))
        assert taken == [str(n) for n in range(1000)]
        assert slow.is_lost
        waiting = []
        while (text := asyncio.run(slow.next())) is not None:
            waiting.append(text)
        assert 0 < len(waiting) < 1000
    assert not watchers


def test_so_many_may_watch_and_no_more() -> None:
    watchers = Watchers()
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(watchers.joined())
        with pytest.raises(Refusal) as refused:
            stack.enter_context(watchers.joined())
    assert refused.value.status == 429


def test_by_requests_and_events(
    live: Running, rows: NDArray[np.float64], expected: list[dict[str, Any]]
) -> None:
    about = {"mounting": "as-worn", "rate_hz": 50}
    started = live.ask("POST", "/v1/streams", json.dumps(about), JSON)
    assert started.status == 201
    path = f"/v1/streams/{started.json['session']}"
    found = []
    events = listening(live, f"{path}/events")
    assert next(events)["type"] == "watching"
    for start in range(0, len(rows), 100):
        # Each overlaps the one before, as when an answer was lost.
        first = max(0, start - 30)
        data = rows[first : start + 100].tobytes()
        answer = live.ask("POST", f"{path}/samples?from={first}", data, BINARY)
        assert answer.status == 200
        assert answer.json["n_samples"] == start + 100
        found += answer.json["predictions"]
    gap = live.ask("POST", f"{path}/samples?from=2000", rows[:5].tobytes(), BINARY)
    assert (gap.status, gap.json["error"]["code"]) == (409, "gap")
    assert gap.json["error"]["n_samples"] == 1200
    listed = live.ask("GET", "/v1/streams").json["streams"]
    assert [one["n_samples"] for one in listed if one["session"] in path] == [1200]
    ended = live.ask("POST", f"{path}/messages", json.dumps({"type": "finish"}), JSON).json
    assert_same(found + ended["predictions"], expected)
    seen = list(events)
    assert seen[-1] == ended
    predicted = [one for event in seen for one in event.get("predictions", ())]
    assert_same(predicted, expected)
    assert live.ask("GET", f"{path}/events").status == 404


def listening(service: Running, path: str) -> Iterator[Any]:
    """The messages of server-sent events, to their end."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    for line in answer:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
    connection.close()


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/v1/streams", "{", JSON, 422),
        ("/v1/streams", '{"type": "watch"}', JSON, 422),
        ("/v1/streams", '{"model": "x"}', JSON, 422),
        ("/v1/streams/x/samples?from=0", b"", BINARY, 404),
        ("/v1/streams/{}/samples?from=-1", b"", BINARY, 422),
        ("/v1/streams/{}/samples", b"", BINARY, 422),
        ("/v1/streams/{}/samples?from=0", b"123", BINARY, 422),
        ("/v1/streams/{}/messages", '{"type": "label", "activity": "WALKING"}', JSON, 409),
        ("/v1/streams/{}/messages", '{"type": "record", "consent": true}', JSON, 422),
        ("/v1/streams/{}/messages", '{"type": "samples"}', JSON, 422),
        (
            "/v1/streams/{}/messages", '{"type": "record", "consent": true, "subject": "a"}',
            JSON, 409,
        ),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_met(
    live: Running, path: str, body: Any, kind: dict[str, str], status: int
) -> None:
    session = live.ask("POST", "/v1/streams", "{}", JSON).json["session"]
    answer = live.ask("POST", path.format(session), body, kind)
    assert answer.status == status
    assert answer.error["message"]
    live.ask("POST", f"/v1/streams/{session}/messages", '{"type": "finish"}', JSON)


def test_samples_that_the_model_cannot_use_count_as_taken(
    live: Running, rows: NDArray[np.float64]
) -> None:
    session = live.ask("POST", "/v1/streams", "{}", JSON).json["session"]
    path = f"/v1/streams/{session}/samples"
    moving = rows[:160].copy()
    moving[:, 1:4] += np.random.default_rng(0).standard_normal((160, 3))
    answer = live.ask("POST", f"{path}?from=0", moving.tobytes(), BINARY)
    assert (answer.status, answer.json["error"]["code"]) == (422, "contract")
    assert answer.json["error"]["n_samples"] == 160
    still = np.tile([0, 1.0, 0, 0, 0, 0, 0], (200, 1))
    still[:, 0] = np.arange(10, 14, 0.02)
    after = live.ask("POST", f"{path}?from=160", still.tobytes(), BINARY)
    assert after.json["n_samples"] == 360
    assert after.json["mounting"] is not None
    live.ask("POST", f"/v1/streams/{session}/messages", '{"type": "finish"}', JSON)


def test_others_know_nothing_of_a_stream(shelf: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(key_file_entry("anna", "key-1") + key_file_entry("ben", "key-2"))
    with running(shelf, Limits(), KeyRing.read(keys, Limits())) as service:
        anna, ben = ({"Authorization": f"Bearer key-{n}"} for n in (1, 2))
        session = service.ask("POST", "/v1/streams", "{}", JSON | anna).json["session"]
        assert len(service.ask("GET", "/v1/streams", headers=anna).json["streams"]) == 1
        assert service.ask("GET", "/v1/streams", headers=ben).json["streams"] == []
        assert service.ask("GET", f"/v1/streams/{session}/events", headers=ben).status == 404
        with opened(service, {"type": "watch", "session": session}, additional_headers=ben) as (
            socket,
            _,
        ):
            assert closing(socket)[0] == 4404


def test_a_recording_is_what_the_device_sent(
    recording: Running, rows: NDArray[np.float64], tmp_path: Path
) -> None:
    with opened(recording, START) as (socket, _):
        push(socket, rows[:100])
        assert ask(socket, {"type": "label", "activity": "WALKING"})["error"]["code"] == (
            "no-recording"
        )
        label = ask(socket, {"type": "record", "consent": True, "subject": "anna"})
        assert (label["subject"], label["activity"]) == ("anna", None)
        push(socket, rows[100:200])
        ask(socket, {"type": "label", "activity": "WALKING"})
        push(socket, rows[200:500])
        ask(socket, {"type": "label", "activity": "SITTING"})
        push(socket, rows[500:700])
        wrong = ask(socket, {"type": "label", "activity": "FLYING"})
        assert "knows no activity 'FLYING'" in wrong["error"]["message"]
        assert ask(socket, {"type": "record", "consent": False})["recording"] is None
        push(socket, rows[700:800])
    [about] = recording.ask("GET", "/v1/recordings").json["recordings"]
    assert about["name"] == label["recording"]
    assert (about["subject"], about["duration_s"]) == ("anna", 12.0)
    assert about["seconds"] == {"WALKING": 6.0, "SITTING": 4.0}
    folder = tmp_path / "recordings"
    windows = harken.load(folder)
    assert set(windows.subject) == {"anna"}
    assert len(windows) > 2
    read = harken.read(folder / about["name"])
    np.testing.assert_allclose(read.acc.values, rows[100:700, 1:4], atol=1e-5)
    assert read.gyro is not None
    np.testing.assert_allclose(read.gyro.values, rows[100:700, 4:], atol=1e-5)
    np.testing.assert_allclose(np.diff(read.acc.time_s), 0.02, atol=2e-4)
    assert [(s.label, round(s.end_s - s.start_s)) for s in read.spans] == [
        ("WALKING", 6), ("SITTING", 4),
    ]  # fmt: skip
    assert read.start_utc is not None
    table = recording.ask("GET", f"/v1/recordings/{about['name']}")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.body.count(b"\n") == 601
    assert recording.ask("DELETE", f"/v1/recordings/{about['name']}").status == 204
    assert recording.ask("GET", "/v1/recordings").json["recordings"] == []
    assert not list((tmp_path / "recordings").iterdir())


def test_one_who_watches_labels(recording: Running, rows: NDArray[np.float64]) -> None:
    with opened(recording, START) as (device, started):
        watch = {"type": "watch", "session": started["session"]}
        with opened(recording, watch) as (watcher, _):
            begun = ask(watcher, {"type": "record", "consent": True, "subject": "ben"})
            assert told(device) == begun
            assert ask(watcher, {"type": "label", "activity": "STANDING"})["subject"] == "ben"
            assert told(device)["activity"] == "STANDING"
            push(device, rows[:100])
            watcher.send(rows[:1].tobytes())
            assert closing(watcher)[0] == 4422
    [about] = recording.ask("GET", "/v1/recordings").json["recordings"]
    assert about["seconds"] == {"STANDING": 2.0}


@pytest.mark.parametrize("subject", ["", "../x", "a/b", "x" * 41, ".."])
def test_names_of_people_that_are_none(recording: Running, subject: str) -> None:
    with opened(recording, START) as (socket, _):
        answer = ask(socket, {"type": "record", "consent": True, "subject": subject})
        assert answer["error"]["code"] == "subject"
        assert ask(socket, b"")["n_samples"] == 0


@pytest.mark.parametrize(
    "name", ["x", "..%2F..%2Fetc%2Fpasswd", "anna/20260101-000000-abcdef.csv", "anna/..%2Fx.csv"]
)
def test_recordings_that_are_none(recording: Running, tmp_path: Path, name: str) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "x").write_text("mine")
    for method in ("GET", "DELETE"):
        assert recording.ask(method, f"/v1/recordings/{name}").status == 404
    assert (tmp_path / "recordings" / "x").read_text() == "mine"


def test_recordings_are_deleted_when_their_time_is_over(shelf: Any, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    old = folder / "anna" / "20260101-000000-abcdef.csv"
    new = folder / "ben" / "20260101-000000-abcdef.csv"
    other = folder / "anna" / "notes.csv"
    for file in (old, new, other):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("time (s),acc_x (g),acc_y (g),acc_z (g),label\n")
    for file in (old, other):
        os.utime(file, (0, time.time() - 31 * 86400))
    with running(shelf, Limits(), recordings=Recordings(folder, kept_days=30)) as service:
        wait_until(lambda: not old.exists())
        listed = service.ask("GET", "/v1/recordings").json["recordings"]
    assert [one["subject"] for one in listed] == ["ben"]
    assert other.exists()
    assert new.exists()


def test_a_full_disk_ends_the_recording_and_not_the_stream(
    shelf: Any, tmp_path: Path, rows: NDArray[np.float64]
) -> None:
    kept = Recordings(tmp_path / "recordings", kept_days=30, most_bytes=200)
    with running(shelf, Limits(), recordings=kept) as service, opened(service, START) as (
        socket, _,
    ):  # fmt: skip
        record = {"type": "record", "consent": True, "subject": "anna"}
        ask(socket, record)
        push(socket, rows[:100])
        answer = ask(socket, record)
        assert answer["error"]["code"] == "full"
        assert ask(socket, rows[100:110].tobytes())["n_samples"] == 110
