"""What is released: an archive of the sources, and a wheel that works where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import harken
from harken.networks.fused_lstm import kernel_name

ROOT = Path(__file__).parents[1]
#: What no other module of the package asks for by its name, and is needed nonetheless.
_WITH_IT = (
    "harken/py.typed",
    "harken/model/pretrained/pretrained.onnx",
    "harken/model/pretrained/LICENCE.md",
    "harken/live/static/index.html",
    "harken/evaluation/page.html",
    "harken/datasets/uci_har_window_index.csv",
    "harken/datasets/simulated/people.json",
)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command without what this environment holds; returns what it printed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True,
        timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_what_changed_is_told_for_this_version() -> None:
    told = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{harken.__version__}" in told.partition("\n## ")[2].partition("\n")[0]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_wheel_recognises_a_walk_in_an_empty_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    (sources,) = tmp_path.glob("*.tar.gz")
    assert f"harken-{harken.__version__}" in wheel.name
    assert f"harken-{harken.__version__}" in sources.name

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names >= set(_WITH_IT)
    if kernel_name():  # then a compiler is here
        assert "harken/networks/fused_lstm_avx2.so" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"harken"}
    with tarfile.open(sources) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "docs/index.md", "mkdocs.yml",
                 "tests/test_release.py", "constraints.txt", "examples/walk.csv"):  # fmt: skip
        assert name in held
    assert not any(name.startswith((".venv", "site/", "runs/")) for name in held)

    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    bin_folder = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    packages = run(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    assert "harken" in packages
    assert "torch" not in packages

    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "walk.csv").write_bytes((ROOT / "examples" / "walk.csv").read_bytes())
    told = run(
        bin_folder / "harken", "predict", "examples/walk.csv", "--plot", "walk.png", cwd=tmp_path
    )
    assert "Walking downstairs" in told
    assert (tmp_path / "walk.png").read_bytes().startswith(b"\x89PNG")
    where = run(python, "-c", "import harken; print(harken.__file__)", cwd=tmp_path)
    assert str(tmp_path) in where


@pytest.mark.long
def test_without_a_compiler_the_wheel_is_for_every_machine(tmp_path: Path) -> None:
    run(
        sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path,
        CC="/nowhere/cc",
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"harken-{harken.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".so")]
