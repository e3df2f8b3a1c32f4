"""harken search: look for a better recipe on the training subjects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from harken.training.search import Search

EXAMPLE = example("harken search uci-har --model conv-lstm --trials 50")


def search(
    dataset: DatasetArgument = None,
    preset: PresetOption = None,
    model: ModelOption = None,
    trials: Annotated[int | None, typer.Option(help="Recipes to try, 20 if not given.")] = None,
    folds: Annotated[int | None, typer.Option(help="Inner folds, 3 if not given.")] = None,
    channels: ChannelsOption = None,
    seed: SeedOption = 0,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the data, which are else searched too.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of all trials.")] = None,
    device: DeviceOption = "auto",
    workers: Annotated[int | None, typer.Option(help="Trainings at a time.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="Go on with a search.")] = None,
    data: DataOption = None,
    subject_pattern: SubjectPatternOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for a better recipe, by trials on inner folds of the training subjects.

    The first trial is the recipe of the preset or network. The best one is left as a preset file.
    Killed at any moment, it goes on with --resume: trials that have ended are kept.
    """
    from harken.cli.progress import SearchProgress
    from harken.training import api

    if (dataset is None) == (resume is None):
        raise typer.BadParameter("name a DATASET to search on, or a search to --resume.")
    refuse_pattern_on_resume(resume, subject_pattern)
    if resume is not None and (trials is not None or folds is not None):
        raise typer.BadParameter("a search to --resume remembers its own trials and folds.")
    with SearchProgress(quiet=as_json) as progress:
        if resume is not None:
            made = api.resume_search(resume, workers=workers, watcher=progress)
        else:
            made = api.search(
                str(dataset),
                preset=preset,
                model=model,
                channels=channels,
                n_trials=trials if trials is not None else 20,
                n_folds=folds if folds is not None else 3,
                seed=seed,
                epochs=epochs,
                out=out,
                device=device,
                workers=workers,
                data=data,
                subject_pattern=subject_pattern,
                watcher=progress,
            )
    if as_json:
        print_json(made.results | {"search": str(made.path)})
        return
    _print_results(made)


def _print_results(made: Search) -> None:
    results = made.results
    trials = results["trials"]
    simulated = " (simulated data)" if results["dataset"] == "simulated" else ""
    console().print(
        f"[bold]Best: trial {results['best_trial']}, mean accuracy {results['score']:.2%}[/bold]"
        f"{simulated} in {results['n_folds']} inner folds of {len(results['subjects'])} subjects; "
        f"the recipe to improve: {_percent(results['first_score'])}",
        soft_wrap=True,
    )
    _print_settings(trials[0]["values"], trials[results["best_trial"]]["values"])
    console().print(
        f"{_what_next(made, results)}\nPreset:  {made.preset}\nPicture: {made.picture}",
        soft_wrap=True,
        markup=False,
    )


def _what_next(made: Search, results: dict[str, Any]) -> str:
    if not results["test_subjects"]:
        return (
            "It was chosen on everybody, so only other people than these can tell how well it does "
            "for people that it has not seen."
        )
    return (
        "It was chosen on these subjects. How well it does for others, the test subjects tell:\n"
        f"  harken train {results['dataset']} --preset {made.preset}"
    )


def _print_settings(first: dict[str, Any], best: dict[str, Any]) -> None:
    rows = [[name, _shown(first[name]), _shown(value)] for name, value in best.items()]
    print_table("Settings", ["setting", "to improve", "best"], rows)


def _percent(score: float | None) -> str:
    return "failed" if score is None else f"{score:.2%}"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
