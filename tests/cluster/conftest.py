"""A collection of simulated people, and how its scored tables are compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import simulate
from harken.readers.recording_file import write_recording
from harken.scoring.job import TABLES, Job
from harken.scoring.recordings import Settings

#: Small enough that the collection has several shards.
SHARD_BYTES = 500_000
START_UTC = datetime(2026, 11, 24, 23, 58, 30, tzinfo=UTC)


def other_clock(recording: Recording) -> Recording:
    """As of a device whose gyroscope has a clock and a rate of its own."""
    assert recording.gyro is not None
    gyro = Sensor(recording.gyro.time_s[::2] + 0.0037, recording.gyro.values[::2])
    return replace(recording, gyro=gyro)


@pytest.fixture(scope="session")
def people() -> dict[str, Recording]:
    """Recordings of all kinds, by name."""
    found = {f"walk-{n}": simulate(str(n), minutes=2) for n in range(1, 9)}
    found["no-gyroscope"] = replace(simulate("11", minutes=2), gyro=None)
    found["two-clocks"] = other_clock(simulate("12", minutes=2))
    found["over-midnight"] = replace(simulate("13", minutes=4), start_utc=START_UTC)
    found["too-short"] = cut_off(simulate("14", minutes=2), 1.0)
    found["a-wrist"] = replace(simulate("15", minutes=2), placement="wrist")
    return {
        name: replace(one, source=f"{one.subject}/{name}.csv", placement=one.placement or "waist")
        for name, one in found.items()
    }


def cut_off(recording: Recording, seconds: float) -> Recording:
    """Its beginning."""
    assert recording.gyro is not None
    n = int(seconds * 50)
    return replace(
        recording,
        acc=Sensor(recording.acc.time_s[:n], recording.acc.values[:n]),
        gyro=Sensor(recording.gyro.time_s[:n], recording.gyro.values[:n]),
        spans=(),
    )


def put(collection: Path, name: str, recording: Recording) -> Path:
    """A recording into a collection."""
    path = collection / "recordings" / f"subject={recording.subject}" / f"{name}.parquet"
    digest = hashlib.sha256(name.encode()).hexdigest()
    write_recording(recording, path, source_sha256=digest)
    return path


@pytest.fixture(scope="session")
def collection(people: dict[str, Recording], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for name, recording in people.items():
        put(folder, name, recording)
    return folder


def job_for(collection: Path, output: Path, **settings: object) -> Job:
    return Job(collection, output, "pretrained", Settings(**settings))  # type: ignore[arg-type]


def rows(output: Path) -> dict[str, list[str]]:
    """All rows of all tables, in an order that does not depend on shards."""
    return {
        name: sorted(
            json.dumps(row, default=str, sort_keys=True)
            for file in (output / name).glob("*.parquet")
            for row in pq.read_table(file).to_pylist()
        )
        for name in TABLES
    }


@pytest.fixture(scope="session")
def undisturbed(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, scored by one process without any trouble."""
    from harken.inference.predictor import Predictor

    job = job_for(collection, tmp_path_factory.mktemp("scored"))
    predictor = Predictor("pretrained", threads=1)
    for shard in job.shards(SHARD_BYTES):
        job.do(shard, predictor)
    return job.output
