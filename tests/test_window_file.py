"""Window files come back as they were, and nothing odd comes in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harken.core.errors import FormatError
from harken.datasets import simulated
from harken.signal import window_file
from harken.signal.path import filter_recording
from harken.signal.windows import PER_WINDOW, WindowSpec, cut

X = np.zeros((4, 128, 9), np.float32)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    windows = cut(filter_recording(simulated.simulate("5")), WindowSpec())
    window_file.save(windows, tmp_path / "w.npz")
    again = window_file.load(tmp_path / "w.npz")
    for name in PER_WINDOW:
        assert np.array_equal(getattr(windows, name), getattr(again, name)), name
    for name in ("channels", "labels", "rate_hz", "dataset", "notes"):
        assert getattr(windows, name) == getattr(again, name), name


def test_windows_alone_are_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=X.astype(np.float64), subject=np.array([1, 1, 2, 2]))
    windows = window_file.load(tmp_path / "w.npz")
    assert windows.x.dtype == np.float32
    assert windows.subjects == ("1", "2")
    assert (windows.y == -1).all()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.zeros(4, int)}, "no array 'x'"),
        ({"x": X[0]}, r"shape \(128, 9\)"),
        ({"x": X.astype(str)}, "type <U"),
        ({"x": X[:, :, :4]}, "expected"),
        ({"x": np.where(np.arange(4)[:, None, None] == 2, np.nan, X)}, "first of them window 2"),
        ({"x": X, "y": np.zeros(3, int)}, "'y' has shape"),
        ({"x": X, "y": np.full(4, 6)}, "codes from 6 to 6"),
        ({"x": X, "y": np.full(4, "WALKING")}, "'y' has type"),
        ({"x": X, "about": np.array("no JSON")}, "no JSON object"),
        ({"x": X, "about": np.array(json.dumps({"labels": 5}))}, "'labels' in 'about' is 5"),
        ({"x": X, "about": np.array(json.dumps({"rate_hz": "50"}))}, "'rate_hz' in 'about'"),
        ({"x": np.array([{"an": "object"}])}, "not a window file"),
    ],
)
def test_files_that_are_no_window_files(
    arrays: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(FormatError, match=message):
        window_file.load(tmp_path / "w.npz")


def test_a_truncated_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=X)
    whole = (tmp_path / "w.npz").read_bytes()
    for n in (0, 10, len(whole) // 2, len(whole) - 10):
        (tmp_path / "w.npz").write_bytes(whole[:n])
        with pytest.raises(FormatError, match="not a window file"):
            window_file.load(tmp_path / "w.npz")
