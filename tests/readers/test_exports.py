"""What single formats add to the contract: bombs, pauses, JSON, gravity, labels, own columns."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import FormatError, HarkenError, MissingExtraError
from harken.core.recording import Recording, Span
from harken.readers import parse_columns, sniff
from harken.readers.units import NO_GRAVITY

GOLDEN = Path(__file__).parent / "golden"


def read(path: Path, **options: object) -> Recording:
    recording = harken.read(path, **options)  # type: ignore[arg-type]
    assert isinstance(recording, Recording)
    return recording


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows(n: int = 50, cells: str = "0.1,0.2,0.97") -> str:
    return "".join(f"{i / 50:.2f},{cells}\n" for i in range(n))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({f"{i}.csv": b"" for i in range(2001)}, "2,001 entries"),
        ({"Accelerometer.csv": bytes(600 * 2**20)}, "no file of the recording has more"),
        ({"Accelerometer.csv": b"1," * (20 * 2**20)}, "would grow .* times"),
    ],
    ids=["entries", "size", "ratio"],
)
def test_zip_bombs(members: dict[str, bytes], message: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(FormatError, match=message):
        read(tmp_path / "bomb.zip")


def test_a_folder_of_folders_is_not_searched_without_end(tmp_path: Path) -> None:
    write(tmp_path / "/".join("abcdefgh") / "deep.csv", "time,ax,ay,az\n" + rows())
    with pytest.raises(FormatError, match="no recording that Harken knows: found no files"):
        read(tmp_path)


def test_pauses_of_phyphox_become_gaps(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "phyphox/comma", tmp_path / "walk")
    write(
        tmp_path / "walk/meta/time.csv",
        '"event","experiment time","system time","system time text"\n'
        '"START",0.0,1700000000.0,""\n"PAUSE",2.0,1700000002.0,""\n'
        '"START",2.0,1700000012.5,""\n"PAUSE",4.0,1700000014.5,""\n',
    )
    recording = read(tmp_path / "walk")
    np.testing.assert_allclose(recording.acc.time_s[:100], np.arange(100) / 50, atol=1e-9)
    np.testing.assert_allclose(recording.acc.time_s[100:], 12.5 + np.arange(100) / 50, atol=1e-6)
    assert any("1 pause of 10.5 s" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ('"Time (s)",' + ",".join(f'"Linear Acceleration {a} (m/s^2)"' for a in "xyz"), "1,0,-1"),
        ("time,ax,ay,az,aT", "0.5,0,-1,1"),
        ("time,acc_x,acc_y,acc_z", "0.05,0,-0.1"),
        ("time_s,acc_x (g),acc_y (g),acc_z (g)", "0.05,0,-0.1"),
        ("seconds_elapsed,x,y,z", "0.5,0,-1"),
    ],
)
def test_acceleration_without_gravity_is_read_and_noted(
    header: str, cells: str, tmp_path: Path
) -> None:
    recording = read(write(tmp_path / "Accelerometer.csv", f"{header}\n{rows(cells=cells)}"))
    assert NO_GRAVITY in recording.notes


def test_uncalibrated_acceleration_is_in_g_on_ios(tmp_path: Path) -> None:
    write(tmp_path / "AccelerometerUncalibrated.csv", "seconds_elapsed,x,y,z\n" + rows())
    write(tmp_path / "Metadata.csv", "platform\nios\n")
    np.testing.assert_allclose(read(tmp_path).acc.values[0], [-0.1, -0.2, -0.97])


def test_json_that_is_cut_off(tmp_path: Path) -> None:
    text = (GOLDEN / "sensor-logger/ios.json").read_text()
    with pytest.raises(FormatError, match="not whole JSON"):
        read(write(tmp_path / "a.json", text[: len(text) // 2]))


def test_labels_and_subject_of_a_table() -> None:
    recording = read(GOLDEN / "table/labelled.csv")
    assert recording.spans == (Span(1.0, 3.0, "walking"), Span(3.0, 4.0, "standing"))
    assert recording.subject == "p1"
    assert read(GOLDEN / "table/labelled.csv", subject="anna").subject == "anna"


def test_two_subjects_in_a_table(tmp_path: Path) -> None:
    text = "time,ax,ay,az,subject\n0,1,0,0,1\n0.02,1,0,0,1\n0.04,1,0,0,2\n"
    with pytest.raises(FormatError, match=r"found 2 subjects .*Split the file by subject"):
        read(write(tmp_path / "a.csv", text))


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "when,forward,left,up\n" + rows())
    names = {"time": "when", "acc_x": "forward", "acc_y": "left", "acc_z": "up"}
    np.testing.assert_allclose(read(path, columns=names).acc.values[0], [0.1, 0.2, 0.97])
    with pytest.raises(HarkenError, match="Did you mean 'acc_x'"):
        read(path, columns={"accx": "forward"})
    with pytest.raises(FormatError, match="has no column 'down' for acc_z; the columns are when"):
        read(path, columns={**names, "acc_z": "down"})


@pytest.mark.parametrize("text", ["", "time", "time=", "=t", "time=t,time=u", "time=t,,acc_x=x"])
def test_columns_in_words_of_another_form(text: str) -> None:
    assert parse_columns("time=t, acc_x = A X") == {"time": "t", "acc_x": "A X"}
    with pytest.raises(FormatError, match="expected each role once"):
        parse_columns(text)


def test_decimal_commas_between_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,ax,ay,az\n" + "0,02,0,1,0,2,0,97\n" * 5)
    with pytest.raises(FormatError, match=r"line 2: found 8 cells.*decimal points too"):
        read(path)


def test_degrees_a_second_are_told_by_their_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "t,ax,ay,az,gx,gy,gz\n" + rows(cells="0,0,1,90,-180,45"))
    gyro = read(path).gyro
    assert gyro is not None
    np.testing.assert_allclose(gyro.values[0], np.radians([90, -180, 45]))


def test_a_gyroscope_that_is_empty_is_none(tmp_path: Path) -> None:
    recording = read(write(tmp_path / "a.csv", "t,ax,ay,az,gx,gy,gz\n" + rows(cells="0,0,1,,,")))
    assert recording.gyro is None
    assert "the columns of the gyroscope are empty" in recording.notes


def test_tables_in_utf_16_and_old_line_ends(tmp_path: Path) -> None:
    text = "t,ax,ay,az\n" + rows()
    (tmp_path / "wide.csv").write_bytes(text.encode("utf-16"))
    (tmp_path / "old.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r").encode())
    for name in ("wide.csv", "old.csv"):
        assert len(read(tmp_path / name).acc) == 50


def test_several_recordings_in_a_folder(tmp_path: Path) -> None:
    for name in ("acc_walking_waist.csv", "acc_walking_shin.csv"):
        shutil.copy(GOLDEN / "sensor-data-collector/walking/acc_walking_waist.csv", tmp_path / name)
    with pytest.raises(FormatError, match="2 files of acceleration"):
        read(tmp_path)


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    ns = [1_700_000_000_123_456_789 + i * 20_000_000 for i in range(50)]
    columns = {"timestamp": ns, "ax": [0.1] * 50, "ay": [0.2] * 50, "az": [None] + [0.97] * 49}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    recording = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(recording.acc.time_s, np.arange(49) / 50, atol=1e-9)
    assert any("1 of 50 rows without acceleration" in note for note in recording.notes)
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-20])
    with pytest.raises(FormatError, match="not a whole Parquet file"):
        read(tmp_path / "b.parquet")


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_of_parquet_in_nanoseconds(zone: str | None, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    ns = pyarrow.array(1_700_000_000_123_456_789 + np.arange(50) * 20_000_000)
    columns = {"time": ns.cast(pyarrow.timestamp("ns", zone))}
    columns |= {name: [0.1, 0.97] * 25 for name in ("ax", "ay", "az")}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    recording = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(recording.acc.time_s, np.arange(50) / 50, atol=2e-6)
    assert (recording.start_utc is not None) == (zone is not None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([float("inf")] * 50, "row 1, column 'az': found 'inf'; expected a number"),
        ([[1.0, 2.0]] * 50, r"row 1, column 'az': found '\[1.0, 2.0\]'"),
        (["oops"] * 50, "row 1, column 'az': found 'oops'"),
        ([None] * 50, "'az' is empty in 50"),
        ([0.97], "1 rows of samples"),
    ],
)
def test_faults_of_parquet(values: list[object], message: str, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {name: [0.1] * len(values) for name in ("ax", "ay")} | {"az": values}
    columns["time"] = [i / 50 for i in range(len(values))]
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=message):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize("first_line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_a_first_line_that_names_the_separator(first_line: str, tmp_path: Path) -> None:
    """As Excel wants it: the header itself would be told to have commas."""
    text = f"{first_line}\ntime;ax;ay;az;note, of, many, commas, in, it\n"
    path = write(tmp_path / "a.csv", text + rows(cells="0.1,0.2,0.97,").replace(",", ";"))
    assert len(read(path).acc) == 50
    path.write_text(path.read_text().replace("0.04;0.1", "0.04;oops"))
    with pytest.raises(FormatError, match="line 5, column 'ax': found 'oops'"):
        read(path)


def test_a_first_line_that_names_the_separator_hides_no_app(tmp_path: Path) -> None:
    plain = (GOLDEN / "physics-toolbox/plain.csv").read_text()
    path = write(tmp_path / "a.csv", "sep=,\n" + plain)
    assert sniff(path).name == "physics-toolbox"
    assert len(read(path).acc) == 200


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'harken\[table\]'"):
        read(write(tmp_path / "a.parquet", "PAR1"))
