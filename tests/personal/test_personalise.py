"""A model fitted to one person: better for them, the same elsewhere, and honest about it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import InputError, ModelFileError
from harken.core.recording import Recording, Sensor, Span
from harken.datasets.simulated import simulate
from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.model.card import read_card, write_card
from harken.personal.head import Head, metric_of, refit
from harken.signal import window_file
from harken.signal.windows import UNLABELLED

LABELS = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING")


@pytest.fixture(scope="module")
def model() -> Predictor:
    return Predictor("pretrained")


@pytest.fixture(scope="module")
def person() -> Recording:
    """Of 60 simulated people the one whom the model recognises worst: sitting as standing."""
    return simulate("3", seed=1)


def first_bouts(person: Recording) -> tuple[Span, ...]:
    """The first time that each activity was done."""
    first = {span.label: span for span in reversed(person.spans)}
    return tuple(sorted(first.values(), key=lambda span: span.start_s))


def with_spans(person: Recording, spans: tuple[Span, ...]) -> Recording:
    return replace(person, spans=spans)


def accuracy(model: Predictor, person: Recording, spans: tuple[Span, ...]) -> float:
    from harken.preparation.resolve import settle_mounting

    rotation = settle_mounting(person, model.contract.frame, "estimate").rotation
    windows = model.windows_of(with_spans(person, spans), rotation)
    windows = windows.select((windows.y >= 0) & ~windows.warm_up)
    return float((model.probability(windows).argmax(axis=1) == windows.y).mean())


def write_table(path: Path, person: Recording, *, labels: bool = True, gyro: bool = True) -> Path:
    time_s = person.acc.time_s
    label = np.full(len(time_s), "", dtype=object)
    for span in person.spans:
        label[(time_s >= span.start_s) & (time_s < span.end_s)] = span.label
    assert person.gyro is not None
    columns = [time_s, *person.acc.values.T, *(person.gyro.values.T if gyro else ())]
    names = ["time_s", "acc_x", "acc_y", "acc_z"] + gyro * ["gyro_x", "gyro_y", "gyro_z"]
    lines = [",".join(names + labels * ["label"])]
    for i in range(len(time_s)):
        cells = [f"{column[i]:.5f}" for column in columns] + labels * [label[i]]
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_it_recognises_the_person_better_at_times_that_it_has_not_seen(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    seen = first_bouts(person)
    later = tuple(span for span in person.spans if span not in seen)
    made = harken.personalise(model, with_spans(person, seen))
    assert made.better
    file = made.save(tmp_path / "me.onnx")
    before, after = (accuracy(m, person, later) for m in (model, Predictor(file)))
    assert after > before + 0.02


def test_the_file_computes_what_was_fitted_and_says_so(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    made = harken.personalise(model, person)
    file = made.save(tmp_path / "me.onnx")
    mine = Predictor(file)
    windows = mine.windows_of(person)
    probability, embedding = mine.run(windows)
    np.testing.assert_allclose(probability, np.exp(made.head.log_probability(embedding)), atol=1e-5)
    np.testing.assert_array_equal(embedding, model.run(windows)[1])
    card = mine.card
    assert card.personal is not None
    assert card.personal.minutes["WALKING"] == pytest.approx(
        sum(s.end_s - s.start_s for s in person.spans if s.label == "WALKING") / 60, abs=0.06
    )
    assert not card.personal.forced
    assert card.protocol == "within-subject"
    assert card.figures["accuracy"] == pytest.approx(card.personal.after.accuracy)
    assert replace(card, personal=None, figures={}, protocol="") == replace(
        model.card, figures={}, protocol=""
    )


def test_it_is_an_ordinary_model_file(model: Predictor, person: Recording, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    file = harken.personalise(model, person).save(tmp_path / "me.onnx")
    onnx.checker.check_model(onnx.load(file), full_check=True)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelFileError, match="damaged"):
        Predictor(file)


def test_the_same_recording_makes_the_same_file(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    files = [harken.personalise(model, person).save(tmp_path / name) for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_activities_without_labels_keep_their_place(model: Predictor, person: Recording) -> None:
    """Their logits are the old ones, and so is the sum of the others'."""
    told = ("SITTING", "STANDING", "WALKING")
    spans = tuple(span for span in person.spans if span.label in told)
    made = harken.personalise(model, with_spans(person, spans))
    from harken.personal.personalise import head_of

    old = head_of(model)
    others = [i for i, label in enumerate(LABELS) if label not in told]
    np.testing.assert_array_equal(made.head.weight[:, others], old.weight[:, others])
    np.testing.assert_array_equal(made.head.bias[others], old.bias[others])
    np.testing.assert_allclose(made.head.weight.sum(axis=1), old.weight.sum(axis=1), atol=1e-4)
    assert not np.allclose(made.head.weight, old.weight, atol=1e-3)


