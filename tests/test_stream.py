"""A stream is answered as the file would be, however its samples come."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import harken
from harken.core.errors import ContractError, FormatError, InputError, UnknownNameError
from harken.core.recording import Recording, Sensor
from harken.datasets.hapt import TEST_SUBJECTS
from harken.datasets.simulated import simulate
from harken.inference.bouts import bouts_of
from harken.inference.predictor import Predictor
from harken.inference.stream import START_S, Stream
from harken.inference.stream_answers import StreamPrediction
from harken.model import file as model_file
from harken.model import pretrained
from harken.model.card import Card
from harken.model.contract import Contract
from harken.model.smoothing import Smoothing, smooth
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.preparation.resolve import settle_mounting
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS
from harken.signal.path import filter_recording
from harken.signal.sequence import chain_starts, time_order
from harken.signal.windows import ACTIVITIES, WindowSpec, cut

KINDS = ("conv-lstm", "conv-bilstm")
SMOOTHING = Smoothing((0.8, 0.9, 0.7, 0.8, 0.9, 0.95), (0.2, 0.1, 0.2, 0.2, 0.2, 0.1))


def network_of(kind: str, channels: tuple[str, ...] = CHANNELS) -> Network:
    """Fresh weights but for the last layer, which is set so that the answers differ."""
    torch.manual_seed(1)
    network = build(kind, Shape(len(channels), 128, 6), companded=(0, 1, 2)).eval()
    windows = cut(filter_recording(simulate("4", minutes=1.0)), WindowSpec())
    with torch.no_grad():
        embedding = network.embed(torch.from_numpy(windows.with_channels(channels).x))
        weight = network.head.weight / embedding.std(dim=0)
        network.head.weight.copy_(weight)
        network.head.bias.copy_(-weight @ embedding.mean(dim=0))
    return network


def over(network: Network, n_steps: int) -> Network:
    """The same network for windows of another length."""
    shape = Shape(network.shape.n_channels, n_steps, 6)
    other = build("conv-lstm", shape, companded=(0, 1, 2)).eval()
    other.load_state_dict(network.state_dict())
    return other


def save(path: Path, network: Network, channels: tuple[str, ...] = CHANNELS) -> Predictor:
    card = Card(
        contract=Contract(
            channels, ACTIVITIES, 50.0, 128, 64, 5.0, mounting={"up": "+x", "forward": "+y+z"}
        ),
        network="a network",
        preset="none",
        dataset="simulated",
        protocol="official",
        seed=0,
        figures={},
        credits="nobody",
        versions={"harken": "0"},
        temperature=1.0,
        embedding={},
        smoothing=SMOOTHING,
        stream=network.stream,
    )
    model_file.save(path, network, card)
    return Predictor(path)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Predictor]:
    folder = tmp_path_factory.mktemp("models")
    return {kind: save(folder / f"{kind}.onnx", network_of(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def person() -> Recording:
    """Someone who stands still for four seconds, and then does this and that."""
    found = simulate("3", minutes=1.0)
    values = found.acc.values.copy()
    values[:200] = [1, 0, 0]
    return dataclasses.replace(found, acc=Sensor(found.acc.time_s, values))


def rows(recording: Recording) -> np.ndarray:
    assert recording.gyro is not None
    return np.hstack([recording.acc.time_s[:, None], recording.acc.values, recording.gyro.values])


def pushed(stream: Stream, samples: np.ndarray, cuts: list[int]) -> list[StreamPrediction]:
    """All that a stream says of samples that come in messages."""
    said = []
    for part in np.split(samples, sorted(min(c, len(samples)) for c in cuts)):
        said += stream.push(part[:, 0], part[:, 1:4], part[:, 4:] if part.shape[1] > 4 else None)
    return said + stream.finish()


def seen(prediction: StreamPrediction) -> tuple[object, ...]:
    about = prediction.as_dict()
    del about["probability"]
    return tuple(about.values())


def assert_same(one: list[StreamPrediction], other: list[StreamPrediction], atol: float) -> None:
    assert [seen(p) for p in one] == [seen(p) for p in other]
    np.testing.assert_allclose(
        [p.probability for p in one], [p.probability for p in other], atol=atol
    )


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    rate_hz=st.sampled_from([25, 50, 100]),
    uneven=st.booleans(),
    gap=st.booleans(),
    hold_s=st.sampled_from([0.0, 0.5]),
    given_rate=st.booleans(),
    mounting=st.sampled_from(["standing", "as-worn"]),
    hop_s=st.sampled_from([None, 0.08, 0.64]),
    cuts=st.lists(st.integers(0, 3000), max_size=8),
)
def test_messages_of_any_size_are_answered_alike(
    models: dict[str, Predictor],
    kind: str,
    rate_hz: int,
    uneven: bool,
    gap: bool,
    hold_s: float,
    given_rate: bool,
    mounting: str,
    hop_s: float | None,
    cuts: list[int],
) -> None:
    rng = np.random.default_rng(0)
    n = 26 * rate_hz
    samples = np.empty((n, 7))
    samples[:, 0] = 7 + (np.arange(n) + (rng.uniform(-0.3, 0.3, n) if uneven else 0)) / rate_hz
    samples[:, 1:] = 0.01 * rng.normal(size=(n, 6)) + [1, 0, 0, 0, 0, 0]
    samples[6 * rate_hz :, 1:] += 0.3 * np.sin(6 * samples[6 * rate_hz :, :1])
    if gap:
        samples = np.delete(samples, np.s_[12 * rate_hz : 13 * rate_hz], axis=0)

    def stream() -> Stream:
        return Stream(
            models[kind],
            rate_hz=float(rate_hz) if given_rate else None,
            mounting=mounting,
            hop_s=hop_s,
            hold_s=hold_s,
        )

    at_once, in_parts = pushed(stream(), samples, []), pushed(stream(), samples, cuts)
    assert len(at_once) > 5
    assert_same(at_once, in_parts, atol=1e-5)


def test_sample_by_sample_is_answered_alike(
    models: dict[str, Predictor], person: Recording
) -> None:
    samples = rows(person)[:900]
    for predictor in models.values():
        singly = pushed(Stream(predictor), samples, list(range(900)))
        assert len(singly) == 13
        assert_same(pushed(Stream(predictor), samples, []), singly, atol=1e-5)


def as_a_file(
    predictor: Predictor, recording: Recording, rotation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[float]]:
    """Ends, probabilities, smoothed answers and changes of activity, window by window."""
    windows = predictor.windows_of(recording, rotation)
    probability = predictor.probability(windows)
    order = time_order(windows)
    answer = smooth(probability, chain_starts(windows, order), predictor.smoothing, "causal")
    bouts = bouts_of(windows, probability, answer)
    settled = [b for b in bouts if b.confidence is not None]
    changes = [b.start_s for a, b in itertools.pairwise(settled) if a.end_s == b.start_s]
    return windows.start_s + windows.n_steps / windows.rate_hz, probability, answer, changes


def assert_as_the_file(predictor: Predictor, recording: Recording, rotation: np.ndarray) -> None:
    end_s, probability, answer, changes = as_a_file(predictor, recording, rotation)
    stream = Stream(predictor, rate_hz=recording.acc.rate_hz, mounting=rotation)
    said = pushed(stream, rows(recording), [100, 2000, 2001])
    np.testing.assert_allclose([p.time_s for p in said], end_s)
    np.testing.assert_allclose([p.probability for p in said], probability, atol=1e-5)
    labels = predictor.contract.labels
    assert [p.smoothed_activity for p in said] == [labels[a] for a in answer]
    assert [p.activity for p in said] == [labels[a] for a in probability.argmax(axis=1)]
    found = [p.transition.time_s for p in said if p.transition]
    assert len(found) > 1
    np.testing.assert_allclose(found, changes)


def test_a_network_for_windows_says_what_it_says_of_the_file(
    models: dict[str, Predictor], person: Recording
) -> None:
    assert_as_the_file(models["conv-bilstm"], person, np.eye(3))


def test_real_recordings_say_what_the_file_says(hapt: list[Recording]) -> None:
    """With the model that ships, on a test person, turned by the mounting that is found."""
    person = next(r for r in hapt if r.subject in TEST_SUBJECTS)
    predictor = Predictor("pretrained")
    mounting = settle_mounting(person, predictor.contract.frame, "estimate")
    assert_as_the_file(predictor, dataclasses.replace(person, spans=()), mounting.rotation)


def assert_state_runs_on(
    predictor: Predictor, recording: Recording, whole: Callable[[np.ndarray], np.ndarray]
) -> None:
    """After each hop the answer is the network's over all since the start, by `whole`."""
    (segment,) = filter_recording(recording).segments
    x = segment.samples.astype(np.float32)
    stream = Stream(predictor, rate_hz=50.0, mounting="as-worn")
    said = pushed(stream, rows(recording), [77, 2500])
    assert len(said) == (len(x) - 128) // 64 + 1
    for hop in (0, 1, len(said) // 2, len(said) - 1):
        wanted = whole(x[None, : 128 + 64 * hop])
        np.testing.assert_allclose(said[hop].probability, wanted[0], atol=1e-5)


def test_a_network_that_streams_says_what_it_says_of_all_that_has_been(
    models: dict[str, Predictor], person: Recording
) -> None:
    network = network_of("conv-lstm")

    def by_torch(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            logits = over(network, x.shape[1])(torch.from_numpy(x))
            return torch.softmax(logits, dim=1).numpy()

    assert_state_runs_on(models["conv-lstm"], person, by_torch)
    start = models["conv-lstm"].probability(models["conv-lstm"].windows_of(person))[0]
    first = Stream(models["conv-lstm"], rate_hz=50.0, mounting="as-worn")
    np.testing.assert_allclose(pushed(first, rows(person), [])[0].probability, start, atol=1e-5)


def test_the_shipped_one_says_on_real_recordings_what_it_says_of_all_that_has_been(
    hapt: list[Recording],
) -> None:
    predictor = Predictor(pretrained.STREAM)
    stream = predictor.engine.stream
    assert stream is not None
    person = next(r for r in hapt if r.subject in TEST_SUBJECTS)
    assert_state_runs_on(
        predictor, person, lambda x: predictor.engine.go_on(x, stream.zeros(len(x)))[0]
    )


def test_a_gap_begins_anew(models: dict[str, Predictor], person: Recording) -> None:
    samples = rows(person)
    later = samples[1500:].copy()
    later[:, 0] += 3600
    for predictor in models.values():
        said = pushed(
            Stream(predictor, mounting="as-worn"), np.vstack([samples[:1500], later]), [1600]
        )
        alone = pushed(Stream(predictor, mounting="as-worn"), later, [])
        after = [p for p in said if p.time_s > 3600]
        assert_same(after, alone, atol=1e-5)
        assert [p.warm_up for p in after[:5]] == [True, True, True, True, False]
        assert after[0].transition is None


def test_a_device_worn_any_way_up_is_set_upright_by_the_start(
    models: dict[str, Predictor], person: Recording
) -> None:
    samples = rows(person)
    gravity = samples[0, 1:4] / np.linalg.norm(samples[0, 1:4])
    turn = Rotation.align_vectors([[0, 0, -1]], [gravity])[0].as_matrix()
    turned = samples.copy()
    turned[:, 1:4], turned[:, 4:] = samples[:, 1:4] @ turn.T, samples[:, 4:] @ turn.T
    stream = Stream(models["conv-lstm"])
    assert stream.mounting is None
    assert pushed(stream, turned, [30, 60])
    assert stream.mounting is not None
    assert stream.mounting.method == "standing"
    up = stream.mounting.rotation @ turned[0, 1:4]
    np.testing.assert_allclose(up / np.linalg.norm(up), [1, 0, 0], atol=1e-6)
    assert any("samples a second" in note for note in stream.notes)


def test_who_does_not_stand_still_is_told_and_may_try_again(
    models: dict[str, Predictor], person: Recording
) -> None:
    samples = rows(person)
    stream = Stream(models["conv-lstm"])
    shaken = samples[:200].copy()
    shaken[::2, 1:4] += 1
    with pytest.raises(ContractError, match="moved by"):
        stream.push(shaken[:, 0], shaken[:, 1:4], shaken[:, 4:])
    later = samples.copy()
    later[:, 0] += 10
    assert_same(pushed(stream, later, []), pushed(Stream(models["conv-lstm"]), later, []), 1e-5)


@pytest.mark.parametrize(("hold_s", "n_message"), [(0.0, 1), (0.5, 5), (0.5, 50)])
@pytest.mark.parametrize("rate_hz", [50, 100])
def test_answers_come_within_the_delay_that_is_stated(
    models: dict[str, Predictor], rate_hz: int, hold_s: float, n_message: int
) -> None:
    rng = np.random.default_rng(0)
    samples = np.hstack(
        [np.arange(20 * rate_hz)[:, None] / rate_hz, rng.normal(size=(20 * rate_hz, 6))]
    )
    stream = Stream(models["conv-lstm"], mounting="as-worn", hold_s=hold_s)
    assert stream.delay_s is None
    late = []
    for first in range(0, len(samples), n_message):
        part = samples[first : first + n_message]
        answers = stream.push(part[:, 0], part[:, 1:4], part[:, 4:])
        # Before, nothing was let through.
        late += [part[-1, 0] - a.time_s for a in answers if a.time_s > START_S]
    assert stream.delay_s is not None
    most_s = stream.delay_s + n_message / rate_hz
    assert 0.6 * most_s < max(late) <= most_s


def test_without_smoothing_answers_come_a_hop_sooner(
    models: dict[str, Predictor], person: Recording
) -> None:
    plain = Stream(models["conv-bilstm"], smoothing="none", mounting="as-worn", rate_hz=50.0)
    smoothed = Stream(models["conv-bilstm"], mounting="as-worn", rate_hz=50.0)
    said = [pushed(stream, rows(person), []) for stream in (plain, smoothed)]
    assert len(said[0]) == len(said[1])
    assert all(p.activity == p.smoothed_activity for p in said[0])
    assert [p.activity for p in said[0]] == [p.activity for p in said[1]]
    assert plain.delay_s is not None
    assert smoothed.delay_s == pytest.approx(plain.delay_s + 1.28)


def test_without_gyroscope(tmp_path: Path, models: dict[str, Predictor], person: Recording) -> None:
    with pytest.raises(ContractError, match="'pretrained-accelerometer'"):
        Stream(models["conv-lstm"]).push(rows(person)[:, 0], rows(person)[:, 1:4])
    network = network_of("conv-lstm", ACCELEROMETER_CHANNELS)
    predictor = save(tmp_path / "model.onnx", network, ACCELEROMETER_CHANNELS)
    alone = pushed(Stream(predictor, mounting="as-worn"), rows(person)[:, :4], [])
    with_gyro = pushed(Stream(predictor, mounting="as-worn"), rows(person), [])
    assert len(alone) > 40
    assert_same(alone, with_gyro, atol=0)


def test_of_what_it_is_not_sure_is_told(person: Recording) -> None:
    samples = rows(person)
    samples[1500:, 1:] = 3 * np.random.default_rng(0).normal(size=samples[1500:, 1:].shape)
    said = pushed(Stream("pretrained", mounting="as-worn"), samples, [])
    noise = [p.unsure for p in said if p.time_s > 35]
    assert np.mean(noise) > 0.9
    assert np.mean(noise) > np.mean([p.unsure for p in said if 8 < p.time_s < 30])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"hop_s": 0.1}, ContractError, "hops of 0.1 s: expected a multiple of 0.08 s"),
        ({"hop_s": 0.02}, ContractError, "a multiple of 0.08 s, at most 2.56 s"),
        ({"hop_s": 2.64}, ContractError, "at most 2.56 s"),
        ({"hop_s": 0.0}, ContractError, "hops of 0 s"),
        ({"hop_s": float("nan")}, ContractError, "hops of nan s"),
        ({"placement": "wrist"}, ContractError, "worn at the wrist"),
        ({"placement": "nose"}, UnknownNameError, "nose"),
        ({"mounting": "estimate"}, UnknownNameError, "mounting of a stream"),
        ({"mounting": np.ones((3, 3))}, FormatError, "rotation"),
        ({"smoothing": "viterbi"}, UnknownNameError, "smooth a stream"),
        ({"smoothing": "soft"}, UnknownNameError, "soft"),
    ],
)
def test_settings_that_cannot_be(
    models: dict[str, Predictor],
    options: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        Stream(models["conv-lstm"], **options)  # type: ignore[arg-type]


def test_samples_that_cannot_be_leave_the_stream_as_it_was(
    models: dict[str, Predictor], person: Recording
) -> None:
    samples = rows(person)
    stream = Stream(models["conv-lstm"])
    said = stream.push(samples[:1000, 0], samples[:1000, 1:4], samples[:1000, 4:])
    broken = samples[1000:1010].copy()
    broken[3, 5] = np.nan
    for time_s, acc_g, gyro in [
        (broken[:, 0], broken[:, 1:4], broken[:, 4:]),
        (samples[:5, 0], samples[:4, 1:4], samples[:5, 4:]),
        (samples[:5, 0], samples[:5, 1:3], samples[:5, 4:]),
        (0.0, samples[0, 1:4], samples[0, 4:]),
    ]:
        with pytest.raises(FormatError):
            stream.push(time_s, acc_g, gyro)
    assert stream.push([], np.empty((0, 3)), np.empty((0, 3))) == []
    said += stream.push(samples[1000:, 0], samples[1000:, 1:4], samples[1000:, 4:])
    said += stream.finish()
    assert_same(said, pushed(Stream(models["conv-lstm"]), samples, []), atol=0)
    with pytest.raises(InputError, match="is finished"):
        stream.push(samples[:, 0], samples[:, 1:4], samples[:, 4:])


def test_a_device_of_an_impossible_rate_is_told(models: dict[str, Predictor]) -> None:
    stream = Stream(models["conv-lstm"], mounting="as-worn")
    with pytest.raises(ContractError, match="5 samples a second"):
        stream.push(np.arange(60) / 5, np.ones((60, 3)), np.ones((60, 3)))
    n = 100_001
    with pytest.raises(FormatError, match="are the times in seconds"):
        stream.push(np.arange(n) * 1e-9, np.ones((n, 3)), np.ones((n, 3)))


def test_a_stream_that_ends_before_it_has_begun_says_nothing(models: dict[str, Predictor]) -> None:
    stream = Stream(models["conv-lstm"])
    assert stream.push(np.arange(100) / 50, np.ones((100, 3)), np.ones((100, 3))) == []
    assert stream.finish() == []


def test_the_page_says_how(person: Recording) -> None:
    """The example of docs/stream.md, as it stands there."""
    page = Path(__file__).parent.parent / "docs" / "stream.md"
    code = page.read_text(encoding="utf-8").split("```python")[1].split("```")[0]
    samples = rows(person)

    def messages() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for part in np.array_split(samples, 100):
            yield part[:, 0], part[:, 1:4], part[:, 4:]

    shown: list[tuple[object, ...]] = []
    exec(code, {"messages": messages, "print": lambda *what: shown.append(what)})
    answers = [what for what in shown if what[0] != "now"]
    assert len(answers) == len(pushed(Stream(), samples, []))
    assert {what[1] for what in shown} <= set(ACTIVITIES)


def test_it_runs_without_torch(models: dict[str, Predictor]) -> None:
    code = f"""
import sys
import numpy as np, harken
stream = harken.Stream({str(models["conv-lstm"].path)!r}, mounting="as-worn")
n = 1000
said = stream.push(np.arange(n) / 50, np.ones((n, 3)), np.ones((n, 3))) + stream.finish()
print(len(said), "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["14", "False"]
    assert harken.Stream is Stream
