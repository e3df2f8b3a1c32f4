"""harken personalise: fit a model to one person, or say what they should label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harken.cli.output import (
    ColumnsOption,
    JsonOption,
    MountingOption,
    PlacementOption,
    console,
    example,
    print_json,
    print_table,
)
from harken.core.labels import activity_name

if TYPE_CHECKING:
    from harken.personal.personalise import Personalised

EXAMPLE = example(
    "harken personalise pretrained me.csv --propose 12 --out labels.csv",
    "harken personalise pretrained me.csv --labels labels.csv --out me.onnx",
)


def personalise(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file, or one that ships.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="One person's recordings, with labels, or window files (.npz)."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The model file to write; with --propose, a table to fill in (.csv)."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="What one recording holds when: start_s, end_s, activity (.csv)."),
    ] = None,
    propose: Annotated[
        int | None,
        typer.Option(metavar="N", help="Say which N stretches should be labelled next."),
    ] = None,
    columns: ColumnsOption = None,
    placement: PlacementOption = None,
    mounting: MountingOption = "estimate",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file to write if it is there.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write a model that does no better, and mark it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fit a model to one person with a few labelled minutes.

    A part of the labelled time is held out; a model that does no better on it is not written.
    """
    from harken.inference.predictor import Predictor
    from harken.personal import personalise as personal
    from harken.preparation import Settings

    reading: dict[str, Any] = {
        "labels": labels,
        **Settings.of_words(columns, placement, mounting).as_keywords(),
    }
    if propose is not None:
        _propose(model, files, propose, reading, out, overwrite=overwrite, as_json=as_json)
        return
    target = out or personal.default_out(model)
    personal.refuse_existing(target, overwrite=overwrite)
    made = personal.personalise(Predictor(model), files, **reading)
    written = made.better or force
    if written:
        made.save(target, overwrite=overwrite, force=force)
    if as_json:
        print_json({**made.as_dict(), "out": str(target) if written else None})
    else:
        _print(made, target, written=written)
    if not written:
        raise typer.Exit(1)


def _print(made: Personalised, target: Path, *, written: bool) -> None:
    personal = made.personal
    for note in made.notes:
        console(to_stderr=True).print(f"  {note}", soft_wrap=True, style="dim", markup=False)
    rows = [[activity_name(label), f"{value:.2f}"] for label, value in personal.minutes.items()]
    print_table("Labelled", ["activity", "minutes"], rows)
    rows = [
        [name, f"{figures.accuracy:.2%}", f"{figures.log_loss:.4f}"]
        for name, figures in (("before", personal.before), ("after", personal.after))
    ]
    print_table(
        "On held-out parts of that time (within-subject)", ["model", "accuracy", "log loss"], rows
    )
    say = console()
    if made.better:
        say.print(f"Written: {target}", soft_wrap=True)
        return
    say.print(f"It does {made.shortfall}", soft_wrap=True)
    if written:
        say.print(f"Written all the same, and marked: {target}", soft_wrap=True)
    else:
        say.print(
            f"{target} was not written; --force writes it all the same, marked.", soft_wrap=True
        )


def _propose(
    model: str,
    files: list[Path],
    n: int,
    reading: dict[str, Any],
    out: Path | None,
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    from harken.personal.proposal_file import write_proposals
    from harken.personal.propose import propose

    if len(files) > 1:
        raise typer.BadParameter("--propose looks at one recording; name one.")
    proposals = propose(model, files[0], n, **reading)
    if out is not None:
        write_proposals(proposals, out, overwrite=overwrite)
    if as_json:
        print_json([proposal.as_dict() for proposal in proposals])
        return
    rows = [
        [f"{p.start_s:.2f}", f"{p.end_s:.2f}", activity_name(p.guess), f"{p.entropy:.3f}"]
        for p in proposals
    ]
    print_table(f"To label in {files[0]}", ["start (s)", "end (s)", "guess", "entropy"], rows)
    if out is not None:
        console().print(
            f"Written: {out}. Fill in the column activity, then: harken personalise {model} "
            f"{files[0]} --labels {out}",
            soft_wrap=True,
        )
