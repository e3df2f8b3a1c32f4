"""The README's figures and commands are those of the program."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from benchmarks.classic import table

from harken.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_the_classic_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "classic.json").read_text())
    shown = README.split("<!-- results:begin -->")[1].split("<!-- results:end -->")[0]
    assert shown.strip() == table(results)


def test_pictures_are_there() -> None:
    for name in re.findall(r"!\[.+?\]\((.+?)\)", README):
        assert (ROOT / name).read_bytes().startswith(b"\x89PNG"), name


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"\.venv/bin/harken ([^\n#]+)", README))), ids=str
)
def test_every_command_and_option_exists(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line)
    options = [word for word in words if word.startswith("--")]
    depth = 2 if words[0] == "data" else 1
    with pytest.raises(SystemExit) as ended:
        main([*words[:depth], "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in options)
