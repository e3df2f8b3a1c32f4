"""harken inspect: what a recording is, and whether a model may use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harken.cli.output import JsonOption, console, example, print_json, print_table

if TYPE_CHECKING:
    from harken.core.recording import Recording
    from harken.inspection import Inspection

EXAMPLE = example("harken inspect walk.csv --plot walk.png")

_HEADINGS = {
    "refused": "No model should read this as it is",
    "repaired": "Harken repairs",
    "note": "Worth knowing",
}
_STYLES = {"refused": "bold red", "repaired": "bold", "note": "bold"}


def inspect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recordings (.csv).")],
    up: Annotated[str, typer.Option(help="Device axis that should point up.")] = "+x",
    plot: Annotated[Path | None, typer.Option(help="Draw the recording: .png.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what recordings are, what is wrong with them, and what to do about it."""
    from harken.core.errors import InputError
    from harken.inspection import inspect_recording

    if plot is not None and len(files) > 1:
        raise typer.BadParameter("--plot draws one file; name one.")
    documents: list[dict[str, Any]] = []
    unreadable = 0
    for file in files:
        try:
            recording = _read(file)
        except InputError as error:
            # The other files are still worth looking at.
            unreadable += 1
            documents.append({"source": str(file), "error": str(error)})
            typer.echo(f"harken: {error}", err=True)
            continue
        inspection = inspect_recording(recording, up=up)
        documents.append({"source": str(file), **inspection.as_dict()})
        if plot is not None:
            _draw(recording, inspection, plot)
        if not as_json:
            _print(str(file), inspection)
    if as_json:
        print_json(documents)
    elif plot is not None and not unreadable:
        console().print(f"Written: {plot}", soft_wrap=True)
    if unreadable:
        raise typer.Exit(2)


def _read(file: Path) -> Recording:
    from harken.core.errors import FormatError
    from harken.core.recording import Recording
    from harken.readers import read

    found = read(file)
    if not isinstance(found, Recording):
        raise FormatError(f"{file} holds windows, which are filtered already; name a recording.")
    return found


def _draw(recording: Recording, inspection: Inspection, plot: Path) -> None:
    from harken.reporting.inspection_picture import picture
    from harken.reporting.plots import save

    save(picture(recording, inspection), plot)


def _print(source: str, inspection: Inspection) -> None:
    rows = [
        [name.replace("_", " "), _as_text(value)]
        for name, value in inspection.facts.items()
        if name != "source"
    ]
    print_table(source, ["fact", "value"], rows)
    out = console()
    for severity, heading in _HEADINGS.items():
        found = [f for f in inspection.findings if f.severity == severity]
        if found:
            out.print(heading, style=_STYLES[severity])
        for finding in found:
            where = f" ({finding.sensor})" if finding.sensor else ""
            out.print(f"  {finding.kind}{where}: {finding.what}.", soft_wrap=True, markup=False)
            out.print(f"    {finding.action}", soft_wrap=True, markup=False)
    if not inspection.findings:
        out.print("Nothing is wrong with it.")
    elif inspection.usable:
        out.print("A model may use it.")


def _as_text(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return ("; " if any(isinstance(v, str) for v in value) else ", ").join(map(str, value))
    return str(value)
