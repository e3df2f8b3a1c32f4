"""One contract for all readers: golden samples, planted faults, fuzz, nothing lost in silence."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harken
from harken.core.errors import HarkenError
from harken.core.recording import Recording
from harken.readers import READERS, sniff
from harken.readers.export import Export
from harken.signal.path import filter_recording

GOLDEN = Path(__file__).parent / "golden"
MOVEMENT = runpy.run_path(str(GOLDEN / "make.py"))


@dataclass(frozen=True)
class Case:
    """A golden sample: the reader it belongs to, and how far its rounding may take it.

    `main` is the file with the acceleration, `column` its x, `rows_a_sample` how many rows the
    app writes for one sample of every sensor.
    """

    reader: str
    sample: str
    acc_g: float
    gyro_rad_s: float | None
    main: str = ""
    column: str = ""
    rows_a_sample: int = 1

    @property
    def path(self) -> Path:
        return GOLDEN / self.reader / self.sample


CASES = [
    Case("sensor-logger", "android", 1e-9, 1e-9, "TotalAcceleration.csv", "x"),
    Case("sensor-logger", "ios", 5e-4, 1e-9, "Accelerometer.csv", "x"),
    Case("sensor-logger", "ios-standardised", 5e-4, 1e-9, "Accelerometer.csv", "x"),
    Case("sensor-logger", "ios.json", 5e-4, 1e-9),
    *(
        Case("phyphox", dialect, 1e-8, None, "Raw Data.csv", "Acceleration x (m/s^2)")
        for dialect in (
            "comma", "tab", "semicolon", "tab-decimal-comma", "semicolon-decimal-comma",
        )
    ),
    Case("phyphox", "two-sheets", 1e-8, 1e-8, "Accelerometer.csv", "Acceleration x (m/s^2)"),
    Case("sensorlog", "raw.csv", 1e-6, 1e-6, "raw.csv", "accelerometerAccelerationX(G)"),
    Case("sensorlog", "motion.csv", 1e-6, 1e-6, "motion.csv", "motionUserAccelerationX(G)"),
    Case("physics-toolbox", "plain.csv", 6e-5, 6e-5, "plain.csv", "gFx"),
    Case("physics-toolbox", "multi-record.csv", 6e-5, 6e-5, "multi-record.csv", "gFx", 2),
    Case("sensor-data-collector", "walking", 1e-6, 1e-6, "acc_walking_waist.csv", "attr_x"),
    Case("collection", "movement.parquet", 1e-7, 1e-7),
    Case("table", "plain.csv", 1e-6, 1e-6, "plain.csv", "acc_x"),
    Case("table", "labelled.csv", 1e-6, 2e-6, "labelled.csv", "Acc X (m/s²)"),
]  # fmt: skip
CSV_CASES = [case for case in CASES if case.main]


def name_of(case: object) -> str:
    return f"{case.reader}-{case.sample}" if isinstance(case, Case) else ""


def read(path: Path) -> Recording:
    recording = harken.read(path)
    assert isinstance(recording, Recording)
    return recording


def zip_of(path: Path, target: Path, folder: str = "") -> Path:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            name = file.name if path.is_file() else file.relative_to(path).as_posix()
            archive.writestr(folder + name, file.read_bytes())
    return target


def copy(case: Case, folder: Path) -> Path:
    target = folder / case.sample
    if case.path.is_dir():
        shutil.copytree(case.path, target, dirs_exist_ok=True)
    else:
        shutil.copy(case.path, target)
    return target


def file_of(case: Case, path: Path) -> Path:
    return path / case.main if path.is_dir() else path


def assert_is_the_movement(case: Case, recording: Recording) -> None:
    acc, gyro = recording.acc, recording.gyro
    np.testing.assert_allclose(acc.time_s, np.arange(200) / 50, atol=1e-6)
    np.testing.assert_allclose(acc.values, MOVEMENT["acc_g"](acc.time_s), atol=case.acc_g)
    assert (gyro is None) == (case.gyro_rad_s is None)
    if gyro is not None:
        assert len(gyro) == 200
        truth = MOVEMENT["gyro_rad_s"](gyro.time_s)
        np.testing.assert_allclose(gyro.values, truth, atol=case.gyro_rad_s)
    assert "acceleration taken as" in " ".join(recording.notes)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_each_golden_sample_is_the_same_movement(case: Case, tmp_path: Path) -> None:
    assert_is_the_movement(case, read(case.path))
    assert_is_the_movement(case, read(zip_of(case.path, tmp_path / "plain.zip")))
    assert_is_the_movement(case, read(zip_of(case.path, tmp_path / "wrapped.zip", "2023-11-14/")))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_each_is_known_by_its_own_reader_alone(case: Case) -> None:
    assert sniff(case.path).name == case.reader
    export = Export(case.path)
    apps = [reader.name for reader in READERS.values() if reader.name != "table"]
    assert [name for name in apps if READERS[name].matches(export)] == [
        name for name in apps if name == case.reader
    ]


def test_every_reader_has_a_golden_sample() -> None:
    assert {case.reader for case in CASES} == set(READERS)


Edit = Callable[[list[str], str, int], list[str]]


def _cell(row: int, text: str) -> Edit:
    def edit(lines: list[str], separator: str, column: int) -> list[str]:
        cells = lines[row].split(separator)
        cells[column] = text
        return [*lines[:row], separator.join(cells), *lines[row + 1 :]]

    return edit


def _every_cell(text: str) -> Edit:
    def edit(lines: list[str], separator: str, column: int) -> list[str]:
        for row in range(1, len(lines)):
            lines = _cell(row, text)(lines, separator, column)
        return lines

    return edit


#: Faults of a text table, and what the error says; None where it is repaired or passed on.
FAULTS: dict[str, tuple[Edit, str | None]] = {
    "text for a number": (_cell(101, "oops"), "line 102, column .*'oops'; expected a number"),
    "underscores": (_cell(101, "1_0"), "line 102, column .*'1_0'"),
    "infinite": (_cell(101, "inf"), "line 102, column .*'inf'"),
    "too large": (_cell(101, "1e999"), "line 102"),
    "an empty cell": (_cell(101, ""), None),
    "NaN": (_cell(101, "NaN"), None),
    "an empty column": (_every_cell(""), "is empty in"),
    "a column of NaN": (_every_cell("NaN"), "is empty in"),
    "wrong separator": (
        lambda lines, sep, _: [lines[0], *(line.replace(sep, "|") for line in lines[1:])],
        "line 2: found 1 cell; expected",
    ),
    "a cell too many": (
        lambda lines, sep, _: [*lines[:50], lines[50] + f"{sep}7{sep}7", *lines[51:]],
        "line 51: found",
    ),
    "a repeated header": (lambda lines, *_: [*lines[:101], lines[0], *lines[101:]], None),
    "blank lines": (lambda lines, *_: [*lines[:101], "", "", *lines[101:], ""], None),
    "times run backwards": (
        lambda lines, *_: [*lines[:99], lines[101], lines[100], lines[99], *lines[102:]], None,
    ),
    "a duplicate": (lambda lines, *_: [*lines[:101], lines[100], *lines[101:]], None),
    "cut off in a row": (
        lambda lines, sep, _: [*lines[:150], lines[150].split(sep)[0]], None,
    ),
    "no rows": (lambda lines, *_: lines[:1], "0 rows"),
    "one row": (lambda lines, *_: lines[:2], "1 row "),
    "no header": (lambda lines, *_: lines[1:], "."),
    "nothing": (lambda *_: [], "."),
}  # fmt: skip


def plant(case: Case, path: Path, edit: Edit) -> int:
    """Edit the main file; returns how many rows it has then, without blank lines."""
    file = file_of(case, path)
    lines = file.read_text(encoding="utf-8").splitlines()
    separator = max(",;\t", key=re.sub(r'"[^"]*"', "", lines[0]).count)
    names = [name.strip('"') for name in lines[0].split(separator)]
    lines = edit(lines, separator, names.index(case.column))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(bool(line) for line in lines) - 1


def told_lost(recording: Recording) -> int:
    """Rows of the acceleration that the notes say were left out."""
    patterns = (
        r"([\d,]+) of [\d,]+ rows without acceleration left out",
        r"([\d,]+) repeated header",
        r"([\d,]+) row left out: the last line",
    )
    found = [re.match(p, note) for p in patterns for note in recording.notes]
    return sum(int(match[1].replace(",", "")) for match in found if match)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", CSV_CASES, ids=name_of)
def test_planted_faults(case: Case, fault: str, tmp_path: Path) -> None:
    edit, message = FAULTS[fault]
    path = copy(case, tmp_path)
    n_rows = plant(case, path, edit)
    if message is None:
        recording = read(path)
        assert len(recording.acc) + told_lost(recording) == n_rows
        done = filter_recording(recording).notes
        if fault in ("times run backwards", "a duplicate"):
            assert any("not after the one before" in note for note in done)
    else:
        with pytest.raises(HarkenError, match=message) as caught:
            read(path)
        assert tmp_path.name in str(caught.value)


Entries = list[dict[str, object]]


def _of_entry(number: int, key: str, value: object) -> Callable[[Entries], object]:
    def edit(entries: Entries) -> Entries:
        return [*entries[:number], {**entries[number], key: value}, *entries[number + 1 :]]

    return edit


def _of_all(key: str, value: object) -> Callable[[Entries], object]:
    return lambda entries: [{**entry, key: value} for entry in entries]


#: Faults of an export in JSON, as `FAULTS`; entry 101 is one of the acceleration.
JSON_FAULTS: dict[str, tuple[Callable[[Entries], object], str | None]] = {
    "text for a number": (_of_entry(100, "x", "oops"), "entry 101, column 'x': found 'oops'"),
    "underscores": (_of_entry(100, "x", "1_0"), "entry 101, column 'x': found '1_0'"),
    "infinite": (_of_entry(100, "x", float("inf")), "entry 101, column 'x': found 'inf'"),
    "too large": (_of_entry(100, "x", 10**400), "entry 101, column 'x'"),
    "true for a number": (_of_entry(100, "x", True), "entry 101, column 'x': found 'True'"),
    "a list for a number": (_of_entry(100, "x", [1, 2]), "entry 101, column 'x': found"),
    "an empty value": (_of_entry(100, "x", None), None),
    "NaN": (_of_entry(100, "x", float("nan")), None),
    "no such key": (lambda es: [*es[:100], _without(es[100], "x"), *es[101:]], None),
    "a key too many": (_of_entry(100, "more", 7), None),
    "a key of no entry": (lambda es: [_without(e, "x") for e in es], "expected x, y, z"),
    "no times": (lambda es: [_without(e, "time", "seconds_elapsed") for e in es], "expected"),
    "all values empty": (_of_all("x", None), "'x' is empty in"),
    "all values NaN": (_of_all("x", float("nan")), "'x' is empty in"),
    "no name of a sensor": (_of_entry(100, "sensor", None), "entry 101: found"),
    "an entry that is none": (lambda es: [*es[:100], "?", *es[101:]], "entry 101: found"),
    "times run backwards": (lambda es: [*es[:100], es[104], *es[100:104], *es[105:]], None),
    "a duplicate": (lambda es: [*es[:101], es[100], *es[101:]], None),
    "no acceleration": (
        lambda es: [e for e in es if e["sensor"] in ("Metadata", "Gyroscope")],
        "has no acceleration",
    ),
    "one sample": (lambda es: es[:2], "only 1 of 1 rows"),
    "no entries": (lambda es: [], "."),
}


def _without(entry: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in entry.items() if key not in keys}


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_planted_faults_of_json(fault: str, tmp_path: Path) -> None:
    edit, message = JSON_FAULTS[fault]
    entries = json.loads((GOLDEN / "sensor-logger/ios.json").read_text())
    changed: Any = edit(entries)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(changed))
    if message is None:
        recording = read(path)
        n_rows = sum(entry["sensor"] == "Accelerometer" for entry in changed)
        assert len(recording.acc) + told_lost(recording) == n_rows
        done = filter_recording(recording).notes
        late = any("not after the one before" in note for note in done)
        assert late == (fault in ("times run backwards", "a duplicate"))
    else:
        with pytest.raises(HarkenError, match=message) as caught:
            read(path)
        assert tmp_path.name in str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_truncated_zip(case: Case, tmp_path: Path) -> None:
    whole = zip_of(case.path, tmp_path / "whole.zip").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        (tmp_path / "cut.zip").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(HarkenError, match=r"cut\.zip is not a whole zip file"):
            read(tmp_path / "cut.zip")


@pytest.mark.parametrize("case", [c for c in CSV_CASES if c.path.is_dir()], ids=name_of)
def test_a_missing_sensor_file(case: Case, tmp_path: Path) -> None:
    path = copy(case, tmp_path)
    (path / case.main).unlink()
    if case.sample == "android":  # where the sum is missing, its parts are there
        assert "plus Gravity" in " ".join(read(path).notes)
        return
    with pytest.raises(HarkenError, match=r"acceleration|holds 2 tables|is no recording|columns"):
        read(path)


FUZZED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@FUZZED
@given(data=st.data())
def test_damaged_bytes_give_a_recording_or_an_error_of_ours(
    case: Case, data: st.DataObject, tmp_path: Path
) -> None:
    path = copy(case, tmp_path)
    file = file_of(case, path)
    read_whole_or_not_at_all(file, damaged(data, case_bytes(case)), path)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@FUZZED
@given(data=st.data())
def test_damaged_zips_give_a_recording_or_an_error_of_ours(
    case: Case, data: st.DataObject, tmp_path: Path
) -> None:
    whole = zip_of(case.path, tmp_path / "whole.zip").read_bytes()
    read_whole_or_not_at_all(tmp_path / "a.zip", damaged(data, whole), tmp_path / "a.zip")


def case_bytes(case: Case) -> bytes:
    return file_of(case, case.path).read_bytes()


def damaged(data: st.DataObject, content: bytes) -> bytes:
    """Some bytes changed, put in or taken out, most of them near either end."""
    out = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        n = max(1, len(out))
        at = data.draw(st.integers(0, n - 1) | st.integers(0, min(n - 1, 300)))
        if data.draw(st.booleans()):
            at = max(0, n - 1 - at)
        new = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b",", b";", b'"', b"9e9"]))
        out[at : at + data.draw(st.integers(0, 3) | st.integers(0, n))] = new
    return bytes(out)


def read_whole_or_not_at_all(file: Path, content: bytes, path: Path) -> None:
    file.write_bytes(content)
    try:
        recording = harken.read(path)
    except HarkenError:
        return
    assert isinstance(recording, Recording)
    assert np.isfinite(recording.acc.values).all()
    assert np.isfinite(recording.acc.time_s).all()


@pytest.mark.parametrize("case", CSV_CASES, ids=name_of)
@FUZZED
@given(
    empty=st.sets(st.integers(1, 199), max_size=90),
    headers=st.lists(st.integers(1, 199), max_size=5),
    blanks=st.lists(st.integers(1, 199), max_size=5),
)
def test_no_row_is_lost_in_silence(
    case: Case, empty: set[int], headers: list[int], blanks: list[int], tmp_path: Path
) -> None:
    def edit(lines: list[str], separator: str, column: int) -> list[str]:
        title = lines[0]
        for row in empty:
            lines = _cell(row, "")(lines, separator, column)
        for row in headers:
            lines.insert(row, title)
        for row in blanks:
            lines.insert(row, "")
        return lines

    path = copy(case, tmp_path)
    n_rows = plant(case, path, edit)
    recording = read(path)
    assert len(recording.acc) + told_lost(recording) == n_rows
    assert bool(headers) == any("repeated header" in note for note in recording.notes)