def test_a_stronger_pull_moves_less_and_labels_move_towards_them() -> None:
    rng = np.random.default_rng(0)
    head = Head(rng.normal(size=(4, 3)), np.zeros(3), 1.0)
    statistics = {"mean": rng.normal(size=(3, 4)).tolist(), "covariance": np.eye(4).tolist()}
    embedding = rng.normal(size=(60, 4)).astype(np.float32)
    y = (embedding[:, 0] > 0).astype(np.int64)
    metric = metric_of(statistics)
    moved, right = [], []
    for strength in (1e6, 100.0, 1.0):
        fitted = refit(head, embedding, y, metric, strength=strength)
        moved.append(np.abs(fitted.weight - head.weight).max())
        right.append((fitted.log_probability(embedding)[:, :2].argmax(axis=1) == y).mean())
    assert moved[0] < 1e-3 < moved[1] < moved[2]
    assert right[2] > 0.9 > right[0]


def test_what_does_no_better_is_not_written_unless_forced_and_marked(
    model: Predictor, tmp_path: Path
) -> None:
    """Whom the model recognises well already, it need not be fitted to."""
    made = harken.personalise(model, simulate("8", seed=1))
    assert made.personal.before.accuracy > 0.95
    assert not made.better
    out = tmp_path / "me.onnx"
    with pytest.raises(InputError, match="no better"):
        made.save(out)
    assert not out.exists()
    made.save(out, force=True)
    personal = Predictor(out).card.personal
    assert personal is not None
    assert personal.forced


@pytest.mark.parametrize("seed", range(6))
def test_labels_that_belong_to_other_times_make_no_better_model(
    model: Predictor, person: Recording, tmp_path: Path, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(person.spans))
    shuffled = tuple(
        replace(span, label=person.spans[i].label)
        for span, i in zip(person.spans, order, strict=True)
    )
    made = harken.personalise(model, with_spans(person, shuffled))
    assert not made.better
    with pytest.raises(InputError, match="are their times right"):
        made.save(tmp_path / "me.onnx")


