"""harken live as people run it: its first lines, the way in, what is played, its mistakes."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harken.cli import main

WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


@dataclass
class Running:
    """`harken live` in a process of its own."""

    process: Any
    said: list[str]
    config: Path

    @property
    def here(self) -> str:
        """The address for this machine, with the token."""
        return re.findall(r"https?://\S+", self.said[0])[0]

    @property
    def token(self) -> str | None:
        return urlsplit(self.here).fragment.removeprefix("token=") or None

    @contextmanager
    def answer(self, path: str, *, keyed: bool = True) -> Iterator[Any]:
        """An answer whose body is still to be read."""
        parts = urlsplit(self.here)
        assert parts.hostname is not None
        if parts.scheme == "https":
            trusted = ssl.create_default_context(cafile=self.config / "harken/live/cert.pem")
            connection: Any = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=20, context=trusted
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        with closing(connection):
            headers = {"Authorization": f"Bearer {self.token}"} if keyed and self.token else {}
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as answer:
                yield answer

    def ask(self, path: str, *, keyed: bool = True) -> tuple[int, bytes]:
        with self.answer(path, keyed=keyed) as answer:
            return answer.status, answer.read()

    def json(self, path: str) -> Any:
        status, body = self.ask(path)
        assert status == 200
        return json.loads(body)


@contextmanager
def live(config: Path, *arguments: str, n_lines: int = 2) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "harken", "live", "--port", "0", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=config,
        env=os.environ | {"XDG_CONFIG_HOME": str(config), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Running(process, [process.stdout.readline() for _ in range(n_lines)], config)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_on_this_machine_it_asks_for_nothing(tmp_path: Path) -> None:
    with live(tmp_path) as running:
        assert running.here.startswith("http://localhost:")
        assert "harken live --host 0.0.0.0" in running.said[1]
        assert running.token is None
        about = running.json("/v1/live")
        assert about["address"] is None
        assert about["replay"] is None
        assert about["default"] == "pretrained-stream"
        assert about["recordings"] == {"kept_days": 30}
        assert {one["name"]: one["reads_gyroscope"] for one in about["models"]} == {
            "pretrained": True, "pretrained-accelerometer": False, "pretrained-stream": True,
        }  # fmt: skip
        assert running.ask("/v1/live/qr.svg")[0] == 404
        assert running.json("/v1/recordings") == {"recordings": []}
    assert not list(tmp_path.iterdir())  # nothing was recorded, nothing is kept


def test_on_a_network_it_asks_for_the_token_by_https(tmp_path: Path) -> None:
    with live(tmp_path, "--host", "0.0.0.0", n_lines=4) as running:
        assert running.here.startswith("https://localhost:")
        status, page = running.ask("/", keyed=False)
        assert (status, b"<title>" in page) == (200, True)
        assert running.ask("/static/main.js", keyed=False)[0] == 200
        for path in ("/v1/live", "/v1/live/qr.svg", "/v1/streams", "/v1/recordings", "/metrics"):
            assert running.ask(path, keyed=False)[0] == 401
        about = running.json("/v1/live")
        assert about["address"] in running.said[1]
        assert f"#token={running.token}" in about["address"]
        assert running.ask("/v1/live/qr.svg")[1].startswith(b"<?xml")
        assert "▄" in "".join(running.said[2:])
        first = running.token
    # Phones that know it come back after a restart, until a new token is wanted.
    with live(tmp_path, "--host", "0.0.0.0") as running:
        assert running.token == first
        assert running.ask("/v1/live")[0] == 200
    with live(tmp_path, "--host", "0.0.0.0", "--new-token") as running:
        assert running.token not in (first, None)


def test_behind_a_proxy_it_asks_for_the_token_too(tmp_path: Path) -> None:
    with live(tmp_path, "--origin", "https://har.example") as running:
        assert running.here.startswith("http://localhost:")
        assert running.ask("/v1/live", keyed=False)[0] == 401
        assert running.json("/v1/live")["address"] == f"https://har.example/#token={running.token}"


def test_parts_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    with live(tmp_path) as running:
        for path in (
            "/static/", "/static/x.js", "/static/..%2F__init__.py", "/static/../page.py",
            "/static/%2e%2e/page.py", "/static/main.js/x",
        ):  # fmt: skip
            assert running.ask(path)[0] == 404
        with running.answer("/static/style.css") as answer:
            assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_recording_is_played_in_real_time_and_again(tmp_path: Path) -> None:
    table = tmp_path / "short.csv"
    table.write_text("\n".join(WALK.read_text().splitlines()[:601]) + "\n")
    with live(tmp_path, "--replay", str(table), "--mounting", "as-worn") as running:
        played = running.json("/v1/live")["replay"]
        assert played["name"] == "short.csv"
        time.sleep(1.0)  # nobody watches: it waits
        began = time.monotonic()
        messages = list(events(running, played["session"]))
        took_s = time.monotonic() - began
        assert messages[0]["n_samples"] == 0
        assert messages[-1]["type"] == "finished"
        assert 0.9 * played["duration_s"] < took_s < played["duration_s"] + 10
        predictions = [one for message in messages for one in message.get("predictions", ())]
        assert len(predictions) >= 6
        again = running.json("/v1/live")["replay"]
        assert again["session"] != played["session"]
        with closing(events(running, again["session"])) as waiting:
            assert next(waiting)["n_samples"] == 0


def events(running: Running, session: str) -> Generator[Any]:
    with running.answer(f"/v1/streams/{session}/events") as answer:
        assert answer.status == 200
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def test_ctrl_c_ends_it_while_somebody_watches(tmp_path: Path) -> None:
    with live(tmp_path, "--replay", str(WALK)) as running:
        watching = events(running, running.json("/v1/live")["replay"]["session"])
        assert next(watching)["type"] == "watching"
        running.process.send_signal(signal.SIGINT)
        # On a slow machine a window may be recognised before the signal arrives.
        assert {one["type"] for one in watching} <= {"signals", "predictions"}
        running.process.wait(timeout=10)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--replay", "none.csv"], "none.csv"),
        (["--replay", "README.md"], "README.md"),
        (["--replay", str(WALK), "--placement", "wrist"], "made for the waist"),
        (["--replay", str(WALK), "--mounting", "x"], "mounting"),
        (["--host", "203.0.113.7"], "cannot listen"),
        (["--origin", "har.example"], "no origin"),
        (["--model", "none"], "none"),
    ],
)
def test_mistakes_are_told(
    arguments: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["live", "--port", "0", *arguments])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert text in " ".join(told.split())
    assert "Traceback" not in told
