"""harken serve as people run it: its own process, its first lines, its mistakes, its death."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import harken
from harken.cli import main
from harken.core.errors import ServiceError
from harken.serve import temporary
from harken.serve.keys import KeyRing
from harken.serve.limits import Limits

from .conftest import wait_until

WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


@contextmanager
def serving(*arguments: str, n_lines: int = 1) -> Iterator[tuple[Any, list[str]]]:
    """`harken serve` in a process of its own, and the first lines that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harken", "serve", "--model", "pretrained", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, [process.stdout.readline() for _ in range(n_lines)]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def port_in(line: str) -> int:
    found = re.search(r":(\d+) ", line)
    assert found is not None
    return int(found[1])


def folders(process: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"harken-serve-{process}-*"))


def test_it_serves_and_comes_back_after_kill_9() -> None:
    with serving("--port", "0") as (process, lines):
        port = port_in(lines[0])
        with harken.Client(f"http://127.0.0.1:{port}") as client:
            assert client.predict(WALK).bouts
            assert folders(process.pid)
            process.kill()
            process.wait()
            with pytest.raises(ServiceError, match="cannot be reached"):
                client.models()
            # What it left behind goes with the first upload to the next one, on the same port.
            assert folders(process.pid)
            with serving("--port", str(port)) as (again, _):
                assert client.predict(WALK).bouts
                assert folders(process.pid) == []
                assert folders(again.pid)
    wait_until(lambda: not folders(again.pid))


def test_on_the_network_it_asks_for_a_token() -> None:
    with serving("--host", "0.0.0.0", "--port", "0", n_lines=2) as (_, lines):
        url = f"http://127.0.0.1:{port_in(lines[0])}"
        token = lines[1].rpartition(" ")[2].strip()
        with harken.Client(url) as client, pytest.raises(ServiceError, match="needs a key"):
            client.models()
        with harken.Client(url, token) as client:
            assert client.models()


def ends(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_a_new_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = ends(capsys, "--new-key", "alice")
    assert status == 0
    key = err.split()[-1]
    assert key not in out
    assert list(tomllib.loads(out)) == ["alice"]
    (tmp_path / "keys.toml").write_text(out)
    client = KeyRing.read(tmp_path / "keys.toml", Limits()).whose(key)
    assert client is not None
    assert client.name == "alice"
    assert ends(capsys, "--new-key", "a b")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--keys", "none.toml"), "The key file none.toml cannot be read"),
        (("--origin", "har.example"), "is no origin"),
        (("--cert", "c.pem"), "--cert and --key belong together"),
        (("--cert", "c.pem", "--key", "k.pem"), "are no certificate and key"),
        (("--model", "none.onnx"), "There is no model file none.onnx"),
        (("--model", "pretrained", "--model", "pretrained"), "Two models would be called"),
        (("--port", "99999"), "99999"),
        (("--host", "nowhere.invalid"), "cannot listen on nowhere.invalid"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    status, _, err = ends(capsys, *arguments)
    assert (status, message in err) == (2, True), err
    assert "Traceback" not in err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, _, err = ends(capsys, "--port", str(other.getsockname()[1]))
    assert status == 2
    assert "cannot listen on 127.0.0.1" in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no links for everybody")
def test_folders_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f"harken-serve-{dead.pid}-x").mkdir()
    mine = tmp_path / f"harken-serve-{os.getpid()}-x"
    precious = tmp_path / "precious"
    link = tmp_path / f"harken-serve-{dead.pid}-y"
    others = (mine, precious, tmp_path / "harken-serve-x")
    for folder in others:
        folder.mkdir()
    link.symlink_to(precious)
    temporary.remove_leftovers()
    assert set(tmp_path.iterdir()) == {*others, link}


def test_without_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(
        "harken.cli.serving.find_spec", lambda name: None if name == "fastapi" else find(name)
    )
    status, _, err = ends(capsys)
    assert status == 2
    assert "pip install 'harken[serve]'" in err
