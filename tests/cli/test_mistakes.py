"""A user's mistake: one clear message, exit status 2, nothing half-written, no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harken.datasets import simulated
from harken.training.demo import write_recording

Say = Callable[..., object]


def table(time_s: Callable[[int], float]) -> str:
    """Half a minute of walking without gyroscope, with a time for each row."""
    acc = simulated.simulate("2").acc.values[:1500]
    rows = [f"{time_s(i):.4f},{x:.5f},{y:.5f},{z:.5f}" for i, (x, y, z) in enumerate(acc)]
    return "\n".join(["time_s,ax,ay,az", *rows])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "uci-hat"), "There is no dataset 'uci-hat'. Did you mean 'uci-har'?"),
        (("train", "simulated", "--preset", "notbook"), "Did you mean 'notebook'?"),
        (("train", "simulated", "--preset", "mine.toml"), "There is no preset file mine.toml"),
        (("train", "simulated", "--model", "stacked"), "Did you mean 'stacked-lstm'?"),
        (("train", "simulated", "--channels", "acc"), "Known: accelerometer, all"),
        (("train", "simulated", "--device", "gpu"), "There is no device 'gpu'"),
        (("train", "simulated", "--model", "stacked-lstm", "--preset", "notebook"), "either"),
        (("train",), "name a DATASET"),
        (("train", "simulated", "--resume", "x"), "name a DATASET"),
        (("train", "--resume", "nowhere"), "nowhere is no run"),
        (("train", "simulated", "--epochs", "0"), "epochs"),
        (("train", "simulated", "--subject-pattern", "p"), "the subjects of simulated are known"),
        (("train", "--resume", "x", "--subject-pattern", "p"), "its own pattern"),
        (("crossval",), "name a DATASET"),
        (("crossval", "--resume", "nowhere"), "nowhere is no cross-validation"),
        (("crossval", "--resume", "x", "--subject-pattern", "p"), "its own pattern"),
        (("crossval", "simulated", "--loso", "--folds", "3"), "either --folds or --loso"),
        (("crossval", "simulated", "--folds", "1"), "at least 2 folds"),
        (("crossval", "simulated", "--folds", "31"), "31 folds need at least 31 people"),
        (("crossval", "simulated", "--workers", "0"), "--workers is 0"),
        (("search",), "name a DATASET"),
        (("search", "--resume", "nowhere"), "nowhere is no search"),
        (("search", "--resume", "x", "--trials", "3"), "its own trials and folds"),
        (("search", "--resume", "x", "--subject-pattern", "p"), "its own pattern"),
        (("search", "simulated", "--trials", "0"), "--trials is 0"),
        (("search", "simulated", "--folds", "1"), "at least 2 folds"),
        (("search", "simulated", "--folds", "22"), "22 folds need at least 22 people"),
        (("search", "simulated", "--workers", "0"), "--workers is 0"),
        (("search", "simulated", "--model", "stacked"), "Did you mean 'stacked-lstm'?"),
        (("data", "fetch", "uci-har", "--data", "/nowhere"), "There is no folder /nowhere"),
        (("data", "info", "harr"), "There is no dataset 'harr'"),
        (("data", "rebuild", "uci-har"), "its recordings are hapt"),
        (("demo", "--data", "/nowhere"), "There is no folder /nowhere"),
        (("evaluate", "nowhere.onnx", "simulated"), "There is no model file nowhere.onnx"),
        (("predict", "x.csv", "--model", "nowhere.onnx"), "There is no model file nowhere.onnx"),
        (("predict", "x.csv", "--model", "m.onnx", "--columns", "time"), "expected each role once"),
        (("predict", "x.csv", "--model", "m.onnx", "--out", "b.txt"), "found '.txt'"),
        (("personalise", "nowhere.onnx", "x.csv"), "There is no model file nowhere.onnx"),
        (("personalise", "pretrained", "x.csv"), "There is no file x.csv"),
        (("personalise", "pretrained", "x.csv", "--labels", "l.csv"), "There is no file l.csv"),
        (("personalise", "pretrained", "x.csv", "--propose", "0"), "at least 1 is needed"),
        (("personalise", "pretrained", "a.csv", "b.csv", "--propose", "3"), "one recording"),
        (("models", "nowhere.onnx"), "There is no model file nowhere.onnx"),
        (("predcit", "x.csv"), "predcit"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_wrong_words(
    say: Say,
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = say(*arguments)
    assert said.status == 2
    assert message in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "time_s,foo,bar\n0,1,2\n0.02,1,2\n", "the columns are time_s, foo, bar"),
        ("a.csv", "", "0 rows"),
        ("a.csv", "time_s,ax,ay,az\n", "0 rows"),
        ("a.csv", "time_s,ax,ay,az\n0,1,0,0\n0.02,1,0,oops\n0.04,1,0,0\n", "line 3, column 'az'"),
        ("a.csv", "time_s,ax,ay,az\n0,1,0,0\n0.02,1,0,nan\n0.04,1,0,\n", "'az' is empty in 2"),
        ("a.csv", "time_s,ax,ay,az\n0;1;0;0\n0.02;1;0;0\n", "line 2: found 1 cell; expected 4"),
        ("a.csv", "time_s,ax,ay,az\n0,1,0,0\n0.02,1,0\n0.04,1,0,0\n", "line 3: found 3 cells"),
        ("a.csv", table(lambda i: i // 2 / 25), "duplicate-times"),
        ("a.csv", table(lambda i: -i / 50), "clock-backwards"),
        ("a.csv", "time_s,ax,ay,az\n0,99,0,0\n0.02,99,0,0\n", "size of the acceleration is 99"),
        ("a.csv", "time_s,ax,ay,az\n0,1,0,0\n0.02,1,0,0\n0.04,1,0,0\n", "no whole window"),
        ("a.csv", "\xff\xfe\x00", "not a text file"),
        ("a.mp3", "ID3", "'.mp3'"),
        ("a.npz", "PK", "not a window file"),
    ],
)
def test_files_that_cannot_be_used(
    say: Say, trained_without_gyroscope: Path, name: str, content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    model = trained_without_gyroscope / "model.onnx"
    said = say("predict", tmp_path / name, "--model", model, "--out", tmp_path / "out.csv")
    assert said.status == 2
    assert message in said.err
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_recording_without_gyroscope_for_a_model_that_needs_one(
    say: Say, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(table(lambda i: i / 50))
    said = say("predict", tmp_path / "a.csv", "--model", trained / "model.onnx")
    assert said.status == 2
    assert "--channels accelerometer" in said.err


def test_where_the_answer_cannot_be_written(say: Say, trained: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=np.zeros((2, 128, 9)))
    arguments = ("predict", tmp_path / "w.npz", "--model", trained / "model.onnx", "--out")
    said = say(*arguments, tmp_path / "bouts.xlsx")
    assert (said.status, "written as .csv, .parquet or .json" in said.err) == (2, True)
    said = say(*arguments, tmp_path / "w.npz" / "bouts.csv")
    assert said.status == 2
    assert [file.name for file in tmp_path.iterdir()] == ["w.npz"]


def test_a_run_is_never_overwritten(say: Say, trained: Path) -> None:
    before = (trained / "metrics.json").read_bytes()
    said = say("train", "simulated", "--epochs", 1, "--out", trained)
    assert said.status == 2
    assert "exists already" in said.err
    assert (trained / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("torch", "train", ["train", "simulated"]),
        ("pyarrow", "table", ["predict", "x.csv", "--model", "m.onnx", "--out", "b.parquet"]),
    ],
)
def test_a_missing_extra_is_named(
    module: str, extra: str, arguments: list[str], tmp_path: Path
) -> None:
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name == {module!r} else find(name, *a)\n"
        "from harken.cli import main\n"
        f"main({arguments!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert f"pip install 'harken[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk(tmp_path: Path) -> None:
    """A limit on file sizes stops writing as a full disk does."""
    write_recording(simulated.simulate("2", minutes=2), tmp_path / "walk.csv")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from harken.cli import main\n"
        "main(['train', 'simulated', '--epochs', '0.1', '--out', 'run'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "Could not write" in done.stderr
    assert "Traceback" not in done.stderr
    left = {file.name for file in (tmp_path / "run").iterdir()}
    assert left <= {"config.toml", "record.jsonl"}
    resumed = subprocess.run(
        [sys.executable, "-m", "harken", "train", "--resume", "run"], cwd=tmp_path,
        capture_output=True,
    )  # fmt: skip
    assert resumed.returncode == 0
