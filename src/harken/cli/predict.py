"""harken predict: activities in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harken.cli.output import (
    JsonOption,
    console,
    example,
    print_json,
    print_table,
)
from harken.labels import activity_name

if TYPE_CHECKING:
    from harken.prediction import Prediction

EXAMPLE = example("harken predict walk.csv --model runs/my-run/model.onnx --plot walk.png")


def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Recordings (an app's export, or a table), window files (.npz)."
        ),
    ],
    model: Annotated[Path, typer.Option(help="A model file: RUN/model.onnx.")],
    out: Annotated[Path | None, typer.Option(help="Write the bouts: .csv or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw signals and activities: .png.")] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE=NAME,...",
            help="Columns of your table: time, acc_x, ..., gyro_z, label, subject.",
        ),
    ] = None,
    placement: Annotated[
        str | None, typer.Option(help="Where the device was worn: waist, pocket, wrist, ...")
    ] = None,
    mounting: Annotated[
        str,
        typer.Option(
            metavar="WAY",
            help="How it was turned: estimate (from gait), standing (the first 3 s), as-worn, or "
            "the 9 numbers of a rotation into the model's axes, row by row.",
        ),
    ] = "estimate",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Go on where the recording is not what the model is made for."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Recognise the activities in recordings, with the model of a run."""
    from harken.prediction import predict as predict_file
    from harken.prediction import write_bouts
    from harken.predictor import Predictor
    from harken.readers import parse_columns
    from harken.resolve import parse_mounting

    if plot is not None and len(files) > 1:
        raise typer.BadParameter("--plot draws one file; name one.")
    roles = None if columns is None else parse_columns(columns)
    predictor = Predictor(model)
    way = parse_mounting(mounting)
    predictions = [
        predict_file(file, predictor, columns=roles, placement=placement, mounting=way, force=force)
        for file in files
    ]
    if out is not None:
        write_bouts(predictions, out)
    if plot is not None:
        from harken.evaluation.plots import save
        from harken.evaluation.timeline import timeline

        save(timeline(predictions[0]), plot)
    if as_json:
        print_json([p.as_dict() for p in predictions])
        return
    for prediction in predictions:
        print_bouts(prediction)
    for path in (out, plot):
        if path is not None:
            console().print(f"Written: {path}", soft_wrap=True)


def print_bouts(prediction: Prediction) -> None:
    """A table of bouts, and on standard error what was inferred."""
    for note in prediction.notes:
        console(to_stderr=True).print(f"  {note}", soft_wrap=True, style="dim", highlight=False)
    many = len({bout.recording for bout in prediction.bouts}) > 1
    rows = []
    for bout in prediction.bouts:
        confidence = "" if bout.confidence is None else f"{bout.confidence:.0%}"
        name = f"{bout.recording}: " if many else ""
        rows.append(
            [
                f"{name}{activity_name(bout.activity)}",
                f"{bout.start_s:.2f}",
                f"{bout.end_s:.2f}",
                f"{bout.end_s - bout.start_s:.2f}",
                confidence,
            ]
        )
    print_table(
        prediction.source, ["activity", "start (s)", "end (s)", "length (s)", "confidence"], rows
    )
