"""What is in a dataset: the notebook's sanity line, and counts by person and activity."""

from __future__ import annotations

from typing import Any

import numpy as np

from harken.windows import Windows


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
        "mean": float(windows.x.mean(dtype=np.float64)),
        "std": float(windows.x.std(dtype=np.float64)),
        "per_class": _counts(windows),
        "subjects": list(windows.subjects),
    }


def _subject_facts(windows: Windows, subject: str) -> dict[str, Any]:
    own = windows.of_subjects([subject])
    return {"subject": subject, "split": str(own.split[0]), "counts": _counts(own)}


def _counts(windows: Windows) -> list[int]:
    labelled = windows.y[windows.y >= 0]
    return [int(n) for n in np.bincount(labelled, minlength=len(windows.labels))]
