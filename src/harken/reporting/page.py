"""A page for people: one HTML file with everything in it, for reading and for printing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from harken.core.errors import storing
from harken.core.files import write_text

SIMULATED = "simulated data: these figures say nothing about people"


def write_page(
    path: str | Path,
    title: str,
    headline: str,
    sections: Mapping[str, str],
    *,
    cautions: Sequence[str] = (),
) -> None:
    """Write a page, whole or not at all; it needs no other file and no network.

    Parameters
    ----------
    title : text
    headline : HTML below the title
    sections : HTML by heading
    cautions : texts that nobody should overlook
    """
    page = resources.files("harken.evaluation").joinpath("page.html").read_text(encoding="utf-8")
    filled = Template(page).substitute(
        title=escape(title),
        banners="\n".join(f'<p class="caution">{escape(text)}</p>' for text in cautions),
        headline=headline,
        sections="\n".join(
            f"<h2>{escape(heading)}</h2>\n{content}" for heading, content in sections.items()
        ),
    )
    with storing(path):
        write_text(path, filled)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, which scrolls by itself on narrow screens."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    whole = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{whole}</div>'


def picture(png: bytes, alt: str) -> str:
    """A picture, within the page."""
    data = base64.b64encode(png).decode()
    return f'<p><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></p>'
