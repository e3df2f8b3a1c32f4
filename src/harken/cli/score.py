"""harken score: activities in a whole collection."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harken.cli.output import (
    AddressOption,
    JsonOption,
    MountingOption,
    PlacementOption,
    console,
    counted,
    example,
    print_json,
)
from harken.model import pretrained

if TYPE_CHECKING:
    from harken.scoring.job import Job
    from harken.scoring.local import Ended
    from harken.scoring.shards import Shard

EXAMPLE = example("harken score study/ scored/", "harken score study/ scored/ --shard 3/16")


def score(
    collection: Annotated[
        Path, typer.Argument(metavar="COLLECTION", help="Made by `harken data import`.")
    ],
    output: Annotated[
        Path,
        typer.Argument(metavar="OUTPUT", help="Where the tables go."),
    ],
    model: Annotated[
        str, typer.Option(help="A model file (RUN/model.onnx), or one that ships (harken models).")
    ] = pretrained.DEFAULT,
    placement: PlacementOption = None,
    mounting: MountingOption = "estimate",
    smooth: Annotated[
        str, typer.Option(metavar="WAY", help="viterbi, causal or none, as for `harken predict`.")
    ] = "viterbi",
    force: Annotated[
        bool, typer.Option("--force", help="Score recordings too that the model is not made for.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local (processes here) or ray.")] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes here; all cores where left out.")
    ] = None,
    address: AddressOption = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="A share of the work, one for each of N machines: 1/N ... N/N."
        ),
    ] = None,
    shard_mb: Annotated[int, typer.Option(min=1, help="Megabytes of recordings in a shard.")] = 256,
    as_json: JsonOption = False,
) -> None:
    """Score a collection: bouts, minutes by day, and what could not be scored, as Parquet.

    What is done is not done again: after a stop, or when recordings were added, the same command
    does what is missing. A recording that cannot be scored is listed, and stops nothing.
    """
    from harken.store import require_pyarrow

    require_pyarrow()
    from harken.core.ray_cluster import known_engine
    from harken.model.smoothing import known_way
    from harken.preparation.resolve import parse_mounting, placement_of
    from harken.scoring.job import Job
    from harken.scoring.recordings import Settings
    from harken.scoring.shards import share

    known_engine(engine)
    settings = Settings(
        placement=None if placement is None else placement_of(placement),
        mounting=parse_mounting(mounting),
        smoothing=known_way(smooth),
        force=force,
    )
    job = Job(collection.absolute(), output.absolute(), model, settings)
    shards = job.shards(shard_mb * 2**20)
    job.remove_others(shards)
    mine = shards if shard is None else share(shards, shard)
    missing = [one for one in mine if not job.is_done(one)]
    failures = _do(job, missing, engine, workers or os.cpu_count() or 1, address, quiet=as_json)
    told = _told(job, mine, missing, failures)
    if as_json:
        print_json(told)
    else:
        _print(output, told)
    if failures:
        raise typer.Exit(1)


def _do(
    job: Job, shards: list[Shard], engine: str, workers: int, address: str | None, *, quiet: bool
) -> dict[str, str]:
    """Score shards; why by key of those that failed."""
    from harken.scoring import local, on_ray

    failures: dict[str, str] = {}
    with _Progress(shards, quiet=quiet) as ended:

        def keep(shard: Shard, about: dict[str, Any]) -> None:
            if "error" in about:
                failures[shard.key] = about["error"]
            ended(shard, about)

        if not shards:
            pass
        elif engine == "ray":
            on_ray.run(job, shards, workers=workers, address=address, ended=keep)
        else:
            local.run(job, shards, workers=workers, ended=keep)
    return failures


class _Progress:
    """A bar over bytes, with the rate and the time left."""

    def __init__(self, shards: list[Shard], *, quiet: bool) -> None:
        from harken.cli.progress import counting

        self._n_bytes = sum(shard.n_bytes for shard in shards)
        self._done_bytes = 0
        self._hours = 0.0
        self._began_s = time.monotonic()
        self._counting = counting("MB", quiet=quiet)

    def __enter__(self) -> Ended:
        self._tell = self._counting.__enter__()
        return self._ended

    def __exit__(self, *error: Any) -> None:
        self._counting.__exit__(*error)

    def _ended(self, shard: Shard, about: dict[str, Any]) -> None:
        self._done_bytes += shard.n_bytes
        self._hours += about.get("hours", 0.0)
        rate = 3600 * self._hours / (time.monotonic() - self._began_s)
        self._tell(self._done_bytes // 10**6, self._n_bytes // 10**6, f"{rate:,.0f} hours an hour")


def _told(
    job: Job, shards: list[Shard], missing: list[Shard], failures: dict[str, str]
) -> dict[str, Any]:
    done = [job.done(shard) for shard in shards if job.is_done(shard)]
    return {
        "output": str(job.output),
        "shards": len(shards),
        "shards_done_before": len(shards) - len(missing),
        "shards_failed": failures,
        "recordings": sum(one["n_recordings"] for one in done),
        "recordings_failed": sum(one["n_failed"] for one in done),
        "hours": round(sum(one["hours"] for one in done), 2),
    }


def _print(output: Path, told: dict[str, Any]) -> None:
    console().print(
        f"{output}: {counted(told['recordings'], 'recording')}, {told['hours']:,.1f} hours, in "
        f"{counted(told['shards'], 'shard')}, {told['shards_done_before']} of which were done "
        "before",
        soft_wrap=True,
    )
    if told["recordings_failed"]:
        console().print(
            f"{counted(told['recordings_failed'], 'recording')} could not be scored: see "
            f"{output}/failures",
            soft_wrap=True,
        )
    for key, why in told["shards_failed"].items():
        console(to_stderr=True).print(f"harken: shard {key}: {why}", soft_wrap=True, markup=False)
