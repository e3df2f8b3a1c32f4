"""The pages that tell how to add something are followed to the letter, in a copy.

A block under a line that names a file becomes that file, or changes it, if it is a diff. The lines
of the other blocks are run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Lines that are not run: they need recordings that nobody has, or more time than a test.
NOT_RUN = {".venv/bin/harken train my-recordings/"}
_BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


def follow(page: str, copy: Path) -> list[str]:
    """Do what a page says in a copy of the repository; returns what its commands printed."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    printed = []
    for block in _BLOCK.finditer(text):
        if block["file"] is None:
            assert not block["kind"], f"{page}: for which file is this?\n{block['text']}"
            printed += [
                run(line, copy) for line in block["text"].splitlines() if line not in NOT_RUN
            ]
        elif block["kind"] == "diff":
            change(copy / block["file"], block["text"])
        else:
            file = copy / block["file"]
            assert not file.exists(), f"{page}: {block['file']} is there already"
            file.write_text(block["text"], encoding="utf-8")
    return printed


def change(file: Path, diff: str) -> None:
    """Apply a diff without line numbers; what it changes must stand in the file once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -\n")
    after = "".join(line[1:] for line in lines if line[0] in " +\n")
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file} has {text.count(before)} times:\n{before}"
    file.write_text(text.replace(before, after), encoding="utf-8")


def run(line: str, copy: Path) -> str:
    """Run a command line of a page there, with the copy's own code."""
    program, *arguments = shlex.split(line)
    start = {
        ".venv/bin/python": [sys.executable],
        ".venv/bin/harken": [sys.executable, "-m", "harken"],
    }[program]
    done = subprocess.run(
        [*start, *arguments],
        cwd=copy,
        env={
            **os.environ,
            "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}",
            "HARKEN_CACHE": str(copy / "cache"),
            "COLUMNS": "150",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What is needed of the repository, to be changed at will."""
    leave = shutil.ignore_patterns("__pycache__", "pretrained-*.onnx", "static", "results")
    for name in ("src", "benchmarks", "docs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leave)
    for name in ("readers", "models", "datasets", "docs"):
        shutil.copytree(ROOT / "tests" / name, tmp_path / "tests" / name, ignore=leave)
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_reader(copy: Path) -> None:
    _, tested, inspected = follow("add-a-reader.md", copy)
    assert " passed" in tested
    assert "A model may use it." in inspected


def test_a_network(copy: Path) -> None:
    _, tested, listed, _, predicted = follow("add-a-network.md", copy)
    assert " passed" in tested
    assert "one convolution, mean over time" in listed
    assert "In all" in predicted
    assert (copy / "docs" / "figures" / "networks" / "conv-pool.png").exists()


def test_a_dataset(copy: Path) -> None:
    tested, listed = follow("add-a-dataset.md", copy)
    assert "2 passed" in tested
    assert "people on stairs" in listed


def test_a_change_that_does_not_fit_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text("one\ntwo\ntwo\n")
    with pytest.raises(AssertionError, match="has 2 times"):
        change(file, " two\n+three\n")
    change(file, " one\n+three\n-two\n")
    assert file.read_text() == "one\nthree\ntwo\n"
