"""How commands speak: tables for people, JSON for programs, progress on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

#: Options that many commands share.
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DataOption = Annotated[
    str | None, typer.Option("--data", metavar="DIR", help="Folder of archives, else $HARKEN_DATA.")
]
SubjectPatternOption = Annotated[
    str | None,
    typer.Option(
        "--subject-pattern",
        metavar="REGEX",
        help="Finds who it is in the path of each file of a folder.",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="ROLE=NAME,...",
        help="Columns of your table: time, acc_x, ..., gyro_z, label, subject.",
    ),
]
PlacementOption = Annotated[
    str | None,
    typer.Option("--placement", help="Where the device was worn: waist, pocket, wrist, ..."),
]
MountingOption = Annotated[
    str,
    typer.Option(
        "--mounting",
        metavar="WAY",
        help="How it was turned: estimate (from gait), standing (the first 3 s), as-worn, or the 9 "
        "numbers of a rotation into the model's axes, row by row.",
    ),
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset", help="A network and a whole recipe: a name, or a preset file (.toml)."
    ),
]
DatasetArgument = Annotated[
    str | None,
    typer.Argument(metavar="[DATASET]", help="One of `harken data list`, or a folder of your own."),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="A network with its default recipe.")
]
ChannelsOption = Annotated[str | None, typer.Option("--channels", help="all or accelerometer.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
AddressOption = Annotated[
    str | None, typer.Option(help="A Ray cluster that runs, as auto; else one is started.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Makes the run repeatable.")]


def example(*lines: str) -> str:
    """The epilog of a command's help."""
    return "Example: " + "   ".join(lines)


def refuse_pattern_on_resume(resume: Path | None, subject_pattern: str | None) -> None:
    """Refuse a pattern for subjects beside --resume: what is resumed has its own."""
    if resume is not None and subject_pattern is not None:
        raise typer.BadParameter("a run to --resume remembers its own pattern for subjects.")


def counted(n: int, thing: str) -> str:
    """ "1 recording", "2,000 recordings"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


def console(*, to_stderr: bool = False) -> Console:
    """Where people read; logs and progress go to standard error."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False)


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table for people; columns of numbers stand to the right."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    for i, name in enumerate(columns):
        numbers = i > 0 and all(_is_number(row[i]) for row in rows)
        table.add_column(name, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _is_number(cell: str) -> bool:
    """Whether it reads as one, perhaps with a unit; an empty cell may stand among numbers."""
    return not cell or cell.lstrip("+-")[:1].isdigit()
