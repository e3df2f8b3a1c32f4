"""Recordings as Parquet: nothing is lost, any program opens them, imports go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harken.core.errors import FormatError, InputError
from harken.core.recording import Recording, Sensor
from harken.datasets.import_folder import import_folder
from harken.inference.prediction import predict
from harken.readers.recording_file import ROW_GROUP, RecordingFile, write_recording
from harken.store import listed

from .conftest import put

WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


def same(one: Sensor, other: Sensor) -> None:
    np.testing.assert_array_equal(one.time_s, other.time_s)
    np.testing.assert_array_equal(one.values.astype(np.float32), other.values.astype(np.float32))


def test_nothing_is_lost(people: dict[str, Recording], collection: Path) -> None:
    for name, recording in people.items():
        path = collection / "recordings" / f"subject={recording.subject}" / f"{name}.parquet"
        with RecordingFile(path) as file:
            found = file.read()
            assert file.about.n_acc == len(recording.acc)
        same(found.acc, recording.acc)
        assert (found.gyro is None) == (recording.gyro is None)
        if found.gyro is not None and recording.gyro is not None:
            same(found.gyro, recording.gyro)
        for field in ("subject", "placement", "start_utc", "spans", "source", "notes"):
            assert getattr(found, field) == getattr(recording, field)


_TIMES = st.floats(0, 1e6).map(lambda value: round(value, 3))


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.integers(2, 40), elements=_TIMES),
    arrays(np.float64, st.integers(2, 40), elements=_TIMES),
)
def test_clocks_of_their_own_survive(
    tmp_path_factory: pytest.TempPathFactory, acc_s: np.ndarray, gyro_s: np.ndarray
) -> None:
    """Even where times repeat or run backwards: no sample is moved."""
    path = tmp_path_factory.mktemp("clocks") / "a.parquet"
    acc = Sensor(acc_s, np.arange(3.0 * len(acc_s)).reshape(-1, 3))
    gyro = Sensor(gyro_s, np.arange(3.0 * len(gyro_s)).reshape(-1, 3))
    if np.isnan(acc.rate_hz) or np.isnan(gyro.rate_hz):
        return
    write_recording(Recording(acc, gyro, source="a"), path, source_sha256="")
    with RecordingFile(path) as file:
        found = file.read()
    same(found.acc, acc)
    assert found.gyro is not None
    same(found.gyro, gyro)


def test_other_programs_open_it_as_it_is(collection: Path) -> None:
    table = ds.dataset(collection / "recordings", partitioning="hive").to_table()
    assert "subject" in table.column_names
    assert len(table) > 60_000
    file = next((collection / "recordings").glob("*/walk-1.parquet"))
    assert {bout.activity for bout in predict(file).bouts} > {"WALKING", "SITTING"}


def test_an_import_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, collection = tmp_path / "in", tmp_path / "study"
    for person in ("anna", "ben"):
        (folder / person).mkdir(parents=True)
        shutil.copy(WALK, folder / person / "walk.csv")
    (folder / "ben" / "bad.csv").write_text("time,acc_x\n1,2\n2,3\n3,4\n")
    first = import_folder(folder, collection)
    assert (first.n_new, first.n_kept, list(first.failures)) == (2, 0, ["ben/bad.csv"])
    [failure] = pq.read_table(collection / "failures.parquet").to_pylist()
    assert failure["source"] == "ben/bad.csv"
    assert "acc_y" in failure["why"]
    # Mended, and one that is new.
    (folder / "ben" / "bad.csv").unlink()
    (folder / "carl").mkdir()
    shutil.copy(WALK, folder / "carl" / "walk.csv")
    again = import_folder(folder, collection, placement="waist")
    assert (again.n_new, again.n_kept, again.failures) == (1, 2, {})
    assert pq.read_table(collection / "failures.parquet").num_rows == 0
    paths = [path for path, _ in listed(collection)]
    assert [path.split("/")[1] for path in paths] == [
        "subject=anna", "subject=ben", "subject=carl",
    ]  # fmt: skip
    with RecordingFile(collection / paths[2]) as file:
        assert file.about.placement == "waist"


def test_long_ones_are_sketched(tmp_path: Path) -> None:
    n = 5 * ROW_GROUP
    acc = Sensor(np.arange(n) / 50, np.ones((n, 3)))
    path = put(tmp_path, "long", Recording(acc, subject="a", source="long"))
    with RecordingFile(path) as file:
        assert len(file.read().acc) == n
        sketch = file.sketch(3 * ROW_GROUP).acc
        pieces = [piece.time_s for piece, _ in file.pieces()]
    assert len(sketch) == 5 * (3 * ROW_GROUP // 5)  # as much of each of the five
    assert sketch.time_s[0] == 0
    assert sketch.time_s[-1] == acc.time_s[-1]
    np.testing.assert_array_equal(np.concatenate(pieces), acc.time_s)


def test_what_is_no_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="harken data import"):
        listed(tmp_path)
    with pytest.raises(InputError, match="no files"):
        import_folder(tmp_path, tmp_path / "study")
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(FormatError, match="cannot be read as Parquet"):
        RecordingFile(file)
    pq.write_table(pa.table({"a": [1, 2]}), file)
    with pytest.raises(FormatError, match="no recording of a collection"):
        RecordingFile(file)
