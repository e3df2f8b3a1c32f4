"""Which stretches to label: unsure ones, spread out, none twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import FormatError, InputError
from harken.core.recording import Recording
from harken.datasets.simulated import simulate
from harken.inference.predictor import Predictor
from harken.personal.labelled import read_spans
from harken.personal.proposal_file import write_proposals
from harken.signal.windows import UNLABELLED


@pytest.fixture(scope="module")
def model() -> Predictor:
    return Predictor("pretrained")


@pytest.fixture(scope="module")
def bare() -> Recording:
    return replace(simulate("8", seed=1), spans=())


def test_they_are_in_order_of_time_and_do_not_overlap(model: Predictor, bare: Recording) -> None:
    found = harken.propose(model, bare, 6)
    assert len(found) == 6
    times = [time for p in found for time in (p.start_s, p.end_s)]
    assert times == sorted(times)
    assert all(p.end_s - p.start_s == pytest.approx(10.24) for p in found)
    assert found == harken.propose(model, bare, 6)
    assert len({p.guess for p in found}) >= 3


def test_it_asks_where_the_model_is_unsure(model: Predictor, bare: Recording) -> None:
    found = harken.propose(model, bare, 6)
    everywhere = harken.propose(model, bare, 1000)
    assert len(everywhere) > 12
    assert np.mean([p.entropy for p in found]) > np.mean([p.entropy for p in everywhere])


def test_what_is_labelled_is_not_asked_about(model: Predictor) -> None:
    person = simulate("8", seed=1)
    first = tuple(span for span in person.spans if span.end_s < 120)
    for p in harken.propose(model, replace(person, spans=first), 5):
        for span in first:
            inside = min(span.end_s, p.end_s) - max(span.start_s, p.start_s)
            # No window of the stretch lies wholly within the span.
            assert inside < 2.56


def test_labels_where_it_asks_serve_better_than_sure_ones(
    model: Predictor, data_folder: Path
) -> None:
    """The test person whom the model recognises worst: labels in one recording, judged on the
    other."""
    windows = harken.load("hapt-upright", data=data_folder).of_subjects(["9"])
    first = windows.recording == np.unique(windows.recording)[0]
    own = windows.select(first)
    stretches = harken.propose(model, replace(own, y=np.full(len(own), UNLABELLED)), 12)
    asked = np.zeros(len(own), bool)
    for p in stretches:
        asked |= (own.start_s > p.start_s - 0.01) & (own.start_s + 2.56 < p.end_s + 0.01)
    sure = np.argsort(-model.probability(own).max(axis=1))[: asked.sum()]
    rest = windows.select(~first)
    _, embedding = model.run(rest)

    def after(chosen: np.ndarray) -> float:
        y = np.full(len(own), UNLABELLED)
        y[chosen] = own.y[chosen]
        head = harken.personalise(model, replace(own, y=y)).head
        return float((head.log_probability(embedding).argmax(axis=1) == rest.y).mean())

    assert after(np.flatnonzero(asked)) > after(sure)


def test_a_table_to_fill_in_is_one_that_can_be_read(
    model: Predictor, bare: Recording, tmp_path: Path
) -> None:
    found = harken.propose(model, bare, 4)
    path = tmp_path / "labels.csv"
    write_proposals(found, path)
    with pytest.raises(FormatError, match="names no activity"):
        read_spans(path)
    path.write_text(path.read_text().replace(",,", ",walking,"))
    spans = read_spans(path)
    assert [(s.start_s, s.end_s) for s in spans] == [(p.start_s, p.end_s) for p in found]
    with pytest.raises(InputError, match="there already"):
        write_proposals(found, path)
    with pytest.raises(FormatError, match=r"found '\.json'"):
        write_proposals(found, tmp_path / "labels.json")


def test_a_stretch_is_whole(model: Predictor, bare: Recording) -> None:
    """None reaches over a gap of the recording, nor beyond its end."""
    keep = (bare.acc.time_s < 60) | (bare.acc.time_s > 90)
    acc, gyro = (
        replace(sensor, time_s=sensor.time_s[keep], values=sensor.values[keep])
        for sensor in (bare.acc, bare.gyro)
        if sensor is not None
    )
    for p in harken.propose(model, replace(bare, acc=acc, gyro=gyro), 100):
        assert not (p.start_s < 90 and p.end_s > 60.1)


def test_none_to_propose(model: Predictor, bare: Recording) -> None:
    with pytest.raises(InputError, match="at least 1"):
        harken.propose(model, bare, 0)
    acc, gyro = (
        replace(sensor, time_s=sensor.time_s[:700], values=sensor.values[:700])
        for sensor in (bare.acc, bare.gyro)
        if sensor is not None
    )
    with pytest.raises(InputError, match="no unlabelled stretch of 10 s"):
        harken.propose(model, replace(bare, acc=acc, gyro=gyro), 1, mounting="as-worn")
