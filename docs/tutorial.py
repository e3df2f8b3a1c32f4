"""Make the tutorial: run its notebook, write docs/tutorial.md and its figures.

    python docs/tutorial.py                       # all of it, in a few minutes
    python docs/tutorial.py --only-notebook       # the .ipynb from its text, at once

The source is examples/lstm-human-activity-recognition.py. The notebook beside it is made from it
and holds no outputs, since these would hold samples of people. The page has the outputs: what was
printed, and pictures of curves. It needs `pip install -e '.[docs]'`.
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "examples" / "lstm-human-activity-recognition.py"
NOTEBOOK = SOURCE.with_suffix(".ipynb")
DOCS = ROOT / "docs"
PAGE = "tutorial.md"
FIGURES = "figures/tutorial"
#: Seconds that a cell may take, on a machine that is busy with other work.
CELL_TIMEOUT_S = 600


def read_source() -> NotebookNode:
    """The notebook that the text is, without outputs."""
    notebook: NotebookNode = jupytext.read(SOURCE)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"  # jupytext draws it at random
    return notebook


def notebook_text() -> str:
    """What the .ipynb must hold."""
    return nbformat.writes(read_source(), version=4) + "\n"


def run(notebook: NotebookNode) -> None:
    """Fill in the outputs, in a copy of the examples' folder, where the runs go too."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "examples"
        shutil.copytree(SOURCE.parent, copy, ignore=shutil.ignore_patterns("runs", "__pycache__"))
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT_S,
            resources={"metadata": {"path": str(copy)}},
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
        client.execute()


def write_page(notebook: NotebookNode, folder: Path) -> None:
    """Write the page, and its figures below it; figures of an earlier page go."""
    shutil.rmtree(folder / FIGURES, ignore_errors=True)
    (folder / FIGURES).mkdir(parents=True)
    parts = [f"<!-- Made by `make docs` from examples/{SOURCE.name}: change it there. -->"]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            parts += [_code(cell), *_outputs(cell, folder)]
    (folder / PAGE).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _code(cell: NotebookNode) -> str:
    """The code of a cell; that of a picture, which is long and says little, is folded away."""
    code = f"```python\n{cell.source}\n```"
    if "name" not in cell.metadata:
        return code
    return f"<details><summary>The code of this picture</summary>\n\n{code}\n\n</details>"


def _outputs(cell: NotebookNode, folder: Path) -> list[str]:
    """What a cell drew and printed; pictures first, since the text follows on what was printed."""
    pictures: list[str] = []
    printed = ""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            printed += output.text
        elif "image/png" in output.get("data", {}):
            path = f"{FIGURES}/{cell.metadata.name}.png"
            _save(base64.b64decode(output.data["image/png"]), folder / path)
            pictures.append(f"![{cell.metadata.alt}]({path})")
        elif output.output_type == "stream":
            raise SystemExit(f"A cell wrote to standard error:\n{cell.source}\n\n{output.text}")
    return pictures + [f"```text\n{printed.rstrip()}\n```"] * bool(printed)


def _save(png: bytes, path: Path) -> None:
    """Few colours are enough, and a third of the bytes."""
    if path.exists():
        raise SystemExit(f"Two pictures are called {path.name}: a cell may draw one.")
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(200).save(path, optimize=True)


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description="Make the tutorial.")
    parser.add_argument(
        "--out",
        type=Path,
        default=DOCS,
        help="another folder for the page; the rest stays as it is",
    )
    parser.add_argument("--only-notebook", action="store_true", help="run nothing")
    asked = parser.parse_args()
    if asked.out == DOCS:
        NOTEBOOK.write_text(notebook_text(), encoding="utf-8")
    if asked.only_notebook:
        return
    notebook = read_source()
    started_s = time.perf_counter()
    run(notebook)
    write_page(notebook, asked.out)
    print(f"{asked.out / PAGE}, run in {time.perf_counter() - started_s:.0f} s")


if __name__ == "__main__":
    main()
