"""Put tables that benchmarks made into `docs/results.md`, between the marks that are theirs."""

from __future__ import annotations

from pathlib import Path

from harken.files import write_text

PAGE = Path("docs/results.md")


def section(text: str, name: str) -> str:
    """What stands between the marks of a name."""
    return text.split(_begin(name))[1].split(_end(name))[0].strip()


def write_section(name: str, content: str) -> None:
    """Replace what stands between the marks of a name."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(_begin(name))
    _, after = rest.split(_end(name))
    write_text(PAGE, f"{before}{_begin(name)}\n{content}\n{_end(name)}{after}")


def _begin(name: str) -> str:
    return f"<!-- {name}:begin -->"


def _end(name: str) -> str:
    return f"<!-- {name}:end -->"
