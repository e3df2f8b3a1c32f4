"""Keys, origins, headers, and every limit: what is refused, how, and that others go on."""

from __future__ import annotations

import io
import json
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.model.pretrained import SHIPPED
from harken.serve import logs
from harken.serve.buckets import Bucket
from harken.serve.keys import KeyRing, key_file_entry, new_key
from harken.serve.limits import Limits
from harken.serve.origins import Origins, is_loopback

from .conftest import BINARY, JSON, Running, wait_until

MODELS = "/v1/models"


def test_every_answer_has_an_id_and_safe_headers(live: Running) -> None:
    for path in ("/healthz", MODELS, "/nowhere", "/v1/models/none", "/openapi.json", "/metrics"):
        answer = live.ask("GET", path, headers={"X-Request-Id": "abc-1"})
        assert answer.headers["x-request-id"] == "abc-1"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    odd = live.ask("GET", "/nowhere", headers={"X-Request-Id": "a b"})
    assert odd.headers["x-request-id"] != "a b"
    assert odd.error["request_id"] == odd.headers["x-request-id"]


def test_models_and_cards(live: Running) -> None:
    found = live.ask("GET", MODELS).json
    assert found["default"] == "pretrained"
    assert found["stream_default"] == "pretrained-stream"
    assert {model["name"]: model["description"] for model in found["models"]} == SHIPPED
    card = live.ask("GET", "/v1/models/pretrained").json
    assert card["contract"]["channels"] == found["models"][0]["channels"]
    missing = live.ask("GET", "/v1/models/pretraind")
    assert (missing.status, "Did you mean 'pretrained'?" in missing.error["message"]) == (404, True)
    assert live.ask("GET", "/v1/models/..%2f..%2fetc").status == 404
    assert live.ask("DELETE", MODELS).status == 405


def test_openapi_describes_every_path(live: Running) -> None:
    document = live.ask("GET", "/openapi.json").json
    assert set(document["paths"]) == {
        "/healthz", "/metrics", "/v1/predict", MODELS, "/v1/models/{name}", "/v1/streams",
        "/v1/streams/{session}/samples", "/v1/streams/{session}/messages",
        "/v1/streams/{session}/events",
    }  # fmt: skip
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    example = body["application/json"]["example"]
    assert live.ask("POST", "/v1/predict", json.dumps(example), JSON).status == 200


