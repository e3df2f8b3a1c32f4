"""docs/cli.md is what the program says of itself."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = runpy.run_path(str(DOCS / "cli_reference.py"))


def test_the_page_is_up_to_date() -> None:
    found = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert found == REFERENCE["page"](), "run: python docs/cli_reference.py"


@pytest.mark.parametrize("columns", ["40", "300"])
def test_it_does_not_depend_on_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == REFERENCE["page"]()


def test_every_command_says_what_it_does_and_shows_an_example() -> None:
    names = []
    for name, context in REFERENCE["commands"]():
        names.append(name)
        assert context.command.help, name
        if not hasattr(context.command, "commands"):
            lines = REFERENCE["examples"](context)
            assert lines, name
            assert all(line == name or line.startswith(f"{name} ") for line in lines)
            told = [parameter.help for parameter in context.command.params]
            assert all(told), name
    assert "harken data rebuild" in names
