"""Intervals over people, and two systems compared on the same people."""

from __future__ import annotations

import numpy as np
import pytest

from harken.core.errors import FormatError
from harken.evaluation.subjects import bootstrap_over_subjects, paired_bootstrap


def rows(accuracies: list[float]) -> list[dict[str, object]]:
    return [{"subject": str(i), "accuracy": a, "n_windows": 10} for i, a in enumerate(accuracies)]


def test_intervals_hold_the_figure_and_shrink_with_more_people() -> None:
    rng = np.random.default_rng(0)

    def width(n_people: int) -> dict[str, float]:
        subject = np.repeat(np.arange(n_people).astype(str), 50)
        wrong = rng.random(n_people * 50) < np.repeat(rng.uniform(0, 0.4, n_people), 50)
        y = np.tile([0, 1], n_people * 25)
        intervals = bootstrap_over_subjects(y, np.where(wrong, 1 - y, y), subject, 2)
        low, high = intervals["accuracy_ci95"]
        assert low < 1 - wrong.mean() < high
        return {key: high - low for key, (low, high) in intervals.items()}

    few, many = width(8), width(128)
    assert many["accuracy_ci95"] < few["accuracy_ci95"] / 2
    assert many["macro_f1_ci95"] < few["macro_f1_ci95"] / 2


def test_people_who_are_alike_leave_no_doubt() -> None:
    y = np.tile([0, 1, 0, 1], 5)
    predicted = np.tile([0, 1, 1, 1], 5)
    subject = np.repeat(np.arange(5).astype(str), 4)
    intervals = bootstrap_over_subjects(y, predicted, subject, 2)
    assert intervals["accuracy_ci95"] == [0.75, 0.75]
    f1 = (2 / 3 + 4 / 5) / 2
    assert intervals["macro_f1_ci95"] == pytest.approx([f1, f1])


def test_a_small_gain_for_everybody_is_found_where_intervals_overlap() -> None:
    hard = np.random.default_rng(1).uniform(0.5, 0.95, 20)
    gained = paired_bootstrap(rows((hard + 0.02).tolist()), rows(hard.tolist()))
    assert gained.mean == pytest.approx(0.02)
    assert gained.ci95 == pytest.approx((0.02, 0.02))
    assert (gained.n_subjects, gained.n_better, gained.n_worse) == (20, 20, 0)


def test_a_gain_for_half_the_people_is_none_and_the_order_of_rows_does_not_matter() -> None:
    one, other = rows([0.9, 0.8] * 10), rows([0.8, 0.9] * 10)
    result = paired_bootstrap(one, other[::-1])
    assert result.mean == pytest.approx(0)
    assert result.ci95[0] < 0 < result.ci95[1]
    opposite = paired_bootstrap(other, one)
    assert opposite.ci95 == pytest.approx((-result.ci95[1], -result.ci95[0]))


def test_other_people_are_refused() -> None:
    with pytest.raises(FormatError, match="only one of them has 2"):
        paired_bootstrap(rows([1, 1, 1]), rows([1, 1]))
    with pytest.raises(FormatError, match="nobody"):
        paired_bootstrap([], [])
