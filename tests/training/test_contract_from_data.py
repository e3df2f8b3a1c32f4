"""A model file's contract says what its windows were, not what windows usually are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.datasets import simulated
from harken.inference.predictor import Predictor
from harken.signal import window_file
from harken.signal.path import filter_recording
from harken.signal.windows import DeviceFrame, Windows, WindowSpec, concatenate, cut

SPEC = WindowSpec(n_steps=160, stride_steps=160, rate_hz=50.0)
FRAME = DeviceFrame("wrist", up="-y", forward="+x", learnt="as-worn")


@pytest.fixture(scope="module")
def apart() -> Windows:
    """Windows that do not overlap, of two people for training and one for testing."""
    parts = []
    for subject in ("1", "3", "5"):
        recording = simulated.simulate(subject)
        windows = cut(filter_recording(recording), SPEC, frame=FRAME)
        parts.append(windows.select((windows.y >= 0) & ~windows.warm_up))
    joined = concatenate(parts)
    split = np.where(joined.subject == "5", "test", "train")
    return dataclasses.replace(joined, split=split, dataset="simulated")


def test_stride_and_frame_stand_in_the_contract(apart: Windows, tmp_path: Path) -> None:
    run = harken.train(apart, epochs=1, out=tmp_path / "run")
    contract = Predictor(run.model_file).contract
    assert contract.spec == SPEC
    assert contract.placement == "wrist"
    assert contract.mounting == {"up": "-y", "forward": "+x", "learnt": "as-worn"}


def test_a_window_file_keeps_them(apart: Windows, tmp_path: Path) -> None:
    window_file.save(apart, tmp_path / "windows.npz")
    found = window_file.load(tmp_path / "windows.npz")
    assert (found.spec, found.frame) == (SPEC, FRAME)


@pytest.mark.parametrize("stride_s", [0.5, 2.0])
def test_a_window_file_that_names_no_stride_shows_it(tmp_path: Path, stride_s: float) -> None:
    path = tmp_path / "windows.npz"
    recording, start_s = np.repeat(["a", "b"], 5), np.tile(stride_s * np.arange(5), 2)
    np.savez(path, x=np.zeros((10, 100, 9), np.float32), recording=recording, start_s=start_s)
    assert window_file.load(path).spec == WindowSpec(100, round(50 * stride_s), 50.0)
    np.savez(path, x=np.zeros((10, 100, 9), np.float32))
    assert window_file.load(path).spec == WindowSpec(100, 100, 50.0)
