"""A collection as a dataset: the windows of its recordings, which stay on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import FormatError, InputError
from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import simulate
from harken.readers import read
from harken.readers.recording_file import write_recording
from harken.signal.path import filter_recording
from harken.signal.rows import Rows, sample_of
from harken.signal.windows import Windows, WindowSpec, concatenate, cut

PEOPLE = ("1", "2", "3", "4")


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    for name in PEOPLE:
        put(tmp_path / "study", replace(simulate(name, minutes=4), subject=name))
    return tmp_path / "study"


def put(study: Path, recording: Recording) -> Path:
    path = study / "recordings" / f"subject={recording.subject}" / f"{recording.subject}.parquet"
    write_recording(recording, path, source_sha256="0")
    return path


def whole(collection: Path, labels: tuple[str, ...]) -> Windows:
    """The same windows, each recording cut in memory."""
    parts = []
    for path in sorted(collection.rglob("*.parquet")):
        recording = read(path)
        assert isinstance(recording, Recording)
        parts.append(cut(filter_recording(recording), WindowSpec(), labels))
    return concatenate(parts)


def test_its_windows_are_those_of_its_recordings(collection: Path) -> None:
    found = harken.load(str(collection))
    expected = whole(collection, found.labels)
    assert isinstance(found.x, Rows)
    np.testing.assert_array_equal(np.asarray(found.x), expected.x)
    for name in ("y", "subject", "start_s", "warm_up"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.subjects == PEOPLE


def test_what_is_selected_is_what_an_array_would_give(collection: Path) -> None:
    found = harken.load(str(collection))
    plain = replace(found, x=np.asarray(found.x))
    rng = np.random.default_rng(0)
    for which in (
        rng.permutation(len(found))[:50],
        found.y == 2,
        np.arange(len(found))[::-1],
        np.empty(0, np.int64),
    ):
        some, expected = found.select(which), plain.select(which)
        for names in ("all", "accelerometer", ("total_acc_z", "body_acc_x")):
            one, other = some.with_channels(names), expected.with_channels(names)
            assert isinstance(one.x, Rows)
            np.testing.assert_array_equal(np.asarray(one.x), other.x)
            assert one.x.shape == other.x.shape
            if len(one):
                np.testing.assert_array_equal(one.x[-1], other.x[-1])


def test_a_changed_collection_is_cut_anew(collection: Path) -> None:
    before = harken.load(str(collection))
    put(collection, replace(simulate("9", minutes=4), subject="9"))
    after = harken.load(str(collection))
    assert len(after) > len(before)
    assert after.subjects == (*PEOPLE, "9")


def test_a_file_that_was_cut_short_is_told(collection: Path, tmp_path: Path) -> None:
    found = harken.load(str(collection))
    [file] = (tmp_path / "cache").glob("collection-*/windows.f32")
    with file.open("r+b") as kept:
        kept.truncate(1000)
    with pytest.raises(FormatError, match="cut short"):
        np.asarray(found.x)
    again = harken.load(str(collection))
    assert len(np.asarray(again.x)) == len(found)


def test_without_labels_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    put(tmp_path / "study", replace(simulate("1", minutes=1), spans=()))
    with pytest.raises(InputError, match="labelled"):
        harken.load(str(tmp_path / "study"))


def test_it_is_learnt_from_as_from_memory(collection: Path, tmp_path: Path) -> None:
    found = harken.load(str(collection))
    given = {"preset": "conv-bilstm", "epochs": 1.0}
    on_disk = harken.train(str(collection), out=tmp_path / "disk", **given)
    in_memory = harken.train(
        replace(found, x=np.asarray(found.x)), out=tmp_path / "memory", **given
    )
    assert on_disk.metrics["accuracy"] == pytest.approx(in_memory.metrics["accuracy"], abs=1e-6)
    np.testing.assert_allclose(
        on_disk.predictions.probability, in_memory.predictions.probability, atol=1e-5
    )


TRAIN = """
import json, sys
import harken
from harken.core.peak_memory import peak_mb
run = harken.train(sys.argv[1], preset="stacked-lstm", epochs=0.05, out=sys.argv[2])
print(json.dumps({"mb": peak_mb(), "n": run.metrics["n_windows"]}))
"""


@pytest.mark.long
def test_memory_does_not_grow_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four people with a labelled day each, whose windows take 1.2 GB."""
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    told = {}
    for hours in (1, 24):
        study = tmp_path / f"study-{hours}"
        for name in PEOPLE:
            put(study, again(replace(simulate(name, minutes=30), subject=name), 2 * hours))
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, str(study), str(tmp_path / f"run-{hours}")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told[hours] = json.loads(done.stdout.splitlines()[-1])
    assert told[24]["n"] > 20 * told[1]["n"]
    assert told[24]["mb"] < told[1]["mb"] + 400


def again(recording: Recording, times: int) -> Recording:
    """The same recording, so many times in a row."""
    length_s = recording.acc.time_s[-1] + 1 / recording.acc.rate_hz

    def grown(sensor: Sensor | None) -> Sensor:
        assert sensor is not None
        n = len(sensor) * times
        return Sensor(np.arange(n) / sensor.rate_hz, np.tile(sensor.values, (times, 1)))

    spans = tuple(
        replace(span, start_s=span.start_s + n * length_s, end_s=span.end_s + n * length_s)
        for n in range(times)
        for span in recording.spans
    )
    return replace(recording, acc=grown(recording.acc), gyro=grown(recording.gyro), spans=spans)


@pytest.mark.parametrize("most", [10, 1000])
def test_a_sample_is_spread_evenly(collection: Path, most: int) -> None:
    found = harken.load(str(collection))
    plain = np.asarray(found.x)
    for x in (found.x, plain):
        sample = sample_of(x, most)
        assert len(sample) == min(most, len(plain))
        np.testing.assert_array_equal(sample[[0, -1]], plain[[0, -1]])
