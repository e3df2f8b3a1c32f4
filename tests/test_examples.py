"""The example is what its script makes, and the model that ships makes sense of it."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.cli import main

EXAMPLES = Path(__file__).parent.parent / "examples"
WALK = EXAMPLES / "walk.csv"


def test_it_is_small_and_made_by_its_script() -> None:
    assert WALK.stat().st_size < 1_000_000
    made = runpy.run_path(str(EXAMPLES / "make.py"))["table"]().splitlines()
    found = WALK.read_text().splitlines()
    assert len(found) == len(made) == 12_000
    assert found[0] == made[0]

    def numbers(lines: list[str]) -> np.ndarray:
        return np.array([line.split(",")[:7] for line in lines[1:]], float)

    # Another platform's sine may round otherwise.
    np.testing.assert_allclose(numbers(found), numbers(made), atol=2e-4)
    assert [line.split(",")[7] for line in found] == [line.split(",")[7] for line in made]


def test_predict_says_sensible_things_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "timeline.png"
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(WALK), "--plot", str(picture)])
    assert ended.value.code == 0
    assert "Walking downstairs" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")
    prediction = harken.predict(WALK)
    assert not prediction.violations
    windows = prediction.windows
    judged = (windows.y >= 0) & ~windows.warm_up
    right = prediction.answer == windows.y
    assert right[judged].mean() > 0.9
    assert prediction.unsure[judged].mean() < 0.15
    by_activity = {
        label: right[judged & (windows.y == code)].mean()
        for code, label in enumerate(windows.labels)
    }
    assert all(share > 0.8 for share in by_activity.values()), by_activity


def test_every_command_beside_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    commands = [line for line in page.splitlines() if line.startswith("harken ")]
    assert len(commands) == 3
    run: Callable[[list[str]], None] = main
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            run(command.split()[1:])
        assert ended.value.code == 0, capsys.readouterr().err
    assert (tmp_path / "personal.onnx").exists()
