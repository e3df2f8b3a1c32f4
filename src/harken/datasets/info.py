"""What is in a dataset: the notebook's sanity line, and counts by person and activity."""

from __future__ import annotations

from typing import Any

import numpy as np

from harken.signal.windows import Windows

_AT_ONCE = 10_000


def describe(windows: Windows) -> dict[str, Any]:
    """Facts about windows, as plain values.

    Returns
    -------
    dict
        `dataset`, `labels`, `channels`, `rate_hz`, `notes`; `splits` with shape, mean, standard
        deviation and windows per class; `subjects` with the counts of each person.
    """
    splits = [name for name in ("train", "test", "") if (windows.split == name).any()]
    return {
        "dataset": windows.dataset,
        "labels": list(windows.labels),
        "channels": list(windows.channels),
        "rate_hz": windows.rate_hz,
        "notes": list(windows.notes),
        "splits": [_split_facts(windows.of_split(name), name) for name in splits],
        "subjects": [_subject_facts(windows, subject) for subject in windows.subjects],
    }


def _split_facts(windows: Windows, name: str) -> dict[str, Any]:
    return {
        "split": name,
        "n_windows": len(windows),
        "shape": list(windows.x.shape),
        **_mean_and_deviation(windows),
        "per_class": _counts(windows),
        "subjects": list(windows.subjects),
    }


def _mean_and_deviation(windows: Windows) -> dict[str, float]:
    """Of all values of all channels; some windows at a time, since they may be on the disk."""
    total = square = 0.0
    for first in range(0, len(windows), _AT_ONCE):
        values = np.asarray(windows.x[first : first + _AT_ONCE]).astype(np.float64)
        total += values.sum()
        square += (values * values).sum()
    n = int(np.prod(windows.x.shape))
    mean = total / n
    return {"mean": float(mean), "std": float(np.sqrt(max(0.0, square / n - mean * mean)))}


def _subject_facts(windows: Windows, subject: str) -> dict[str, Any]:
    own = windows.of_subjects([subject])
    return {"subject": subject, "split": str(own.split[0]), "counts": _counts(own)}


def _counts(windows: Windows) -> list[int]:
    labelled = windows.y[windows.y >= 0]
    return [int(n) for n in np.bincount(labelled, minlength=len(windows.labels))]