def test_metrics_count(live: Running, x: NDArray[np.float32]) -> None:
    def value(name: str) -> float:
        lines = live.ask("GET", "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    name = 'harken_windows_total{model="pretrained"}'
    before = value(name)
    assert live.windows(x[:5]).status == 200
    assert value(name) - before == 5
    assert value("harken_waiting_windows") == 0
    route = 'harken_requests_total{method="GET",route="/v1/models/{name}",status="404"}'
    before = value(route)
    live.ask("GET", "/v1/models/a-name-that-must-not-become-a-label")
    assert value(route) - before == 1


def test_keys(limited: Callable[..., Running], tmp_path: Path) -> None:
    keys = {name: new_key() for name in ("alice", "bob")}
    file = tmp_path / "keys.toml"
    entry = "".join(key_file_entry(name, key) for name, key in keys.items())
    file.write_text(f"{entry}requests_per_s = 0.001\nburst = 2\n")
    assert not any(key in file.read_text() for key in keys.values())
    service = limited(keys=KeyRing.read(file, Limits()))
    for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {keys['bob']}"}):
        answer = service.ask("GET", MODELS, headers=wrong)
        assert (answer.status, answer.error["code"]) == (401, "key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert service.ask("GET", "/metrics").status == 401
    assert service.ask("GET", "/healthz").status == 200
    bob = {"Authorization": f"Bearer {keys['bob']}"}
    statuses = [service.ask("GET", MODELS, headers=bob).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert int(service.ask("GET", MODELS, headers=bob).headers["retry-after"]) > 100
    # What one client does is nothing to another.
    alice = {"Authorization": f"Bearer {keys['alice']}"}
    assert service.ask("GET", MODELS, headers=alice).status == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it has no clients"),
        ("[a]\nkey_sha256 = 'x'", "64 hexadecimal digits"),
        ("[a]\nkey = 'x'", "no field 'key_sha256'"),
        (f"[a]\nkey_sha256 = '{'0' * 64}'\nrate = 1", "does not know: 'rate'"),
        (f"[a]\nkey_sha256 = '{'0' * 64}'\nburst = -1", "'burst' of 'a' is -1"),
        (f"[a]\nkey_sha256='{'0' * 64}'\n[b]\nkey_sha256='{'0' * 64}'", "two clients"),
        (f"['a b']\nkey_sha256 = '{'0' * 64}'", "'a b' cannot be the name"),
        ("a", "is no key file"),
        ("a = 1", "'a' is no JSON object"),
    ],
)
def test_wrong_key_files(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(content)
    with pytest.raises(FormatError, match=message):
        KeyRing.read(tmp_path / "keys.toml", Limits())


def test_only_known_pages_and_names(live: Running) -> None:
    host = f"127.0.0.1:{live.port}"
    for headers, status in [
        ({"Origin": f"http://{host}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": f"localhost:{live.port}"}, 200),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ]:
        assert live.ask("GET", MODELS, headers=headers).status == status, headers


def test_origins_that_are_named() -> None:
    behind_proxy = Origins("127.0.0.1", ["https://har.example"])
    assert behind_proxy.host_is_known("har.example")
    assert behind_proxy.allows("https://har.example", "127.0.0.1:8000")
    assert not behind_proxy.allows("http://har.example:81", "127.0.0.1:8000")
    assert Origins("0.0.0.0").host_is_known("anything")
    assert not Origins("::1").host_is_known("evil.example")
    assert [is_loopback(h) for h in ("127.0.0.2", "::1", "localhost", "0.0.0.0", "a.b")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    with pytest.raises(FormatError, match=r"'har\.example' is no origin"):
        Origins("127.0.0.1", ["har.example"])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("headers", [BINARY, JSON], ids=["binary", "json"])
def test_bodies_that_are_too_large(
    limited: Callable[..., Running], headers: dict[str, str], chunked: bool
) -> None:
    service = limited(json_bytes=10_000, body_bytes=10_000)
    body = bytes(30_000)
    answer = service.ask(
        "POST", "/v1/predict", iter([body[:15_000], body[15_000:]]) if chunked else body, headers
    )
    assert (answer.status, answer.error["code"]) == (413, "too-large")
    assert "10,000 bytes" in answer.error["message"]
    assert answer.headers["connection"] == "close"


def test_an_upload_that_is_too_large(limited: Callable[..., Running]) -> None:
    service = limited(upload_bytes=10_000)
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for sent in (body + bytes(30_000), iter([body, bytes(30_000), bytes(30_000)])):
        answer = service.ask("POST", "/v1/predict", sent, headers)
        assert (answer.status, answer.error["code"]) == (413, "too-large")


def raw(service: Running, sent: bytes) -> socket.socket:
    """A connection over which these bytes went."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    connection.sendall(sent)
    return connection


def is_cut_off(connection: socket.socket) -> bool:
    """Whether the other side ends a connection within its time-out, after what it still says."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def test_a_client_that_would_send_too_much_is_told_before(limited: Callable[..., Running]) -> None:
    service = limited(json_bytes=1000)
    with raw(service, HEAD + b"Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_slow_clients_are_cut_off(limited: Callable[..., Running]) -> None:
    service = limited(header_s=0.3, body_s=0.3, keep_alive_s=1)
    with raw(service, b"") as silent, raw(service, b"GET / HT") as halting:
        for connection in (silent, halting):
            assert is_cut_off(connection)
    with raw(service, HEAD + b"Content-Length: 50\r\n\r\n{") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    # After an answer the next request may take its time to begin, not to come.
    with raw(service, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /he")
        assert is_cut_off(connection)


def test_a_client_that_does_not_read_is_cut_off(
    limited: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    service = limited(send_s=0.3)
    # Requests without end, whose answers fill every buffer on the way.
    ask = b"GET /v1/models/pretrained HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with raw(service, b"") as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.2)
        began = time.monotonic()
        with pytest.raises(ConnectionError):  # noqa: PT012 - one of many must fail
            while time.monotonic() - began < 8:
                try:
                    connection.send(ask)
                except TimeoutError:
                    continue  # the server takes no more either
    assert service.ask("GET", "/healthz").status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_too_many_connections(limited: Callable[..., Running]) -> None:
    service = limited(connections=3)
    held = [raw(service, b"") for _ in range(3)]
    time.sleep(0.2)
    answer = service.ask("GET", "/healthz")
    assert (answer.status, answer.error["code"]) == (503, "connections")
    assert answer.headers["retry-after"] == "5"
    held.pop().close()
    time.sleep(0.2)
    assert service.ask("GET", "/healthz").status == 200
    # Those that were there before are served.
    held[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert held[0].recv(1000).startswith(b"HTTP/1.1 200 ")
    for connection in held:
        connection.close()


def test_too_many_windows_wait(limited: Callable[..., Running], x: NDArray[np.float32]) -> None:
    service = limited(waiting_windows=10)
    answer = service.windows(np.resize(x, (11, 128, 9)))
    assert (answer.status, answer.error["code"]) == (503, "busy")
    assert "retry-after" in answer.headers
    assert service.windows(x[:10]).status == 200


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 100_000, b"A" * 200_000]
)
def test_no_http_at_all(live: Running, sent: bytes) -> None:
    with raw(live, b"") as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            found = connection.recv(1000)
        except OSError:  # cut off already
            found = b""
    assert found == b"" or found.startswith(b"HTTP/1.1 400 ")
    assert live.ask("GET", "/healthz").status == 200


def test_the_log_has_a_line_for_each_request_and_no_secret(
    limited: Callable[..., Running], x: NDArray[np.float32]
) -> None:
    key = new_key()
    service = limited(keys=KeyRing.of_token(key, Limits()))
    stream = io.StringIO()
    logger = logging.getLogger("harken.serve")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        headers = {"Authorization": f"Bearer {key}", "X-Request-Id": "one", **BINARY}
        body = x[:2].astype("<f4").tobytes()
        service.ask("POST", "/v1/predict?shape=2,128,9&channels=", body, headers)
        service.ask("GET", f"{MODELS}?token={key}", headers={"X-Request-Id": "two"})
        wait_until(lambda: stream.getvalue().count("\n") == 2)
    finally:
        logger.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["request_id"], line["status"]) for line in lines] == [("one", 200), ("two", 401)]
    assert lines[0]["client"] == "token"
    assert lines[0]["n_windows"] == 2
    assert lines[0]["route"] == "/v1/predict"
    assert key not in stream.getvalue()


def test_a_fault_of_the_service_is_logged_and_not_told(
    limited: Callable[..., Running], x: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = limited()
    assert service.windows(x[:1]).status == 200
    # The network's thread has ended: the next call cannot run.
    service.service.network.shutdown()
    answer = service.windows(x[:1])
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert "shutdown" not in answer.error["message"]


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("harken.serve.buckets.time.monotonic", lambda: now)
    bucket = Bucket(per_s=2, burst=3)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    now += 0.5
    assert bucket.take() == 0
    assert bucket.take(4) == float("inf")
    now += 100
    assert bucket.take(3) == 0
