"""harken demo: the whole story in about a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harken.cli.output import DataOption, JsonOption, console, example, print_json

EXAMPLE = example("harken demo")


def demo(
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("harken-demo"),
    download: Annotated[bool, typer.Option("--download", help="Fetch UCI HAR first.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Data, training, report and prediction in about a minute.

    Takes UCI HAR when it is at hand or --download is given, else data simulated by the program.
    """
    from harken.cli.progress import TrainingProgress
    from harken.networks import require_torch

    require_torch()
    from harken.training.demo import run_demo

    console_ = console(to_stderr=as_json)
    with TrainingProgress(quiet=True) as progress:
        made = run_demo(
            out,
            download=download,
            data=data,
            tell=lambda text: console_.print(text, soft_wrap=True),
            watcher=progress,
        )
    if as_json:
        print_json(made.run.metrics | {"run": str(made.run.path)})
        return
    from harken.cli.predict import print_prediction
    from harken.cli.results import print_results

    print_prediction(made.prediction.as_dict())
    console_.print()
    print_results(made.run.metrics)
    console_.print("\n[bold]Where to look[/bold]")
    for what, path in (
        ("the report, for a browser", made.run.report),
        ("what was recognised, as a picture", made.timeline_file),
        ("and as a table", made.bouts_file),
        ("the model file", made.run.model_file),
    ):
        console_.print(f"  {path}   {what}", soft_wrap=True)
    console_.print(
        "\nTry it again:  harken predict "
        f"{made.input_file} --model {made.run.model_file} --plot timeline.png",
        soft_wrap=True,
    )
