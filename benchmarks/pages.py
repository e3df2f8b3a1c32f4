"""Put tables that benchmarks made into pages, between the marks that are theirs."""

from __future__ import annotations

from pathlib import Path

from harken.core.files import write_text

PAGE = Path("docs/results.md")
README = Path("README.md")


def section(text: str, name: str) -> str:
    """What stands between the marks of a name."""
    return text.split(_begin(name))[1].split(_end(name))[0].strip()


def write_section(name: str, content: str, page: Path = PAGE) -> None:
    """Replace what stands between the marks of a name."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(_begin(name))
    _, after = rest.split(_end(name))
    write_text(page, f"{before}{_begin(name)}\n{content}\n{_end(name)}{after}")


def _begin(name: str) -> str:
    return f"<!-- {name}:begin -->"


def _end(name: str) -> str:
    return f"<!-- {name}:end -->"
