"""How fast a collection is scored, what it takes, and what that means for large studies.

    python -m benchmarks.scoring [--days 7] [--hours 24]

Simulated people, Parquet to Parquet: hours of recording an hour and core at 50 and 100 Hz; two
workers beside one; the memory of a worker with a recording of a week at 100 Hz. From these come the
tables of docs/scale.md, and a simulation of slow and failing machines with the shards' own times.
Needs no archives. The figures go into `docs/results/scoring.json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cluster_simulation import Machines, simulate_shards
from benchmarks.pages import write_section
from harken.core.files import write_text
from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import simulate
from harken.readers.recording_file import write_recording
from harken.scoring import local
from harken.scoring.job import Job
from harken.scoring.recordings import Settings
from harken.scoring.shards import SHARD_BYTES, Shard
from harken.training.machine import describe_machine

RESULTS = Path("docs/results/scoring.json")
PAGE = Path("docs/scale.md")
RATES_HZ = (50, 100)
#: Recordings of each rate, and hours of each.
N_RECORDINGS = 4
WEEK_H = 168.0
#: One worker and two take turns, for the first one comes right after the files were written.
ROUNDS = 3
PEOPLE, CORES = (1_000, 100_000), (1, 16, 1_000)
#: The goals.
LEAST_HOURS_AN_HOUR, LEAST_SPEED_UP, MOST_OVERHEAD, MOST_MB = 10_000, 1.8, 0.10, 1000


def long_recording(rate_hz: int, hours: float) -> Recording:
    """Half an hour of a simulated person, again and again."""
    once = simulate("1", minutes=30)
    assert once.gyro is not None
    n = int(hours * 3600 * rate_hz)

    def grown(sensor: Sensor) -> Sensor:
        values = np.repeat(sensor.values, rate_hz // 50, axis=0)
        return Sensor(np.arange(n) / rate_hz, np.resize(values, (n, 3)))

    return replace(once, acc=grown(once.acc), gyro=grown(once.gyro), spans=(), placement="waist")


def collection(folder: Path, rate_hz: int, hours: float, n: int) -> Path:
    """So many recordings; bytes on the disk differ from person to person as noise does."""
    recording = long_recording(rate_hz, hours)
    for number in range(n):
        one = replace(recording, subject=str(number), source=f"{number}.csv")
        path = folder / "recordings" / f"subject={number}" / f"{number}.parquet"
        write_recording(one, path, source_sha256=str(number))
    return folder


def scored(job: Job, shards: list[Shard], workers: int) -> dict[str, Any]:
    """Score shards anew; seconds by the wall, and what each shard says."""
    outcomes: list[dict[str, Any]] = []
    began = time.perf_counter()
    local.run(job, shards, workers=workers, ended=lambda _, about: outcomes.append(about))
    seconds = time.perf_counter() - began
    return {
        "wall_s": round(seconds, 2),
        "shard_s": [about["seconds"] for about in outcomes],
        "hours": sum(about["hours"] for about in outcomes),
        "peak_mb": round(max(about["peak_mb"] for about in outcomes)),
    }


def _median(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle, by the time that its shards took."""
    return sorted(runs, key=lambda run: sum(run["shard_s"]))[len(runs) // 2]


def measure(hours: float, days: float) -> dict[str, Any]:
    """All figures."""
    about = describe_machine("cpu", "")
    found: dict[str, Any] = {"machine": f"{about['processor']} ({about['instructions']})"}
    for rate_hz in RATES_HZ:
        with tempfile.TemporaryDirectory() as name:
            folder = collection(Path(name) / "study", rate_hz, hours, N_RECORDINGS)
            job = Job(folder, Path(name) / "scored", "pretrained", Settings())
            shards = job.shards(1)  # one recording each, so that both workers have as much
            total = sum(shard.n_bytes for shard in shards)
            rounds = [(scored(job, shards, 1), scored(job, shards, 2)) for _ in range(ROUNDS)]
            one, two = (_median(some) for some in zip(*rounds, strict=True))
            found[f"{rate_hz}"] = {
                "hours_an_hour": round(3600 * one["hours"] / sum(one["shard_s"])),
                "mb_an_hour": round(total / 1e6 / one["hours"], 3),
                "speed_up": round(one["wall_s"] / two["wall_s"], 3),
                "hour_s": round(sum(one["shard_s"]) / one["hours"], 4),
                "wall_s": [one["wall_s"], two["wall_s"]],
                "shard_s": two["shard_s"],
                "peak_mb": max(one["peak_mb"], two["peak_mb"]),
            }
            # At the size that shards have by default, what is not scoring: start, sending, waiting.
            per_shard_s = SHARD_BYTES / total * sum(one["shard_s"])
            start_s = one["wall_s"] - sum(one["shard_s"])
            found[f"{rate_hz}"]["overhead"] = round(start_s / (start_s + per_shard_s), 4)
            print(rate_hz, found[f"{rate_hz}"], flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = collection(Path(name) / "study", 100, 24 * days, 1)
        job = Job(folder, Path(name) / "scored", "pretrained", Settings())
        week = scored(job, job.shards(1), 1)
        found["week"] = {"days": days, "seconds": week["wall_s"], "peak_mb": week["peak_mb"]}
        print(found["week"], flush=True)
    return found


def rates_table(found: dict[str, Any]) -> str:
    """What one core does."""
    lines = [
        "| recording | hours an hour and core | s for an hour of it | MB on the disk for an hour | "
        "two workers, times one | a worker's memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    for rate_hz in RATES_HZ:
        one = found[str(rate_hz)]
        lines.append(
            f"| {rate_hz} Hz, 6 channels | {one['hours_an_hour']:,} | {one['hour_s']:.3f} | "
            f"{one['mb_an_hour']:.2f} | {one['speed_up']:.2f} | {one['peak_mb']:,} |"
        )
    week = found["week"]
    rate, most = found["50"]["hours_an_hour"], week["peak_mb"]
    overhead = max(found[str(rate_hz)]["overhead"] for rate_hz in RATES_HZ)
    return "\n".join(
        [
            *lines,
            "",
            f"- {LEAST_HOURS_AN_HOUR:,} hours an hour and core at 50 Hz: "
            f"{_met(rate >= LEAST_HOURS_AN_HOUR)} ({rate:,})",
            f"- two workers at least {LEAST_SPEED_UP} times one: "
            f"{_met(found['50']['speed_up'] >= LEAST_SPEED_UP)} ({found['50']['speed_up']:.2f})",
            f"- what is not scoring, at shards of the default size, under {MOST_OVERHEAD:.0%}: "
            f"{_met(overhead < MOST_OVERHEAD)} ({overhead:.1%})",
            f"- a worker under {MOST_MB:,} MB with {week['days']:g} days at 100 Hz: "
            f"{_met(most < MOST_MB)} ({most:,} MB, {week['seconds']:.0f} s)",
            "",
            f"*{found['machine']}; one thread for each worker.*",
        ]
    )


def _met(is_met: bool) -> str:
    return "reached" if is_met else "not reached"


def plan_table(found: dict[str, Any]) -> str:
    """Computed from the rates: people with a week at 50 Hz each."""
    one = found["50"]
    lines = [
        "| people, a week each | hours | on the disk | cores | time | to be read at | bottleneck |",
        "|---|---|---|---|---|---|---|",
    ]
    for people in PEOPLE:
        hours = people * WEEK_H
        gigabytes = hours * one["mb_an_hour"] / 1e3
        for cores in CORES:
            spent_h = hours / one["hours_an_hour"] / cores
            mb_s = gigabytes * 1e3 / (3600 * spent_h)
            bound = "the network of the storage" if mb_s > 1000 else "the cores"
            lines.append(
                f"| {people:,} | {hours:,.0f} | {_size(gigabytes)} | {cores:,} | {_time(spent_h)} "
                f"| {mb_s:,.1f} MB/s | {bound} |"
            )
    return "\n".join(lines)


def _size(gigabytes: float) -> str:
    return f"{gigabytes / 1000:,.1f} TB" if gigabytes >= 1000 else f"{gigabytes:,.0f} GB"


def _time(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:,.0f} days"


def simulation_table(found: dict[str, Any]) -> str:
    """Machines that are slow, or fail, with the shards' own times."""
    one = found["50"]
    hours_a_shard = SHARD_BYTES / 1e6 / one["mb_an_hour"]
    spread = np.array(one["shard_s"]) / np.mean(one["shard_s"])
    shard_s = hours_a_shard * one["hour_s"] * spread
    n_shards = round(PEOPLE[1] * WEEK_H / hours_a_shard)
    lines = [
        "| 1,000 cores | time | beyond the ideal | work done twice |",
        "|---|---|---|---|",
    ]
    for name, machines in {
        "all alike": Machines(1000),
        "one in twenty half as fast": Machines(1000, slow_share=0.05, slow_by=2.0),
        "each fails once a day": Machines(1000, failures_an_hour=1 / 24),
        "both": Machines(1000, slow_share=0.05, slow_by=2.0, failures_an_hour=1 / 24),
    }.items():
        done = simulate_shards(n_shards, shard_s, machines, seed=0)
        ideal_s = n_shards * float(shard_s.mean()) / machines.n
        lines.append(
            f"| {name} | {_time(done.wall_s / 3600)} | {done.wall_s / ideal_s - 1:+.1%} | "
            f"{done.again_s / done.work_s:.2%} |"
        )
    return "\n".join(lines)


SECTIONS = {"rates": rates_table, "plan": plan_table, "simulation": simulation_table}


def main() -> None:
    """Measure and write down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring")
    parser.add_argument("--hours", type=float, default=24.0, help="of each recording")
    parser.add_argument("--days", type=float, default=7.0, help="of the long one")
    asked = parser.parse_args()
    found = measure(asked.hours, asked.days)
    write_text(RESULTS, json.dumps(found, indent=1) + "\n")
    for name, table in SECTIONS.items():
        print(table(found))
        write_section(f"scoring-{name}", table(found), PAGE)


if __name__ == "__main__":
    main()
