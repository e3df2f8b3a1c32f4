"""harken score: what harken predict says, whatever the shards, and whatever is killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harken.cli import main
from harken.core.errors import InputError
from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import simulate
from harken.inference.prediction import predict
from harken.inference.predictor import Predictor
from harken.preparation.resolve import parse_mounting
from harken.scoring.job import Job
from harken.scoring.recordings import days_of, score_recording
from harken.scoring.shards import cut, share

from .conftest import SHARD_BYTES, job_for, put, rows

#: How many processes are killed; `make test-faults` kills more.
N_KILLS = int(os.environ.get("HARKEN_KILLS", "3"))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor("pretrained", threads=1)


@pytest.mark.parametrize("smoothing", ["viterbi", "causal", "none"])
def test_it_says_what_predict_says(
    people: dict[str, Recording], collection: Path, predictor: Predictor, smoothing: str
) -> None:
    settings = job_for(collection, collection, smoothing=smoothing, force=True).settings
    for name, recording in people.items():
        if name == "too-short":
            continue
        path = next((collection / "recordings").glob(f"*/{name}.parquet"))
        scored = score_recording(path, predictor, settings)
        said = predict(path, predictor, smoothing=smoothing, force=True)
        assert len(scored.bouts) == len(said.bouts) > 1, name
        for one, other in zip(scored.bouts, said.bouts, strict=True):
            assert one.activity == other.activity
            assert one.start_s == pytest.approx(other.start_s, abs=1e-6)
            assert one.end_s == pytest.approx(other.end_s, abs=1e-6)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
            assert one.n_windows == other.n_windows
        assert scored.n_windows == len(said.windows)
        assert scored.summary.steps_per_minute == said.summary.steps_per_minute
        assert (scored.mounting.rotation == said.mounting.rotation).all()  # type: ignore[union-attr]
        assert bool(scored.violations) == (recording.placement == "wrist")


def test_days_are_cut_at_midnight(collection: Path, predictor: Predictor) -> None:
    path = next((collection / "recordings").glob("*/over-midnight.parquet"))
    scored = score_recording(path, predictor, job_for(collection, collection).settings)
    days = days_of(scored)
    assert {day.day for day in days} == {date(2026, 11, 24), date(2026, 11, 25)}
    before = sum(day.minutes for day in days if day.number == 0)
    assert before == pytest.approx(1.5, abs=0.05)
    assert sum(day.minutes for day in days) == pytest.approx(sum(scored.summary.minutes.values()))


def test_bad_recordings_are_listed_and_stop_nothing(undisturbed: Path) -> None:
    found = {
        Path(row["recording"]).stem: row["why"]
        for file in (undisturbed / "failures").glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
    }
    assert set(found) == {"too-short", "a-wrist"}
    assert "made for the waist" in found["a-wrist"]
    assert len(rows(undisturbed)["recordings"]) == 11


@pytest.mark.parametrize("n_bytes", [1, 10**9])
def test_shards_change_nothing(
    collection: Path, undisturbed: Path, tmp_path: Path, predictor: Predictor, n_bytes: int
) -> None:
    job = job_for(collection, tmp_path)
    for shard in job.shards(n_bytes):
        job.do(shard, predictor)
    assert rows(tmp_path) == rows(undisturbed)


def score(collection: Path, output: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "harken", "score", str(collection), str(output), "--json",
        "--shard-mb", "1", *more,
    ]  # fmt: skip


def told(collection: Path, output: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(score(collection, output, *more), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_is_done_is_not_done_again(
    collection: Path, undisturbed: Path, tmp_path: Path
) -> None:
    study, output = tmp_path / "study", tmp_path / "scored"
    shutil.copytree(collection, study)
    first = told(study, output)
    assert first["shards"] > 1
    assert (first["shards_done_before"], first["recordings"], first["recordings_failed"]) == (
        0, 11, 2,
    )  # fmt: skip
    assert rows(output) == rows(undisturbed)
    made = {file: file.stat().st_mtime_ns for file in output.glob("*/*")}
    assert told(study, output)["shards_done_before"] == first["shards"]
    assert {file: file.stat().st_mtime_ns for file in output.glob("*/*")} == made
    # One more recording changes the shards beside it; another setting changes all.
    put(study, "one-more", replace(simulate("16", minutes=2), placement="waist", source="more"))
    more = told(study, output)
    assert 0 < more["shards_done_before"] < more["shards"]
    assert more["recordings"] == 12
    assert len(rows(output)["recordings"]) == 12
    assert told(study, output, "--smooth", "none")["shards_done_before"] == 0
    assert len(rows(output)["recordings"]) == 12


def test_machines_that_share_the_work(collection: Path, undisturbed: Path, tmp_path: Path) -> None:
    found = [told(collection, tmp_path, "--shard", f"{i}/3") for i in (1, 2, 3)]
    assert sum(one["recordings"] for one in found) == 11
    assert rows(tmp_path) == rows(undisturbed)


def test_two_jobs_on_one_output(collection: Path, undisturbed: Path, tmp_path: Path) -> None:
    jobs = [
        subprocess.Popen(score(collection, tmp_path, "--workers", "1"), stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0]
    assert rows(tmp_path) == rows(undisturbed)


def test_killed_workers_lose_nothing(collection: Path, undisturbed: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    n_killed = 0
    while n_killed < N_KILLS:
        # A shard that was hit three times is left to the next run; a whole job begins anew.
        output = tmp_path / str(n_killed)
        job = subprocess.Popen(
            score(collection, output, "--workers", "2"), stdout=subprocess.DEVNULL
        )
        while job.poll() is None and n_killed < N_KILLS:
            time.sleep(rng.uniform(0.2, 1.0))
            for child in children(job.pid)[:1]:
                os.kill(child, signal.SIGKILL)
                n_killed += 1
        assert job.wait(timeout=120) in (0, 1)
        told(collection, output)
        assert rows(output) == rows(undisturbed)


def children(pid: int) -> list[int]:
    """Processes that any thread of a process began."""
    try:
        tasks = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(word) for text in tasks for word in text.split()]


def test_a_killed_job_goes_on(collection: Path, undisturbed: Path, tmp_path: Path) -> None:
    rng = random.Random(1)
    for _ in range(N_KILLS):
        job = subprocess.Popen(
            score(collection, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.5, 2.0))
        job.kill()
        job.wait()
    told(collection, tmp_path)
    assert rows(tmp_path) == rows(undisturbed)


def test_a_damaged_recording_is_listed(
    collection: Path, tmp_path: Path, predictor: Predictor
) -> None:
    study = tmp_path / "study"
    shutil.copytree(collection, study)
    broken = next((study / "recordings").glob("*/walk-3.parquet"))
    content = broken.read_bytes()
    broken.write_bytes(content[: len(content) // 2])
    hurt = next((study / "recordings").glob("*/walk-4.parquet"))
    content = bytearray(hurt.read_bytes())
    content[1000:60_000] = os.urandom(59_000)
    hurt.write_bytes(content)
    job = job_for(study, tmp_path / "scored")
    for shard in job.shards(SHARD_BYTES):
        job.do(shard, predictor)
    failed = [json.loads(row) for row in rows(job.output)["failures"]]
    why = {Path(row["recording"]).stem: row["why"] for row in failed}
    assert {"walk-3", "walk-4"} < set(why)
    assert "Parquet" in why["walk-3"]
    assert "damaged" in why["walk-4"]


def test_a_full_disk_is_told_and_the_next_run_goes_on(
    collection: Path, undisturbed: Path, tmp_path: Path
) -> None:
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))\n"
        "from harken.cli import main; import sys; main(sys.argv[1:])"
    )
    command = score(collection, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", limited, *command[3:]], capture_output=True, text=True
    )
    assert done.returncode == 1
    failed = json.loads(done.stdout)["shards_failed"]
    assert failed
    assert all("Traceback" not in why and "written" in why for why in failed.values())
    told(collection, tmp_path)
    assert rows(tmp_path) == rows(undisturbed)


def test_a_long_recording_streams_through(tmp_path: Path) -> None:
    """A day at 50 Hz, whose samples and windows would take 0.7 GB."""
    n = 86_400 * 50
    rng = np.random.default_rng(0)
    values = rng.standard_normal((n, 3), np.float32) * 0.02
    acc, gyro = values.astype(np.float64), values.astype(np.float64)
    acc[:, 0] += 1
    time_s = np.arange(n) / 50
    recording = Recording(
        Sensor(time_s, acc), Sensor(time_s, gyro), subject="a", placement="waist", source="long"
    )
    put(tmp_path / "study", "long", recording)
    job = job_for(tmp_path / "study", tmp_path / "scored", mounting="as-worn", force=True)
    [shard] = job.shards(10**9)
    process = subprocess.run(
        [sys.executable, "-m", "harken.scoring.worker"],
        input=json.dumps(job.as_dict()) + "\n" + json.dumps(shard.as_dict()) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    about = json.loads(process.stdout)
    assert about["n_recordings"] == 1
    assert about["hours"] == pytest.approx(24, abs=0.01)
    assert about["peak_mb"] < 700


def test_gait_is_found_wherever_it_is(tmp_path: Path, predictor: Predictor) -> None:
    """In six hours of sitting, two minutes of walking between the stretches that are inspected."""
    walker = simulate("1", minutes=4)
    assert walker.gyro is not None
    seated = next(span for span in walker.spans if span.label == "SITTING")
    walks = next(span for span in walker.spans if span.label == "WALKING")
    n, first = 6 * 3600 * 50, 170_000

    def grown(sensor: Sensor) -> Sensor:
        sits = sensor.values[round(seated.start_s * 50) + 50 : round(seated.end_s * 50) - 50]
        values = np.resize(sits, (n, 3))
        gait = sensor.values[round(walks.start_s * 50) : round(walks.end_s * 50)]
        values[first : first + 6000] = np.resize(gait, (6000, 3))
        return Sensor(np.arange(n) / 50, values)

    recording = replace(walker, acc=grown(walker.acc), gyro=grown(walker.gyro), spans=())
    path = put(tmp_path, "sits", recording)
    scored = score_recording(path, predictor, job_for(tmp_path, tmp_path).settings)
    assert scored.mounting.method == "gait"
    assert scored.summary.steps_per_minute is not None
    assert 80 < scored.summary.steps_per_minute < 140


def test_shards_keep_their_bounds() -> None:
    recordings = [(f"recordings/{n:04}", 100 + n % 7) for n in range(1000)]
    shards = cut(recordings, "job", 2000)
    assert [one for shard in shards for one in shard.inputs] == recordings
    assert max(shard.n_bytes for shard in shards) <= 2000
    assert cut([("a", 10**6)], "job", 10)[0].n_bytes == 10**6
    # One that is taken out changes the shards beside it alone.
    fewer = cut(recordings[:500] + recordings[501:], "job", 2000)
    assert len({s.key for s in shards} & {s.key for s in fewer}) > 0.8 * len(shards)
    parts = [share(shards, f"{i}/4") for i in (1, 2, 3, 4)]
    assert sorted(s.key for part in parts for s in part) == sorted(s.key for s in shards)
    for text in ("0/4", "5/4", "1", "a/b", "1/0"):
        with pytest.raises(InputError, match="no share"):
            share(shards, text)


def test_a_job_survives_json(tmp_path: Path) -> None:
    for mounting in ("estimate", "0 0 1 1 0 0 0 1 0"):
        job = job_for(tmp_path, tmp_path, mounting=parse_mounting(mounting), placement="waist")
        again = Job.of_dict(json.loads(json.dumps(job.as_dict())))
        assert again.as_dict() == job.as_dict()


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--engine", "spark"], "engine"),
        (["--shard", "9/3"], "no share"),
        (["--mounting", "x"], "mounting"),
        (["--model", "none"], "none"),
    ],
)
def test_mistakes_are_told(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], text: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["score", str(collection), str(tmp_path / "out"), *more])
    assert ended.value.code == 2
    assert text in capsys.readouterr().err
