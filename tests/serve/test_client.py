"""harken.Client says what the library says, and raises what it raises."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import harken
from harken.core.errors import ContractError, FormatError, ServiceError
from harken.inference.predictor import Predictor
from harken.model.pretrained import SHIPPED
from harken.serve.keys import KeyRing
from harken.serve.limits import Limits
from harken.signal.windows import bare_windows

from .conftest import Running

WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


@pytest.fixture
def client(live: Running) -> Any:
    with harken.Client(live.url) as found:
        yield found


def test_windows(client: harken.Client, predictor: Predictor, x: NDArray[np.float32]) -> None:
    windows = bare_windows(np.resize(x, (1100, 128, 9)), predictor.contract.channels)
    probability, embedding = predictor.run(windows)
    found = client.answer(windows)
    assert found.labels == predictor.contract.labels
    np.testing.assert_allclose(found.probability, probability, atol=1e-6)
    np.testing.assert_array_equal(found.unsure, predictor.unsure(probability, embedding, windows.x))
    np.testing.assert_allclose(client.probability(x[:3]), probability[:3], atol=1e-6)
    assert client.probability(x[:0]).shape == (0, 6)


def test_a_recording(client: harken.Client) -> None:
    found, expected = client.predict(WALK), harken.predict(WALK)
    document = expected.as_dict()
    document = json.loads(json.dumps(document).replace(str(WALK), "walk.csv"))
    for bout, other in zip(document["bouts"], found.bouts, strict=True):
        assert bout["confidence"] == pytest.approx(other.confidence, abs=1e-6)
        bout["confidence"] = other.confidence
    assert found.as_dict() == document
    assert expected.mounting is not None
    turned = client.predict(WALK, mounting=expected.mounting, smoothing="causal", placement="hip")
    assert turned.mounting is not None
    np.testing.assert_allclose(turned.mounting.rotation, expected.mounting.rotation, atol=1e-12)
    assert (turned.smoothing, turned.placement) == ("causal", "waist")


def test_models(client: harken.Client) -> None:
    assert [model["name"] for model in client.models()] == list(SHIPPED)
    card = client.card("pretrained")
    assert card.as_dict() == Predictor("pretrained").card.as_dict()
    with pytest.raises(ServiceError, match="There is no model 'x'") as caught:
        client.card("x")
    assert (caught.value.status, caught.value.code) == (404, "unknown-name")
    with pytest.raises(FormatError, match="cannot be the name"):
        client.card("../../healthz")


@pytest.mark.parametrize("shape", [(2, 64, 9), (2, 128, 3)], ids=str)
def test_errors_are_those_of_the_library(client: harken.Client, shape: tuple[int, ...]) -> None:
    with pytest.raises(ContractError):
        client.probability(np.zeros(shape, np.float32))


def test_errors_of_files(client: harken.Client, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="There is no file"):
        client.predict(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="as a zip"):
        client.predict(tmp_path)
    (tmp_path / "bad.csv").write_text("time_s,foo\n0,1\n")
    with pytest.raises(FormatError) as far:
        client.predict(tmp_path / "bad.csv")
    with pytest.raises(FormatError) as near:
        harken.predict(tmp_path / "bad.csv")
    assert str(far.value) == str(near.value).replace(str(tmp_path / "bad.csv"), "bad.csv")
    with pytest.raises(ServiceError, match="There is no placement 'nose'"):
        client.predict(WALK, placement="nose")


def test_a_key(limited: Callable[..., Running]) -> None:
    service = limited(keys=KeyRing.of_token("secret", Limits()))
    with harken.Client(service.url, "secret") as client:
        assert client.models()
    client = harken.Client(service.url)
    with pytest.raises(ServiceError, match="needs a key") as caught:
        client.models()
    client.close()
    assert caught.value.status == 401


def test_a_connection_that_the_service_closed_is_opened_anew(
    limited: Callable[..., Running],
) -> None:
    import time

    service = limited(keep_alive_s=1)
    with harken.Client(service.url) as client:
        assert client.models()
        time.sleep(1.5)
        assert client.models()


def test_nothing_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ServiceError, match="cannot be reached"):
        harken.Client(f"http://127.0.0.1:{port}").models()
    for url in ("127.0.0.1:8000", "ftp://x", "http://"):
        with pytest.raises(FormatError, match="is no address"):
            harken.Client(url)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=str,
)
def test_something_else_is_there(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            for _ in range(1):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        with (
            pytest.raises(ServiceError),
            harken.Client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=5) as client,
        ):
            client.models()
        thread.join()
