"""Figures agree with scikit-learn's; intervals are over people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from harken.core.errors import FormatError
from harken.evaluation.metrics import score

LABELS = ("a", "b", "c", "d")


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 60), n_classes=st.integers(2, 4), seed=st.integers(0, 10_000))
def test_figures_are_those_of_scikit_learn(n: int, n_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    probability = rng.dirichlet(np.ones(n_classes), n).astype(np.float32)
    predicted = probability.argmax(axis=1)
    got = score(y, probability, LABELS[:n_classes], np.full(n, "1"))
    options = {"zero_division": 0, "average": "weighted"}
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(y, predicted))
    assert got["weighted_precision"] == pytest.approx(
        reference.precision_score(y, predicted, **options)
    )
    assert got["weighted_recall"] == pytest.approx(reference.recall_score(y, predicted, **options))
    assert got["weighted_f1"] == pytest.approx(reference.f1_score(y, predicted, **options))
    assert got["macro_f1"] == pytest.approx(
        reference.f1_score(y, predicted, average="macro", zero_division=0)
    )
    assert got["balanced_accuracy"] == pytest.approx(
        reference.recall_score(y, predicted, average=None, labels=np.unique(y)).mean()
    )
    expected = reference.confusion_matrix(y, predicted, labels=range(n_classes))
    assert got["confusion_matrix"] == expected.tolist()


def one_hot(y: np.ndarray, n_classes: int) -> np.ndarray:
    return np.eye(n_classes, dtype=np.float32)[y]


def test_the_interval_is_over_people_not_windows() -> None:
    """Ten people, half of them always wrong: far wider than 1,000 windows would make it."""
    y = np.zeros(1000, dtype=np.int64)
    subject = np.repeat([str(i) for i in range(10)], 100)
    predicted = np.repeat([0, 1], 500)
    got = score(y, one_hot(predicted, 2), LABELS[:2], subject)
    low, high = got["accuracy_ci95"]
    assert low <= 0.25
    assert high >= 0.75


def test_subjects_are_listed_in_natural_order_with_their_own_accuracy() -> None:
    y = np.array([0, 0, 0, 0])
    got = score(y, one_hot(np.array([0, 1, 0, 0]), 2), LABELS[:2], np.array(["10", "10", "2", "2"]))
    assert [(r["subject"], r["accuracy"]) for r in got["per_subject"]] == [("2", 1.0), ("10", 0.5)]


@pytest.mark.parametrize(
    ("y", "message"),
    [(np.array([], dtype=int), "no windows"), (np.array([0, 4]), "out of range")],
)
def test_bad_input(y: np.ndarray, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        score(y, np.full((len(y), 4), 0.25, np.float32), LABELS, np.full(len(y), "1"))
