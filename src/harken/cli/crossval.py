"""harken crossval: judge a recipe on everybody in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harken.cli.output import (
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
    print_table,
    refuse_pattern_on_resume,
)

EXAMPLE = example("harken crossval uci-har --preset stacked-lstm --folds 5 --leak-meter")


def crossval(
    dataset: DatasetArgument = None,
    preset: PresetOption = None,
    model: ModelOption = None,
    folds: Annotated[int | None, typer.Option(help="Folds by subject, 5 if not given.")] = None,
    loso: Annotated[bool, typer.Option("--loso", help="Leave one subject out at a time.")] = False,
    channels: ChannelsOption = None,
    seed: SeedOption = 0,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of all runs.")] = None,
    device: DeviceOption = "auto",
    workers: Annotated[int | None, typer.Option(help="Folds at a time.")] = None,
    leak_meter: Annotated[
        bool, typer.Option("--leak-meter", help="Show what a random split would have claimed.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with a cross-validation.")
    ] = None,
    data: DataOption = None,
    subject_pattern: SubjectPatternOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a recipe on everybody in turn, by networks that never saw them.

    Killed at any moment, it goes on with --resume: finished folds are kept.
    """
    from harken.cli.progress import FoldsProgress
    from harken.training import api

    if (dataset is None) == (resume is None):
        raise typer.BadParameter("name a DATASET to judge on, or a cross-validation to --resume.")
    refuse_pattern_on_resume(resume, subject_pattern)
    if loso and folds is not None:
        raise typer.BadParameter("give either --folds or --loso.")
    with FoldsProgress(quiet=as_json) as progress:
        if resume is not None:
            made = api.resume_crossval(resume, workers=workers, watcher=progress)
        else:
            made = api.crossval(
                str(dataset),
                preset=preset,
                model=model,
                channels=channels,
                n_folds=folds if folds is not None else 5,
                loso=loso,
                seed=seed,
                epochs=epochs,
                out=out,
                device=device,
                workers=workers,
                leak_meter=leak_meter,
                data=data,
                subject_pattern=subject_pattern,
                watcher=progress,
            )
    metrics = made.metrics
    if as_json:
        print_json(metrics | {"crossval": str(made.path)})
        return
    from harken.cli.results import print_results

    print_results(metrics)
    _print_subjects(metrics)
    if "leak_meter" in metrics:
        _print_leak_meter(metrics["leak_meter"])
    console().print(f"Report: {made.report}", soft_wrap=True)


def _print_subjects(metrics: dict[str, Any]) -> None:
    rows = sorted(metrics["per_subject"], key=lambda row: row["accuracy"])
    print_table(
        "Subjects, the worst first",
        ["subject", "accuracy", "windows"],
        [[row["subject"], f"{row['accuracy']:.2%}", str(row["n_windows"])] for row in rows],
    )


def _print_leak_meter(leaks: dict[str, Any]) -> None:
    console().print(
        f"Leak meter, {leaks['caution']}: accuracy {leaks['accuracy']:.2%}, "
        f"{100 * leaks['accuracy_difference']:+.2f} percentage points beside the figure above",
        soft_wrap=True,
    )
