"""Links of the pages in the site: a page may link to a file of the repository that is not a page.

On a disk and in a forge `../README.md` is found; a site holds the pages alone. So what they link to
outside of docs/ comes along, under repository/, and links are written anew. What is not there is
left as it is, and `mkdocs build --strict` fails on it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_LINK = re.compile(r'(\]\(|src=")(?!https?:|#|mailto:)([^)"#\s]+)')


def on_files(files: Files, config: Any) -> Files:
    """Let what pages link to outside of docs/ come along, and what that links to."""
    pages = [Path(file.abs_src_path or "") for file in files.documentation_pages()]
    seen = set()
    while pages:
        for target in _targets(pages.pop()):
            if target in seen or target.is_relative_to(DOCS) or not target.is_file():
                continue
            seen.add(target)
            files.append(File.generated(config, _uri(target), abs_src_path=str(target)))
            if target.suffix == ".md":
                pages.append(target)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Write links so that they hold where the page is in the site."""
    source = Path(page.file.abs_src_path)
    folder = posixpath.dirname(page.file.src_uri)

    def anew(link: re.Match[str]) -> str:
        target = (source.parent / link[2]).resolve()
        if not target.is_file():
            return link[0]
        uri = posixpath.relpath(_uri(target), folder or ".")
        # What stands in HTML is taken by browsers as it is.
        return link[1] + uri

    return _LINK.sub(anew, markdown)


def _targets(page: Path) -> Iterator[Path]:
    for link in _LINK.finditer(page.read_text(encoding="utf-8")):
        yield (page.parent / link[2]).resolve()


def _uri(target: Path) -> str:
    """Where a file of the repository is in the site."""
    if target.is_relative_to(DOCS):
        return target.relative_to(DOCS).as_posix()
    return f"repository/{target.relative_to(ROOT).as_posix()}"
