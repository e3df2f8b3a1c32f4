"""Predictions come back from their file as they went in, or are refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harken.core.errors import FormatError
from harken.evaluation.predictions import Predictions, pooled


def predictions(n: int) -> Predictions:
    return Predictions(
        y=np.arange(n) % 2,
        probability=np.full((n, 2), 0.5, np.float32),
        subject=np.full(n, f"person {n}"),
        recording=np.full(n, "walk.csv"),
        start_s=1.28 * np.arange(n),
    )


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    predictions(5).save(path)
    for name, values in vars(Predictions.load(path)).items():
        expected = getattr(predictions(5), name)
        assert values.dtype == expected.dtype
        assert values.tolist() == expected.tolist()


def test_folds_are_pooled_in_their_order() -> None:
    both = pooled([predictions(10), predictions(3)])
    assert both.probability.shape == (13, 2)
    assert both.subject.tolist() == ["person 10"] * 10 + ["person 3"] * 3


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_file_that_holds_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "predictions.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError, match=r"predictions\.npz holds no predictions"):
        Predictions.load(path)
