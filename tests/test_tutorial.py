"""The tutorial's notebook is its text, its page is its run, and it runs from start to end."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import harken

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docs" / "tutorial.py"
PAGE = ROOT / "docs" / "tutorial.md"
ARCHIVES = ("UCI HAR Dataset.zip", "HAPT Data Set.zip")


@pytest.fixture(scope="module")
def tutorial() -> ModuleType:
    """The module that makes the page; docs/ is no package."""
    spec = importlib.util.spec_from_file_location("tutorial", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notebook_is_its_text_without_outputs(tutorial: ModuleType) -> None:
    found = tutorial.NOTEBOOK.read_text(encoding="utf-8")
    assert found == tutorial.notebook_text(), "python docs/tutorial.py --only-notebook"
    cells = json.loads(found)["cells"]
    assert not any(cell.get("outputs") for cell in cells)


def test_the_page_tells_and_does_what_the_notebook_does(tutorial: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    position = 0
    for cell in tutorial.read_source().cells:
        found = page.find(cell.source, position)
        assert found >= position, f"make docs: the page lacks\n{cell.source}"
        position = found + len(cell.source)


def test_every_picture_of_the_page_is_there_and_none_besides(tutorial: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"!\[(.+?)\]\((.+?)\)", page)
    named = [cell.metadata.name for cell in tutorial.read_source().cells if "name" in cell.metadata]
    assert [name for _, name in shown] == [f"figures/tutorial/{name}.png" for name in named]
    there = {path.name for path in (ROOT / "docs" / "figures" / "tutorial").iterdir()}
    assert there == {f"{name}.png" for name in named}


def test_it_uses_only_what_is_public(tutorial: ModuleType) -> None:
    source = tutorial.SOURCE.read_text(encoding="utf-8")
    assert set(re.findall(r"\bharken\.(\w+)", source)) <= set(harken.__all__)
    assert not re.search(r"from harken|import harken\.", source)


def test_a_file_that_it_links_to_is_there(tutorial: ModuleType) -> None:
    text = tutorial.SOURCE.read_text(encoding="utf-8")
    links = re.findall(r"\]\((\.\./.+?)\)", text)
    assert links
    for folder in (tutorial.SOURCE.parent, PAGE.parent):
        for link in links:
            assert (folder / link).exists(), link


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_it_runs_from_start_to_end(tmp_path: Path) -> None:
    """On real people where the archives are at hand, on simulated ones where they are not."""
    folder = os.environ.get("HARKEN_DATA")
    is_real = folder is not None and all((Path(folder) / name).exists() for name in ARCHIVES)
    if os.environ.get("HARKEN_REQUIRE_DATA"):
        assert is_real, "HARKEN_REQUIRE_DATA is set, but HARKEN_DATA names no folder of archives."
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(tmp_path)],
        env={**os.environ, "TUTORIAL_DATASET": "uci-har" if is_real else "simulated"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "tutorial.md").read_text(encoding="utf-8")
    assert ("Data: UCI HAR and HAPT, real people" if is_real else "Data: SIMULATED") in page
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", page)
    assert len(pictures) == len(re.findall(r"!\[", PAGE.read_text(encoding="utf-8")))
    for picture in pictures:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG"), picture
    by_person, at_random = (
        float(re.findall(rf"^{words}: +([\d.]+)%", page, re.MULTILINE)[0])
        for words in ("By person", "At random")
    )
    assert by_person > 70
    assert at_random > 70
