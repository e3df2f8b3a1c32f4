"""UCI HAR: every published form is read, every damage is named."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import harken
from harken import datasets
from harken.core.errors import ArchiveError, FormatError
from harken.datasets import uci_har as module
from harken.signal.windows import Windows

SIGNAL = "train/Inertial Signals/body_acc_x_train.txt"


def test_the_notebooks_sanity_line(uci_har: Windows) -> None:
    test = uci_har.of_split("test")
    assert test.x.shape == (2947, 128, 9)
    assert test.x.dtype == np.float32
    assert test.x.mean() == pytest.approx(0.0991399, abs=1e-6)
    assert test.x.std() == pytest.approx(0.395671, abs=1e-6)


def test_it_holds_no_recordings_and_says_who_does() -> None:
    with pytest.raises(FormatError, match="its recordings are hapt"):
        harken.load_recordings("uci-har")


def test_counts_and_subjects(uci_har: Windows) -> None:
    train, test = uci_har.of_split("train"), uci_har.of_split("test")
    assert np.bincount(train.y).tolist() == [1226, 1073, 986, 1286, 1374, 1407]
    assert np.bincount(test.y).tolist() == [496, 471, 420, 491, 532, 537]
    assert test.subjects == ("2", "4", "9", "10", "12", "13", "18", "20", "24")
    assert not set(train.subjects) & set(test.subjects)


def test_upright_people_have_gravity_on_x(uci_har: Windows) -> None:
    upright = uci_har.select(uci_har.y == uci_har.labels.index("STANDING"))
    up = upright.x[:, :, upright.channels.index("total_acc_x")].mean(axis=1)
    assert 0.9 < np.median(up) < 1.03


def rezip(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy a zip, stored not deflated, with `change(name, data)` for each member."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def test_as_the_publisher_packs_it(uci_har_zip: Path, uci_har: Windows, tmp_path: Path) -> None:
    """With the feature files, a __MACOSX folder, CRLF line ends, and nested in a second zip."""
    inner = rezip(uci_har_zip, tmp_path / "inner.zip", lambda _, d: d.replace(b"\n", b"\r\n"))
    with zipfile.ZipFile(inner, "a") as archive:
        archive.writestr("UCI HAR Dataset/train/X_train.txt", " 1.0 2.0\n")
        archive.writestr(f"__MACOSX/UCI HAR Dataset/{SIGNAL}", b"\0\5\26\7")
    outer = tmp_path / "human+activity+recognition+using+smartphones.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("UCI HAR Dataset.zip", inner.read_bytes())
        archive.writestr("UCI HAR Dataset.names", "text")
    assert np.array_equal(datasets.load("uci-har", data=tmp_path).x, uci_har.x)


def test_unpacked(uci_har_zip: Path, uci_har: Windows, tmp_path: Path) -> None:
    with zipfile.ZipFile(uci_har_zip) as archive:
        archive.extractall(tmp_path)
    for place in (tmp_path, tmp_path / "UCI HAR Dataset"):
        assert np.array_equal(datasets.load("uci-har", data=place).y, uci_har.y)


def test_truncated_zip(uci_har_zip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "UCI HAR Dataset.zip"
    broken.write_bytes(uci_har_zip.read_bytes()[:1_000_000])
    with pytest.raises(ArchiveError, match="not a whole zip file"):
        module.read(broken)


def test_a_flipped_byte_in_the_zip(uci_har_zip: Path, tmp_path: Path) -> None:
    data = bytearray(uci_har_zip.read_bytes())
    data[5_000_000] ^= 0xFF
    broken = tmp_path / "x.zip"
    broken.write_bytes(data)
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        module.read(broken)


def test_another_zip(tmp_path: Path) -> None:
    other = tmp_path / "UCI HAR Dataset.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("holiday.jpg", b"")
    with pytest.raises(ArchiveError, match=r"has no file 'train/y_train.txt'"):
        module.read(other)


def test_an_entry_without_a_name(tmp_path: Path) -> None:
    """A name that begins with a zero byte is read as none."""
    path = tmp_path / "UCI HAR Dataset.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("QQQQ", b"x")
    path.write_bytes(path.read_bytes().replace(b"QQQQ", b"\0QQQ"))
    with pytest.raises(ArchiveError, match="has no file"):
        module.read(path)


def with_member(source: Path, target: Path, ending: str, edit: Callable[[bytes], bytes]) -> Path:
    return rezip(source, target, lambda n, d: edit(d) if n.endswith(ending) else d)


def replace_line(number: int, line: bytes) -> Callable[[bytes], bytes]:
    def edit(text: bytes) -> bytes:
        lines = text.split(b"\n")
        lines[number - 1] = line
        return b"\n".join(lines)

    return edit


@pytest.mark.parametrize(
    ("ending", "edit", "message"),
    [
        (SIGNAL, replace_line(17, b"  1.0000000e+000" * 127), "row 17: found 127 values"),
        (SIGNAL, replace_line(9, b"             NaN" * 128), "row 9, value 1: found nan"),
        (SIGNAL, replace_line(9, b"           hello" * 128), "Expected numbers only"),
        (SIGNAL, replace_line(9, b"  1.0000000e+000" * 128), "differs from the published file"),
        ("train/y_train.txt", replace_line(5, b"7"), "line 5: found 7"),
        ("train/subject_train.txt", replace_line(5, b"31"), "line 5: found 31"),
        ("train/y_train.txt", replace_line(5, b"1"), "differs from the published file"),
    ],
)
def test_damaged_files(
    uci_har_zip: Path,
    tmp_path: Path,
    ending: str,
    edit: Callable[[bytes], bytes],
    message: str,
) -> None:
    broken = with_member(uci_har_zip, tmp_path / "broken.zip", ending, edit)
    with pytest.raises(ArchiveError, match=message):
        module.read(broken)


def test_a_missing_file(uci_har_zip: Path, tmp_path: Path) -> None:
    broken = rezip(uci_har_zip, tmp_path / "b.zip", lambda n, d: None if n.endswith(SIGNAL) else d)
    with pytest.raises(ArchiveError, match="body_acc_x_train"):
        module.read(broken)


def test_a_member_that_claims_to_be_huge(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/y_train.txt", bytes(300 * 2**20))
    with pytest.raises(ArchiveError, match="no file of the dataset has more"):
        module.read(bomb)


def test_the_cache_serves_without_the_archive(
    uci_har_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    first = datasets.load("uci-har", data=uci_har_zip.parent)
    monkeypatch.delenv("HARKEN_DATA", raising=False)
    again = datasets.load("uci-har")
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.subject, again.subject)
    assert again.labels == first.labels


def test_a_damaged_cache_is_made_again(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path))
    monkeypatch.setenv("HARKEN_DATA", str(data_folder))
    datasets.load("uci-har")
    (cached,) = tmp_path.glob("uci-har*.npz")
    cached.write_bytes(cached.read_bytes()[:1000])
    assert len(datasets.load("uci-har")) == 10299


def test_no_archive_where_one_was_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no archive of uci-har"):
        datasets.load("uci-har", data=tmp_path)
    with pytest.raises(ArchiveError, match="There is no folder"):
        datasets.load("uci-har", data=tmp_path / "nowhere")


def test_nested_zip_with_an_empty_outer_name(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", b"1")
    outer = tmp_path / "o.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("only.zip", inner.getvalue()[:-10])
    with pytest.raises(ArchiveError, match="not a whole zip file"):
        module.read(outer)
