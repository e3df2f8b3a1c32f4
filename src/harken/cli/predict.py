"""harken predict: activities in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
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
from harken.model import pretrained

if TYPE_CHECKING:
    from harken.inference.prediction import Prediction

EXAMPLE = example("harken predict walk.csv --plot walk.png")


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Recordings (an app's export, or a table), window files (.npz)."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="A model file (RUN/model.onnx), or one that ships (harken models).")
    ] = pretrained.DEFAULT,
    out: Annotated[
        Path | None, typer.Option(help="Write the bouts: .csv, .parquet or .json.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw signals and activities: .png.")] = None,
    columns: ColumnsOption = None,
    placement: PlacementOption = None,
    mounting: MountingOption = "estimate",
    smooth: Annotated[
        str,
        typer.Option(
            metavar="WAY",
            help="How neighbouring windows help: viterbi (the likeliest course of all), causal (as "
            "in a stream, one window late), none.",
        ),
    ] = "viterbi",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Go on where the recording is not what the model is made for."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Recognise the activities in recordings, with the model of a run.

    Of several files, those that cannot be used are told, and the others are done.
    """
    from harken.inference.bout_file import check_ending, write_bouts
    from harken.inference.prediction import predict as predict_file
    from harken.inference.predictor import Predictor
    from harken.model.smoothing import known_way
    from harken.preparation import Settings

    if plot is not None and len(files) > 1:
        raise typer.BadParameter("--plot draws one file; name one.")
    if out is not None:
        check_ending(out)
    recognise = partial(
        predict_file,
        **Settings.of_words(columns, placement, mounting).as_keywords(),
        smoothing=known_way(smooth),
        force=force,
        model=Predictor(model),
    )
    documents = _documents(files, recognise, plot)
    done = [document for document in documents if "error" not in document]
    if out is not None and done:
        write_bouts(documents, out)
    if as_json:
        print_json(documents)
    else:
        for document in done:
            print_prediction(document)
        for path in (out, plot):
            if path is not None and done:
                console().print(f"Written: {path}", soft_wrap=True)
    if len(done) < len(documents):
        raise typer.Exit(2)


def _documents(
    files: list[Path], recognise: Callable[[Path], Prediction], plot: Path | None
) -> list[dict[str, Any]]:
    """What is known of each file, or the error.

    Plain values alone are kept: the windows of many recordings would fill the memory.
    """
    from harken.cli.progress import each_file
    from harken.core.errors import InputError

    documents = []
    for file in each_file(files):
        try:
            prediction = recognise(file)
        except (InputError, OSError) as error:
            reason = _reason(error)
            documents.append({"source": str(file), "error": reason})
            # Through `sys`, where the bar makes room for it.
            sys.stderr.write(f"harken: {_naming(file, reason)}\n")
            continue
        documents.append(prediction.as_dict())
        if plot is not None:
            _draw(prediction, plot)
    return documents


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _naming(file: Path, reason: str) -> str:
    """The reason with the file's name, if it does not name it already."""
    return reason if str(file) in reason else f"{file}: {reason}"


def _draw(prediction: Prediction, plot: Path) -> None:
    from harken.reporting.plots import save
    from harken.reporting.timeline import timeline

    save(timeline(prediction), plot)


def print_prediction(document: dict[str, Any]) -> None:
    """Tables of bouts and of what they come to; on standard error what was inferred.

    Parameters
    ----------
    document : `Prediction.as_dict()`
    """
    for note in document["notes"]:
        console(to_stderr=True).print(
            f"  {note}", soft_wrap=True, style="dim", highlight=False, markup=False
        )
    _print_bouts(document["source"], document["bouts"])
    _print_summary(document["summary"])


def _print_summary(summary: dict[str, Any]) -> None:
    minutes = summary["minutes"]
    rows = [[activity_name(name), f"{value:.2f}"] for name, value in minutes.items()]
    print_table("In all", ["activity", "minutes"], rows)
    said = [f"changes of activity: {summary['n_transitions']}"]
    if summary["steps_per_minute"] is not None:
        said.append(f"steps a minute while walking: {summary['steps_per_minute']:.0f}")
    console().print("; ".join(said), soft_wrap=True)


def _print_bouts(source: str, bouts: list[dict[str, Any]]) -> None:
    """Times of day where they are known, else seconds in the recording."""
    several = len({bout["recording"] for bout in bouts}) > 1
    began = bouts[0]["start_utc"]
    title = source if began is None else f"{source}, {began[:10]}"
    times = ["start (s)", "end (s)"] if began is None else ["start (UTC)", "end (UTC)"]
    rows = []
    for bout in bouts:
        name = f"{bout['recording']}: " if several else ""
        rows.append(
            [
                f"{name}{_shown_activity(bout)}",
                *(_shown_time(bout, end) for end in ("start", "end")),
                f"{bout['end_s'] - bout['start_s']:.2f}",
                "" if bout["confidence"] is None else f"{bout['confidence']:.0%}",
                f"{bout['unsure']:.0%}" if bout["unsure"] else "",
            ]
        )
    columns = ["activity", *times, "length (s)", "confidence", "not sure"]
    if not any(bout["unsure"] for bout in bouts):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    print_table(title, columns, rows)


def _shown_activity(bout: dict[str, Any]) -> str:
    from harken.inference.bouts import NOT_SURE

    if bout["activity"] == NOT_SURE:
        return f"(not sure: {activity_name(bout['best_guess']).lower()}?)"
    return activity_name(bout["activity"])


def _shown_time(bout: dict[str, Any], end: str) -> str:
    time_of_day = bout[f"{end}_utc"]
    return f"{bout[f'{end}_s']:.2f}" if time_of_day is None else time_of_day[11:21]
