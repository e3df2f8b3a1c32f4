"""The model files that ship: there, small, credited, and good on people they never saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import foreign_input
from benchmarks.pretrained import rounded

from harken.core.recording import Recording
from harken.datasets.hapt import TEST_SUBJECTS
from harken.datasets.simulated import simulate
from harken.inference.prediction import predict
from harken.inference.predictor import Predictor
from harken.inference.stream import Stream
from harken.inference.stream_answers import StreamPrediction
from harken.model import pretrained
from harken.preparation.resolve import settle_mounting


@pytest.fixture(params=sorted(pretrained.SHIPPED))
def predictor(request: pytest.FixtureRequest) -> Predictor:
    return Predictor(request.param)


def table(path: Path, recording: Recording, *, gyroscope: bool) -> Path:
    assert recording.gyro is not None
    parts = [recording.acc.time_s[:, None], recording.acc.values]
    names = ["time_s", "acc_x", "acc_y", "acc_z"]
    if gyroscope:
        parts.append(recording.gyro.values)
        names += ["gyro_x", "gyro_y", "gyro_z"]
    np.savetxt(path, np.hstack(parts), "%.5f", ",", header=",".join(names), comments="")
    return path


def test_values_as_coarse_as_browsers_give_them_are_recognised_as_well(
    predictor: Predictor, hapt: list[Recording]
) -> None:
    """Of 100 answers 2 may be others, and no more than 3 further ones unsure.

    The person of exp35 keeps so still that rounding leaves steps of what was noise.
    """
    real = [next(r for r in hapt if r.source == source) for source in ("exp35", "exp41")]
    for person in (simulate("1"), *real):
        plain, coarse = (streamed(predictor, one) for one in (person, rounded(person)))
        same = [
            a.smoothed_activity == b.smoothed_activity for a, b in zip(plain, coarse, strict=True)
        ]
        assert np.mean(same) > 0.98
        assert np.mean([b.unsure for b in coarse]) < np.mean([a.unsure for a in plain]) + 0.03


def streamed(predictor: Predictor, person: Recording) -> list[StreamPrediction]:
    mounting = settle_mounting(person, predictor.contract.frame, "estimate")
    stream = Stream(predictor, mounting=mounting, rate_hz=50.0)
    assert person.gyro is not None
    said = stream.push(person.acc.time_s, person.acc.values, person.gyro.values)
    return said + stream.finish()


def test_the_card_says_where_it_comes_from(predictor: Predictor) -> None:
    card = predictor.card
    assert card.contract.placement == "waist"
    assert card.contract.mounting["learnt"] == "estimated"
    assert card.protocol == "official"
    assert card.figures["accuracy"] > 0.9
    assert "must be acknowledged" in card.credits
    assert card.smoothing is not None
    assert card.abstention is not None


def test_they_are_small_and_their_licence_lies_beside_them() -> None:
    files = [pretrained.find(name) for name in pretrained.SHIPPED]
    assert sum(file.stat().st_size for file in files) < 2_000_000
    licence = files[0].with_name("LICENCE.md").read_text(encoding="utf-8")
    assert "commercial use is prohibited" in licence
    assert "ESANN 2013" in licence


def test_on_people_they_never_saw(predictor: Predictor, hapt: list[Recording]) -> None:
    """What the card says is what comes out of the raw recordings of the test people."""
    right, n, unsure = 0, 0, 0
    for person in [r for r in hapt if r.subject in TEST_SUBJECTS]:
        six = tuple(s for s in person.spans if s.label in predictor.contract.labels)
        person = replace(person, spans=six)
        mounting = settle_mounting(person, predictor.contract.frame, "estimate")
        windows = predictor.windows_of(person, mounting.rotation)
        windows = windows.select((windows.y >= 0) & ~windows.warm_up)
        probability, embedding = predictor.run(windows)
        right += int((probability.argmax(axis=1) == windows.y).sum())
        unsure += int(predictor.unsure(probability, embedding, windows.x).sum())
        n += len(windows)
    assert 0 < unsure / n < 0.05
    assert right / n == pytest.approx(predictor.card.figures["accuracy"], abs=2e-3)


@pytest.mark.parametrize("family", ["noise", "on a desk", "spinning", "swinging from a strap"])
def test_of_what_no_person_did_they_are_not_sure(predictor: Predictor, family: str) -> None:
    first = next(foreign_input.recordings(family))
    if "body_gyro_x" not in predictor.contract.channels:
        first = replace(first, gyro=None)
    windows = predictor.windows_of(first)
    windows = windows.select(~windows.warm_up)
    unsure = predictor.unsure(*predictor.run(windows), windows.x)
    assert unsure.mean() > 0.8


def test_the_one_for_streams_on_people_it_never_saw(hapt: list[Recording]) -> None:
    """As it comes, the state running on; what a hop says is held against the label amid it."""
    predictor = Predictor(pretrained.STREAM)
    assert predictor.card.stream is not None
    right = []
    for person in [r for r in hapt if r.subject in TEST_SUBJECTS][::6]:
        assert person.gyro is not None
        mounting = settle_mounting(person, predictor.contract.frame, "estimate")
        stream = Stream(predictor, mounting=mounting)
        said = stream.push(person.acc.time_s, person.acc.values, person.gyro.values)
        for hop in said + stream.finish():
            amid_s = hop.time_s - predictor.contract.spec.window_s / 2
            labels = [s.label for s in person.spans if s.start_s <= amid_s < s.end_s]
            if not hop.warm_up and set(labels) & set(predictor.contract.labels):
                right.append(hop.activity in labels)
    assert len(right) > 500
    assert np.mean(right) > 0.93


def test_a_recording_without_gyroscope_takes_the_one_that_does_without(tmp_path: Path) -> None:
    person = simulate("3", minutes=1.0)
    both = predict(table(tmp_path / "both.csv", person, gyroscope=True))
    alone = predict(table(tmp_path / "alone.csv", person, gyroscope=False))
    said = "there is no gyroscope: recognised by pretrained-accelerometer"
    assert said not in both.notes
    assert said in alone.notes
    assert len(both.windows.channels) == 9
    assert len(alone.windows.channels) == 6
