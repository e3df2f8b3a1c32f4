"""POST /v1/predict: every form of body, the library's numbers and the library's messages."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import harken
from harken.inference.predictor import Predictor
from harken.serve.schemas import ErrorAnswer, RecordingAnswer, WindowsAnswer
from harken.signal.windows import bare_windows

from .conftest import BINARY, JSON, Running

WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


def form(content: bytes, name: str = "walk.csv", **fields: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a form with a file."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}' for k, v in fields.items()
    ]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n')
    body = "\r\n".join(parts).encode() + content + b"\r\n--b--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=b"}


def probabilities(answer: Any) -> NDArray[np.float32]:
    return np.array([p["probability"] for p in answer["predictions"]], np.float32)


@pytest.mark.parametrize("n", [1, 32, 200])
def test_windows_get_the_numbers_of_the_library(
    live: Running, predictor: Predictor, x: NDArray[np.float32], n: int
) -> None:
    windows = np.resize(x, (n, 128, 9))
    answer = live.windows(windows)
    assert answer.status == 200
    WindowsAnswer.model_validate_json(answer.body)
    expected, embedding = predictor.run(bare_windows(windows))
    found = answer.json
    assert found["labels"] == list(predictor.contract.labels)
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    unsure = predictor.unsure(expected, embedding, windows)
    assert [p["unsure"] for p in found["predictions"]] == unsure.tolist()
    assert [p["activity"] for p in found["predictions"]] == [
        predictor.contract.labels[i] for i in expected.argmax(axis=1)
    ]


def test_json_says_the_same_as_binary(live: Running, x: NDArray[np.float32]) -> None:
    document = {"x": x[:20].tolist(), "model": "pretrained", "rate_hz": 50}
    answer = live.ask("POST", "/v1/predict", json.dumps(document), JSON)
    assert answer.status == 200
    assert len(answer.body) > 0
    np.testing.assert_allclose(
        probabilities(answer.json), probabilities(live.windows(x[:20]).json), atol=1e-6
    )


def test_channels_are_found_by_name(live: Running, x: NDArray[np.float32]) -> None:
    names = Predictor("pretrained").contract.channels
    turned = x[:3, :, ::-1]
    answer = live.windows(turned, "&channels=" + ",".join(reversed(names)))
    np.testing.assert_allclose(
        probabilities(answer.json), probabilities(live.windows(x[:3]).json), atol=1e-6
    )
    told = {
        "x": turned.tolist(),
        "channels": list(reversed(names)),
        "model": "pretrained-accelerometer",
    }
    answer = live.ask("POST", "/v1/predict", json.dumps(told), JSON)
    assert answer.json["model"] == "pretrained-accelerometer"


def test_requests_at_once_share_calls_and_get_their_own_numbers(
    live: Running, predictor: Predictor, x: NDArray[np.float32]
) -> None:
    """Each of 16 clients asks of other windows, in requests of other sizes."""
    parts = [x[i : i + 1 + 3 * (i % 7)] for i in range(16)]
    found: dict[int, Any] = {}
    before = live.service.metrics.batch_windows._sum.get()
    start = threading.Barrier(len(parts))

    def ask(i: int) -> None:
        start.wait()
        found[i] = live.windows(parts[i]).json

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, part in enumerate(parts):
        expected = predictor.probability(bare_windows(part))
        np.testing.assert_allclose(probabilities(found[i]), expected, atol=1e-6)
    assert live.service.metrics.batch_windows._sum.get() - before == sum(map(len, parts))


@pytest.mark.parametrize(
    ("query", "body", "headers", "status", "message"),
    [
        ("?shape=1,128,9", b"abc", BINARY, 422, "the body has 3 bytes; the shape 1,128,9"),
        ("", b"abc", BINARY, 422, "'shape' is ''"),
        ("?shape=1,2", b"abc", BINARY, 422, "'shape' is '1,2'"),
        ("?shape=1,-2,9", b"", BINARY, 422, "'shape' is '1,-2,9'"),
        ("?shape=9999,128,9", b"", BINARY, 422, "at most 2,048"),
        ("?shape=1,64,9", bytes(4 * 64 * 9), BINARY, 422, "windows of 128 steps; these have 64"),
        ("?shape=1,128,3", bytes(4 * 128 * 3), BINARY, 422, "have 3 channels; expected 9"),
        ("?shape=1,128,9&rate_hz=100", bytes(4 * 128 * 9), BINARY, 422, "needs 50 samples"),
        ("?shape=1,128,9&rate_hz=x", bytes(4 * 128 * 9), BINARY, 422, "'rate_hz' is 'x'"),
        ("?shape=1,128,9&model=x", bytes(4 * 128 * 9), BINARY, 422, "There is no model 'x'"),
        ("?shape=1,1,1&channels=a", bytes(4), BINARY, 422, "needs the channels body_acc_x"),
        ("?shape=1,1,2&channels=a,a", bytes(8), BINARY, 422, "'channels' names one twice"),
        (
            "?shape=1,128,9", np.full((128, 9), np.nan, "<f4").tobytes(), BINARY, 422,
            "1 of 1 windows in 'x' hold a value that is not a finite",
        ),
        (
            "?shape=1,128,9", np.full((128, 9), 1e30, "<f4").tobytes(), BINARY, 422,
            "'x' holds the value 1e+30",
        ),
        ("", b"{}", JSON, 422, "has no field 'x'"),
        ("", b"[1]", JSON, 422, "is no JSON object"),
        ("", b"{", JSON, 422, "The request: "),
        ("", b"\xff", JSON, 422, "The request: "),
        ("", b'{"x": [[["1"]]]}', JSON, 422, "'x' has shape (1, 1, 1) and type"),
        ("", b'{"x": [[[true]]]}', JSON, 422, "and type bool"),
        ("", b'{"x": [[[1], [1, 2]]]}', JSON, 422, "The request: "),
        ("", b'{"x": [[[NaN]]]}', JSON, 422, "no finite number"),
        ("", b'{"x": [[[1e999]]]}', JSON, 422, "not a finite number"),
        ("", b'{"x": [[[1]]], "y": 1}', JSON, 422, "does not know: 'y'"),
        ("", b'{"x": ' + b"[" * 100_000, JSON, 422, "nested too deeply"),
        ("", b'{"x": [[[' + b"9" * 5000 + b"]]]}", JSON, 422, "The request: "),
        ("", b"{}", {"Content-Type": "text/plain"}, 415, "expected one of application/json"),
        ("", b"{}", {}, 415, "of the type ''"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_wrong_windows(
    live: Running, query: str, body: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    answer = live.ask("POST", "/v1/predict" + query, body, headers)
    assert answer.status == status
    assert message in answer.error["message"]
    ErrorAnswer.model_validate_json(answer.body)


def test_a_recording_gets_the_bouts_of_the_library(live: Running) -> None:
    answer = live.ask("POST", "/v1/predict", *form(WALK.read_bytes()))
    assert answer.status == 200
    RecordingAnswer.model_validate_json(answer.body)
    expected = harken.predict(WALK).as_dict()
    expected = json.loads(json.dumps(expected).replace(str(WALK), "walk.csv"))
    found = answer.json
    for bout, other in zip(found["bouts"], expected["bouts"], strict=True):
        assert bout.pop("confidence") == pytest.approx(other.pop("confidence"), abs=1e-6)
    assert found == expected


def test_options_of_a_recording(live: Running) -> None:
    body = form(
        WALK.read_bytes(), "me.csv", model="pretrained-accelerometer", placement="hip",
        smoothing="none", mounting="as-worn", columns="time=time_s,acc_x=acc_x (g),"
        "acc_y=acc_y (g),acc_z=acc_z (g)",
    )  # fmt: skip
    answer = live.ask("POST", "/v1/predict", *body)
    assert answer.status == 200
    assert answer.json["smoothing"] == "none"
    assert answer.json["mounting"]["method"] == "as-worn"
    assert answer.json["placement"] == "waist"
    assert answer.json["source"] == "me.csv"


@pytest.mark.parametrize(
    ("content", "name", "fields", "status", "message"),
    [
        (b"time_s,foo\n0,1\n", "a.csv", {}, 422, "a.csv"),
        (b"PK\3\4 no zip", "a.zip", {}, 422, "a.zip is not a whole zip file"),
        (b"", "../../etc/passwd", {}, 415, "passwd: Harken reads"),
        (b"x", "a.csv", {"placement": "nose"}, 422, "There is no placement 'nose'"),
        (b"x", "a.csv", {"mounting": "1 2"}, 422, "is no mounting"),
        (b"x", "a.csv", {"smoothing": "x"}, 422, "'x'"),
        (b"x", "a.csv", {"columns": "time"}, 422, "expected each role once"),
        (b"x", "a.csv", {"model": "/etc/passwd"}, 422, "There is no model '/etc/passwd'"),
        (b"x", "a.csv", {"force": "yes"}, 400, "'force' is 'yes'"),
        (b"x", "a.csv", {"path": "/etc/passwd"}, 400, "a field 'path'"),
        (b"PK\3\4", "a.npz", {}, 422, "a.npz is not a window file"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_recordings(
    live: Running, content: bytes, name: str, fields: dict[str, str], status: int, message: str
) -> None:
    answer = live.ask("POST", "/v1/predict", *form(content, name, **fields))
    assert answer.status == status
    assert message in answer.error["message"]
    for inside in ("uploaded-recording", "harken-serve", "/tmp"):
        assert inside not in answer.error["message"]


def test_no_upload_stays_behind(live: Running) -> None:
    live.ask("POST", "/v1/predict", *form(b"x"))
    assert list(live.service.uploads._folder.iterdir()) == []


def test_a_form_without_file(live: Running) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (
        b"",
        b"--b--",
        b"--b\r\n",
        b"garbage",
        b"--b\r\nContent-Disposition: x\r\n\r\n1\r\n--b--",
    ):
        assert live.ask("POST", "/v1/predict", body, headers).status == 400
    assert (
        live.ask("POST", "/v1/predict", b"", {"Content-Type": "multipart/form-data"}).status == 400
    )


_FORM = "multipart/form-data; boundary=b"
_LINE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from([*BINARY.values(), *JSON.values(), "multipart/form-data; boundary=b"])
    | _LINE,
    query=st.dictionaries(st.sampled_from(["shape", "model", "channels", "rate_hz", "x"]), _LINE),
    body=st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["x", "model", "channels", "rate_hz"]), inner)
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode())
    | st.text(max_size=100).map(
        lambda text: f'--b\r\nContent-Disposition: form-data; name="file"; {text}\r\n\r\n'.encode()
    ),
)
def test_garbage_is_the_clients_fault(
    live: Running, kind: str, query: dict[str, str], body: bytes
) -> None:
    from urllib.parse import urlencode

    answer = live.ask("POST", f"/v1/predict?{urlencode(query)}", body, {"Content-Type": kind})
    assert 200 <= answer.status < 500
    if answer.status >= 400:
        assert answer.error["message"]


def test_a_worker_that_is_killed_is_replaced(live: Running) -> None:
    assert live.ask("POST", "/v1/predict", *form(WALK.read_bytes())).status == 200
    worker = live.service.uploads._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    # Whether the first finds it dead or dying depends on the moment.
    answers = [live.ask("POST", "/v1/predict", *form(WALK.read_bytes())) for _ in range(2)]
    assert answers[0].status in (200, 413)
    assert answers[1].status == 200


def test_a_recording_that_takes_too_long(limited: Callable[..., Running]) -> None:
    small = limited(upload_s=0.05)
    answer = small.ask("POST", "/v1/predict", *form(WALK.read_bytes()))
    assert (answer.status, answer.error["code"]) == (422, "too-long")


def test_a_recording_that_takes_too_much_memory(limited: Callable[..., Running]) -> None:
    """Many rows of a table take far more than the file."""
    small = limited(upload_memory_bytes=300 * 2**20)
    rows = b"".join(b"%d,1,0,0\n" % i for i in range(1_000_000))
    answer = small.ask("POST", "/v1/predict", *form(b"time_s,ax,ay,az\n" + rows))
    assert (answer.status, answer.error["code"]) == (413, "too-large")
