"""Run the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import harken
from harken.cli import main


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run `harken` with arguments; a traceback would fail the test."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on simulated people."""
    folder = tmp_path_factory.mktemp("runs") / "short"
    harken.train("simulated", epochs=4, out=folder)
    return folder


@pytest.fixture(scope="session")
def trained_without_gyroscope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "accelerometer"
    harken.train("simulated", epochs=1, channels="accelerometer", out=folder)
    return folder
