"""harken data: what datasets there are, fetching them, proving the signal path on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from harken.cli.output import (
    DataOption,
    JsonOption,
    PlacementOption,
    SubjectPatternOption,
    console,
    counted,
    example,
    print_json,
    print_table,
)
from harken.core.labels import activity_name

app = typer.Typer(help="Datasets: list, fetch, look at, rebuild.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="One of `harken data list`.")]


@app.command("list", epilog=example("harken data list"))
def list_datasets(as_json: JsonOption = False, data: DataOption = None) -> None:
    """The datasets that Harken knows, and which are at hand."""
    from harken import datasets

    rows = [
        {
            "name": d.name,
            "description": d.description,
            "at_hand": datasets.at_hand(d.name, data=data),
        }
        for d in datasets.DATASETS.values()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "Datasets",
        ["name", "what it is", "at hand"],
        [[str(r["name"]), str(r["description"]), "yes" if r["at_hand"] else "no"] for r in rows],
    )


@app.command("fetch", epilog=example("harken data fetch uci-har"))
def fetch(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Download a dataset (or take it from --data), verify it, keep it in the cache."""
    from harken import datasets

    done = datasets.fetch(name, data=data, progress=not as_json)
    if as_json:
        print_json({"dataset": name, **done})
        return
    console().print(f"{name}: {done['what']}, verified. Kept in {done['path']}", soft_wrap=True)


@app.command("import", epilog=example("harken data import my-recordings/ study/"))
def import_recordings(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Recordings in any form, in folders."),
    ],
    collection: Annotated[
        Path,
        typer.Argument(metavar="COLLECTION", help="Where to write them, as Parquet."),
    ],
    subject_pattern: SubjectPatternOption = None,
    placement: PlacementOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write recordings into a collection, for `harken score`. What is there already is kept.

    Files that cannot be read are told, and stop nothing.
    """
    from harken.cli.progress import counting
    from harken.preparation.resolve import placement_of
    from harken.store import require_pyarrow

    require_pyarrow()
    from harken.datasets.import_folder import import_folder

    with counting("files", quiet=as_json) as done:
        found = import_folder(
            folder,
            collection,
            subject_pattern=subject_pattern,
            placement=None if placement is None else placement_of(placement),
            done=done,
        )
    if as_json:
        print_json(found.as_dict())
    else:
        console().print(
            f"{collection}: {counted(found.n_new, 'recording')} written, {found.n_kept:,} there "
            "already",
            soft_wrap=True,
        )
    for source, why in found.failures.items():
        console(to_stderr=True).print(f"harken: {source}: {why}", soft_wrap=True, markup=False)
    if found.failures:
        raise typer.Exit(2)


@app.command("path", epilog=example("harken data path"))
def path() -> None:
    """Where fetched datasets are kept."""
    from harken import datasets

    typer.echo(datasets.cache_folder())


@app.command("info", epilog=example("harken data info uci-har"))
def info(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Shapes, mean and standard deviation, and how many windows of which activity and person."""
    from harken import datasets
    from harken.datasets.info import describe

    facts = describe(datasets.load(name, data=data, progress=not as_json))
    if as_json:
        print_json(facts)
        return
    _print_info(facts)


def _print_info(facts: dict[str, Any]) -> None:
    out = console()
    out.print(f"[bold]{facts['dataset']}[/bold]", *facts["notes"], sep="; ", soft_wrap=True)
    for split in facts["splits"]:
        out.print(
            f"{split['split'] or 'all'}: x {tuple(split['shape'])}, y ({split['n_windows']},), "
            f"mean {split['mean']:.7f}, standard deviation {split['std']:.6f}",
            soft_wrap=True,
        )
    labels = [activity_name(label) for label in facts["labels"]]
    rows = [
        [f"{row['subject']} ({row['split']})", *map(str, row["counts"]), str(sum(row["counts"]))]
        for row in facts["subjects"]
    ]
    for split in facts["splits"]:
        total = [str(n) for n in split["per_class"]]
        rows.append([f"all {split['split']}", *total, str(split["n_windows"])])
    print_table("Windows by subject and activity", ["subject", *labels, "all"], rows)


@app.command("rebuild", epilog=example("harken data rebuild hapt"))
def rebuild(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Make the official UCI HAR windows from the raw HAPT recordings, and compare."""
    from harken import datasets
    from harken.datasets import rebuild as rebuilding

    recordings = datasets.load_recordings(name, data=data, progress=not as_json)
    result = rebuilding.rebuild(recordings, datasets.load("uci-har", data=data))
    if as_json:
        print_json(result)
        return
    print_table(
        f"{result['n_windows']:,} windows rebuilt from {len(recordings)} recordings",
        ["channel", "largest error"],
        [[channel, f"{error:.1e}"] for channel, error in result["max_abs_error"].items()],
    )
