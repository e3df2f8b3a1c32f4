"""Plain tables: common names, units by magnitude, times by magnitude."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import FormatError
from harken.core.recording import ACC_CHANNELS, GYRO_CHANNELS, Recording

TIME_S = np.arange(100) / 50
ACC = np.tile([0.1, -0.2, 0.97], (100, 1)) + 0.01 * np.sin(TIME_S)[:, None]
GYRO = np.tile([0.3, 0.2, -0.1], (100, 1))


def write(path: Path, header: str, columns: list[np.ndarray], separator: str = ",") -> Path:
    rows = np.column_stack(columns)
    lines = [header, *(separator.join(repr(float(v)) for v in row) for row in rows)]
    path.write_text("\n".join(lines))
    return path


def read(path: Path) -> Recording:
    recording = harken.read(path)
    assert isinstance(recording, Recording)
    return recording


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("time_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z", ","),
        ("timestamp;accX;accY;accZ;gyroX;gyroY;gyroZ", ";"),
        ("t\tax\tay\taz\twx\twy\twz", "\t"),
        ("Time (s),AccelX,AccelY,AccelZ,GyrX,GyrY,GyrZ", ","),
        ("seconds,x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro", ","),
        ("time,Acceleration x (g),Acceleration y (g),Acceleration z (g),gx,gy,gz", ","),
    ],
)
def test_common_names_and_separators(header: str, separator: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", header, [TIME_S, ACC, GYRO], separator)
    recording = read(path)
    assert recording.channels == ACC_CHANNELS + GYRO_CHANNELS
    assert recording.acc.rate_hz == 50
    np.testing.assert_allclose(recording.acc.values, ACC)
    assert recording.gyro is not None
    np.testing.assert_allclose(recording.gyro.values, GYRO)
    np.testing.assert_allclose(recording.acc.time_s, TIME_S)


def test_columns_in_any_order_among_others(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "az,note,ax,time,ay", [ACC[:, 2], GYRO[:, 0], ACC[:, 0], TIME_S,
                                                   ACC[:, 1]],
    )  # fmt: skip
    recording = read(path)
    assert recording.channels == ACC_CHANNELS
    np.testing.assert_allclose(recording.acc.values, ACC)


def test_metres_per_second_squared_are_told_by_their_size(tmp_path: Path) -> None:
    recording = read(write(tmp_path / "a.csv", "t,ax,ay,az", [TIME_S, ACC * 9.80665]))
    np.testing.assert_allclose(recording.acc.values, ACC)
    assert any("m/s²" in note for note in recording.notes)


@pytest.mark.parametrize("per_second", [1.0, 1e3, 1e6, 1e9])
def test_times_since_1970_are_told_by_their_size(per_second: float, tmp_path: Path) -> None:
    epoch = 1_700_000_000
    rows = [f"{round((epoch + t) * per_second)},1,0,0" for t in range(10)]
    (tmp_path / "a.csv").write_text("\n".join(["timestamp,ax,ay,az", *rows]))
    np.testing.assert_allclose(read(tmp_path / "a.csv").acc.time_s, np.arange(10), atol=1e-5)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="There is no file"):
        harken.read(tmp_path / "none.csv")
