"""harken train: train a network, judge it, leave a run behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harken.cli.output import (
    AddressOption,
    ChannelsOption,
    DataOption,
    DatasetArgument,
    DeviceOption,
    JsonOption,
    ModelOption,
    PresetOption,
    SeedOption,
    SubjectPatternOption,
    console,
    example,
    print_json,
    refuse_pattern_on_resume,
)

EXAMPLE = example("harken train uci-har --preset notebook --seed 0")


def train(
    dataset: DatasetArgument = None,
    preset: PresetOption = None,
    model: ModelOption = None,
    channels: ChannelsOption = None,
    seed: SeedOption = 0,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    device: DeviceOption = "auto",
    resume: Annotated[Path | None, typer.Option(metavar="RUN", help="Go on with a run.")] = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray: workers of a cluster share each batch.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Of Ray, two if left out.")] = None,
    address: AddressOption = None,
    data: DataOption = None,
    subject_pattern: SubjectPatternOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network and judge it on the test subjects.

    Ctrl-C leaves a run that --resume goes on with, bit for bit.
    """
    from harken.cli.progress import TrainingProgress
    from harken.training import api

    if (dataset is None) == (resume is None):
        raise typer.BadParameter("name a DATASET to train on, or a run to --resume.")
    refuse_pattern_on_resume(resume, subject_pattern)
    with TrainingProgress(quiet=as_json) as progress:
        if resume is not None:
            run = api.resume(
                resume, engine=engine, workers=workers, address=address, watcher=progress
            )
        else:
            run = api.train(
                str(dataset),
                preset=preset,
                model=model,
                channels=channels,
                seed=seed,
                epochs=epochs,
                out=out,
                device=device,
                data=data,
                subject_pattern=subject_pattern,
                engine=engine,
                workers=workers,
                address=address,
                watcher=progress,
            )
    if as_json:
        print_json(run.metrics | {"run": str(run.path)})
        return
    from harken.cli.results import print_results

    print_results(run.metrics)
    console().print(f"Report: {run.report}\nModel:  {run.model_file}", soft_wrap=True)