def test_a_file_that_is_there_is_replaced_only_on_demand(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    out = tmp_path / "me.onnx"
    out.write_text("mine")
    made = harken.personalise(model, person)
    with pytest.raises(InputError, match="there already"):
        made.save(out)
    with pytest.raises(InputError, match="is a folder"):
        made.save(tmp_path, overwrite=True)
    assert out.read_text() == "mine"
    made.save(out, overwrite=True)
    assert Predictor(out).card.personal is not None
    assert [file.name for file in tmp_path.iterdir()] == ["me.onnx"]


def test_tables_window_files_and_labels_apart_say_the_same(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    short = with_spans(person, first_bouts(person))
    labelled = write_table(tmp_path / "labelled.csv", short)
    bare = write_table(tmp_path / "bare.csv", short, labels=False)
    spans = tmp_path / "spans.csv"
    rows = [f"{s.start_s},{s.end_s},{s.label.lower().replace('_', ' ')}" for s in short.spans]
    spans.write_text("\n".join(["start_s,end_s,activity", *rows, "150,160,"]) + "\n")
    made = harken.personalise(model, labelled)
    apart = harken.personalise(model, bare, labels=spans)
    # The table's last label ends at its last sample; spans end where they say.
    assert apart.personal.minutes == pytest.approx(made.personal.minutes, abs=0.03)
    np.testing.assert_allclose(apart.head.weight, made.head.weight, atol=0.02)

    from harken.preparation.resolve import settle_mounting

    rotation = settle_mounting(short, model.contract.frame, "estimate").rotation
    window_file.save(model.windows_of(short, rotation), tmp_path / "w.npz")
    of_windows = harken.personalise(model, tmp_path / "w.npz")
    np.testing.assert_allclose(of_windows.head.weight, made.head.weight, atol=0.02)


def test_several_recordings_of_one_person_count_together(
    model: Predictor, person: Recording
) -> None:
    parts = [
        with_spans(person, tuple(s for s in person.spans if (s.start_s < 120) == early))
        for early in (True, False)
    ]
    made = harken.personalise(model, parts)
    whole = harken.personalise(model, person)
    assert made.n_windows == whole.n_windows
    with pytest.raises(InputError, match="for one person; the recordings are of 3, 9"):
        harken.personalise(model, [person, simulate("9", seed=1)])


def test_without_gyroscope_the_model_that_needs_none_is_fitted(
    model: Predictor, person: Recording
) -> None:
    made = harken.personalise(model, replace(person, gyro=None))
    assert made.start.path.stem == "pretrained-accelerometer"
    assert not made.start.contract.reads_gyroscope


def test_what_cannot_be_used_is_told(model: Predictor, person: Recording) -> None:
    walk = next(s for s in person.spans if s.label == "WALKING")
    sit = next(s for s in person.spans if s.label == "SITTING")
    cases: list[tuple[Recording, str]] = [
        (with_spans(person, ()), r"Add a column 'label'.*--labels"),
        (with_spans(person, (walk,)), r"Too little is labelled \(WALKING: \d+ windows\)"),
        (
            with_spans(person, (walk, replace(sit, end_s=sit.start_s + 5))),
            "each for 9 s or more",
        ),
        (with_spans(person, (walk, replace(sit, label="ROWING"))), "no activity 'ROWING'"),
        (replace(person, placement="wrist"), "made for the waist"),
    ]
    for recording, message in cases:
        with pytest.raises(InputError, match=f"(?s){message}"):
            harken.personalise(model, recording)
    with pytest.raises(InputError, match="strength is 0"):
        harken.personalise(model, person, strength=0)
    with pytest.raises(InputError, match="no recording"):
        harken.personalise(model, [])
    with pytest.raises(InputError, match="is for one recording"):
        harken.personalise(model, [person, person], labels="x.csv")
    assert person.gyro is not None
    short = replace(person, acc=beginning(person.acc), gyro=beginning(person.gyro))
    with pytest.raises(InputError, match="too short"):
        harken.personalise(model, short, mounting="as-worn")


def beginning(sensor: Sensor) -> Sensor:
    """The first 6 seconds."""
    return Sensor(sensor.time_s[:300], sensor.values[:300])


def test_windows_without_times_are_refused(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    """Neighbours overlap: what was learnt from one would be asked of the other."""
    windows = model.windows_of(person)
    np.savez(tmp_path / "w.npz", x=windows.x, y=windows.y)
    with pytest.raises(InputError, match="nor when each begins"):
        harken.personalise(model, tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "the columns are a, b; labels need start_s, end_s, activity"),
        ("start_s,end_s,activity\n5,3,SITTING\n", "line 2.*an end after the start, 5"),
        ("start_s,end_s,activity\n5,x,SITTING\n", "found 'x'; expected a number"),
        ("start_s,end_s,activity\n5,,SITTING\n", "an end after the start"),
        ("start_s,end_s,activity\n5,9,\n", "names no activity"),
        ("start_s,end_s,activity\n5,9,SITTING\n8,12,WALKING\n", "must not overlap"),
    ],
)
def test_tables_of_labels_that_are_none(
    model: Predictor, person: Recording, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        harken.personalise(model, person, labels=path)


def test_a_personal_model_is_not_personalised_again(
    model: Predictor, person: Recording, tmp_path: Path
) -> None:
    file = harken.personalise(model, person).save(tmp_path / "me.onnx")
    with pytest.raises(InputError, match="fitted to a person already"):
        harken.personalise(file, person)


@pytest.mark.parametrize(
    "change",
    [
        {"forced": "no"},
        {"minutes": {"ROWING": 1.0}},
        {"before": {"accuracy": 2.0, "log_loss": 0.1}},
        {"surprise": 1},
    ],
)
def test_a_card_that_says_half_of_it_is_refused(
    model: Predictor, person: Recording, change: dict[str, object]
) -> None:
    about = json.loads(write_card(harken.personalise(model, person).card))
    about["personal"] |= change
    with pytest.raises(ValueError, match=r"forced|ROWING|accuracy|surprise"):
        read_card(json.dumps(about))


def test_without_torch_and_onnx(person: Recording, tmp_path: Path) -> None:
    table = write_table(tmp_path / "me.csv", person)
    code = (
        "import harken, sys\n"
        f"harken.personalise('pretrained', {str(table)!r}).save({str(tmp_path / 'me.onnx')!r})\n"
        "assert not {'torch', 'onnx', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert Predictor(tmp_path / "me.onnx").card.personal is not None


def test_the_model_without_gyroscope(person: Recording, tmp_path: Path) -> None:
    table = write_table(tmp_path / "me.csv", person, gyro=False)
    made = harken.personalise(pretrained.WITHOUT_GYROSCOPE, table)
    if made.better:
        made.save(tmp_path / "me.onnx")
        assert harken.predict(table, tmp_path / "me.onnx").bouts


def test_real_people_gain(model: Predictor, data_folder: Path) -> None:
    """The test person whom the model recognises worst, with one bout of each activity labelled."""
    windows = harken.load("hapt-upright", data=data_folder).of_subjects(["9"])
    chosen = np.zeros(len(windows), bool)
    recording = np.unique(windows.recording)[0]
    chosen[windows.recording == recording] = True
    labelled = replace(windows, y=np.where(chosen, windows.y, UNLABELLED))
    made = harken.personalise(model, labelled)
    rest = windows.select(~chosen)
    probability, embedding = model.run(rest)
    before = (probability.argmax(axis=1) == rest.y).mean()
    after = (made.head.log_probability(embedding).argmax(axis=1) == rest.y).mean()
    assert made.better
    assert after > before
