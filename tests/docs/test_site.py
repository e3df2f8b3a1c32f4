"""The pages make a site, all their links lead somewhere, and no page is forgotten."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="needs harken[docs]")

ROOT = Path(__file__).parents[2]
PAGES = {page.name for page in (ROOT / "docs").glob("*.md")}


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_every_page_is_on_the_map_and_in_the_menu() -> None:
    told = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", told)) == PAGES - {"index.md"}
    assert set(re.findall(r": ([\w-]+\.md)$", menu, re.MULTILINE)) == PAGES


def test_the_site_is_built_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert {page.with_suffix(".html").name for page in map(Path, PAGES)} <= {p.name for p in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|img|link)[^>]+(?:src|href)="https?:', text), page.name
        for picture in re.findall(r'<img[^>]+src="([^"]+)"', text):
            if not picture.startswith("data:"):
                assert (page.parent / picture).is_file(), f"{page.name}: {picture}"


@pytest.mark.parametrize("link", ["nowhere.md", "../nowhere.md", "predict.md#nowhere"])
def test_a_link_to_nowhere_fails(link: str, tmp_path: Path) -> None:
    for name in ("mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("site_links.py", "site.css"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[0]
    (tmp_path / "mkdocs.yml").write_text(text)
    (tmp_path / "docs" / "index.md").write_text("# Harken\n")
    (tmp_path / "docs" / "predict.md").write_text("# Predict\n")
    assert build(tmp_path, tmp_path / "site").returncode == 0
    (tmp_path / "docs" / "index.md").write_text(f"# Harken\n\n[there]({link})\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
