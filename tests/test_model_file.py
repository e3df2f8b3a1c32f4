"""A model file is what it says, or it is refused."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harken
from harken.core.errors import ContractError, ModelFileError
from harken.inference.predictor import Predictor
from harken.model import file as model_file
from harken.model.abstention import Abstention, SignalModel
from harken.model.card import Card
from harken.model.contract import Contract
from harken.model.file import HASH_KEY, METADATA_KEY, content_hash
from harken.model.onnx_file import read_onnx
from harken.model.smoothing import Smoothing
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.signal.filters import CHANNELS
from harken.signal.windows import ACTIVITIES, Windows, WindowSpec

CARD = Card(
    contract=Contract(CHANNELS, ACTIVITIES, 50.0, 128, 64, 5.0),
    network="stacked-lstm",
    preset="stacked-lstm",
    dataset="simulated",
    protocol="official",
    seed=0,
    figures={"accuracy": 0.5},
    credits="nobody",
    versions={"harken": "0"},
    temperature=1.5,
    embedding={},
)
SIGNALS = {
    "gravity": [0.9, 1.1],
    "weight": [1.0],
    "mean": [[0.0] * 8],
    "covariance": np.eye(8).tolist(),
}
ABSTENTION = {"confidence": 0.5, "distance": 10.0, "density": -5.0}


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return build("stacked-lstm", Shape(9, 128, 6)).eval()


@pytest.fixture
def path(network: Network, tmp_path: Path) -> Path:
    model_file.save(tmp_path / "model.onnx", network, CARD)
    return tmp_path / "model.onnx"


def windows(n: int, **changes: object) -> Windows:
    rng = np.random.default_rng(0)
    fields: dict[str, object] = {
        "x": rng.normal(size=(n, 128, 9)).astype(np.float32),
        "y": np.full(n, -1),
        "subject": np.full(n, ""),
        "recording": np.arange(n).astype(str),
        "start_s": np.zeros(n),
        "split": np.full(n, ""),
        "warm_up": np.zeros(n, bool),
    }
    fields |= changes
    spec = WindowSpec(np.shape(fields["x"])[1])
    return Windows(**({"spec": spec} | fields))


def edit_metadata(path: Path, **changes: object) -> None:
    about = json.loads(read_onnx(path.read_bytes()).metadata[METADATA_KEY]) | changes
    edit(path, json.dumps(about))


def edit(path: Path, card: str, *, hashed: bool = True) -> None:
    """Put another card into a file, with a hash that fits, or without any."""
    model = onnx.load(path)
    del model.metadata_props[:]
    digest = content_hash(read_onnx(model.SerializeToString()).graph, card)
    props = {METADATA_KEY: card} | ({HASH_KEY: digest} if hashed else {})
    onnx.helper.set_model_props(model, props)
    path.write_bytes(model.SerializeToString())


def test_it_says_what_was_put_in(path: Path) -> None:
    assert Predictor(path).card == CARD


def test_it_computes_what_the_network_computes(path: Path, network: Network) -> None:
    some = windows(700)
    with torch.no_grad():
        expected = torch.softmax(network(torch.from_numpy(some.x)) / 1.5, dim=1).numpy()
    np.testing.assert_allclose(Predictor(path).probability(some), expected, atol=1e-5)


def test_any_onnx_tool_opens_it(path: Path) -> None:
    model = onnx.load(path, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.output] == ["embedding", "probability"]
    assert not any(t.external_data for t in model.graph.initializer)


def test_channels_in_another_order_are_put_right(path: Path) -> None:
    some = windows(3)
    turned = dataclasses.replace(
        some, x=np.ascontiguousarray(some.x[:, :, ::-1]), channels=CHANNELS[::-1]
    )
    predictor = Predictor(path)
    assert np.array_equal(predictor.probability(some), predictor.probability(turned))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((2, 100, 9), np.float32)}, "windows of 128 steps; these have 100"),
        ({"spec": WindowSpec(rate_hz=25.0)}, "50 samples a second; these windows have 25"),
        (
            {"x": np.zeros((2, 128, 1), np.float32), "channels": ("body_acc_x",)},
            "needs the channels body_acc_y",
        ),
    ],
)
def test_input_that_breaks_the_contract(
    path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        Predictor(path).probability(windows(2, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 99}, "format version 99"),
        ({"contract": {"channels": ["a"]}}, "cannot be understood"),
        (
            {"contract": dataclasses.asdict(CARD.contract) | {"labels": ["a", "b"]}},
            "contradicts itself",
        ),
        (
            {"contract": dataclasses.asdict(CARD.contract) | {"n_steps": 64}},
            "contradicts itself",
        ),
        ({"surprise": 1}, "cannot be understood"),
    ],
)
def test_metadata_that_cannot_be(path: Path, changes: dict[str, object], message: str) -> None:
    edit_metadata(path, **changes)
    with pytest.raises(ModelFileError, match=message):
        Predictor(path)


def test_fields_of_the_card_one_by_one(path: Path) -> None:
    contract = dataclasses.asdict(CARD.contract)
    for changes, message in [
        ({"rate_hz": 0}, "'rate_hz' of 'contract' is 0; expected a number from 0.1"),
        ({"rate_hz": "50"}, "'rate_hz' of 'contract' is '50'"),
        ({"n_steps": 128.5}, "'n_steps' of 'contract' is 128.5; expected a whole number"),
        ({"labels": ["a"] * 6}, "different names"),
        ({"labels": ["a", "b", "c", "d", "e", "\x1b[2J"]}, "text that can be printed"),
        ({"channels": []}, "at least one"),
        ({"units": {"acc": "m/s2"}}, "its units are"),
        ({"mounting": {"sideways": "+x"}}, "'mounting' has fields .* know: 'sideways'"),
        ({"posture": "upright"}, "'contract' has fields .* know: 'posture'"),
    ]:
        edit_metadata(path, contract=contract | changes)
        with pytest.raises(ModelFileError, match=message):
            Predictor(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 0}, "'temperature'"),
        ({"smoothing": {"stay": [0.9] * 5, "prior": [0.1] * 6}}, "expected 6 numbers"),
        ({"smoothing": {"stay": [1.0] * 6, "prior": [0.1] * 6}}, "'stay'"),
        ({"abstention": {"confidence": 0.5}}, "'abstention' has no field 'distance'"),
        ({"abstention": {"confidence": 2, "distance": 9}}, "'confidence' of 'abstention' is 2"),
        ({"abstention": {"confidence": 0.5, "distance": 9}}, "no 'embedding' to measure"),
        ({"abstention": {"confidence": 0.5, "distance": 9, "density": 1}}, "one of 'density' and"),
        ({"abstention": ABSTENTION | {"signals": SIGNALS | {"mean": [[0.0]]}}}, "channels give 8"),
        ({"abstention": ABSTENTION | {"signals": SIGNALS | {"gravity": [1]}}}, "2 numbers"),
        (
            {"abstention": ABSTENTION | {"signals": SIGNALS | {"covariance": [[0.0] * 8] * 8}}},
            "positive definite",
        ),
        ({"embedding": {"mean": [[0.0]] * 6, "covariance": [[1.0, 0.0]]}}, "square"),
        ({"embedding": {"mean": [[0.0]] * 6, "covariance": [[1.0]]}}, "1 features; its graph"),
        ({"head": {"weight": "body.dense.weight", "bias": "head.bias"}}, "needs a last layer"),
        ({"figures": float("nan")}, "NaN"),
        ({"credits": 7}, "expected text"),
    ],
)
def test_a_card_that_cannot_be(path: Path, changes: dict[str, object], message: str) -> None:
    edit_metadata(path, **changes)
    with pytest.raises(ModelFileError, match=message):
        Predictor(path)


def test_what_a_newer_harken_wrote_is_refused_with_the_version(path: Path) -> None:
    edit_metadata(path, surprise=1, versions={"harken": "7.5"})
    with pytest.raises(
        ModelFileError, match=rf"'surprise' .*by Harken 7.5.* This is Harken {harken.__version__};"
    ):
        Predictor(path)


def test_how_its_answers_are_smoothed_is_part_of_it(network: Network, tmp_path: Path) -> None:
    smoothing = Smoothing((0.9, 0.8, 0.7, 0.6, 0.5, 0.4), (0.1, 0.1, 0.2, 0.2, 0.2, 0.2))
    model_file.save(tmp_path / "m.onnx", network, dataclasses.replace(CARD, smoothing=smoothing))
    assert Predictor(tmp_path / "m.onnx").card.smoothing == smoothing


def test_when_it_is_not_sure_is_part_of_it(network: Network, tmp_path: Path) -> None:
    n_features = network.head.weight.shape[1]
    signals = SignalModel(
        gravity=(0.9, 1.1),
        weight=(1.0,),
        mean=((0.0,) * 8,),
        covariance=tuple(map(tuple, np.eye(8).tolist())),
    )
    card = dataclasses.replace(
        CARD,
        embedding={
            "mean": np.zeros((6, n_features)).tolist(),
            "covariance": np.eye(n_features).tolist(),
        },
        abstention=Abstention(confidence=0.5, distance=10.0, density=-20.0, signals=signals),
    )
    model_file.save(tmp_path / "m.onnx", network, card)
    predictor = Predictor(tmp_path / "m.onnx")
    assert predictor.card == card
    embedding = np.zeros((4, n_features), np.float32)
    embedding[2, 0] = 11
    probability = np.full((4, 6), 0.1, np.float32)
    probability[1:, 0] = 0.5
    assert predictor.unsure(probability, embedding).tolist() == [True, False, True, False]
    x = windows(4).x / 10
    x[:3, :, 6] += 1  # gravity is missing in the last alone
    assert predictor.unsure(probability, embedding, x).tolist() == [True, False, True, True]


def test_without_abstention_it_is_sure_of_all(path: Path) -> None:
    predictor = Predictor(path)
    assert predictor.unsure(*predictor.run(windows(3))).tolist() == [False] * 3


def test_a_file_from_before_there_were_hashes_smoothing_and_abstention(path: Path) -> None:
    about = json.loads(read_onnx(path.read_bytes()).metadata[METADATA_KEY])
    del about["smoothing"], about["abstention"]
    edit(path, json.dumps(about), hashed=False)
    assert Predictor(path).card == CARD


def test_damage_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for place in (whole.index(b"head.weight") + 60, whole.index(b'"credits": "nobody"') + 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ModelFileError, match="is damaged"):
            Predictor(path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_file_is_refused_or_means_the_same(path: Path, data: st.DataObject) -> None:
    whole = bytearray(path.read_bytes())
    damaged = path.with_name("damaged.onnx")
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=3)):
        whole[place] ^= data.draw(st.integers(1, 255))
    damaged.write_bytes(whole[: data.draw(st.sampled_from([None, len(whole) // 3, -1]))])
    with suppress(ModelFileError):
        assert Predictor(damaged).card == CARD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
PLACES = [(name,) for name in dataclasses.asdict(CARD)] + [
    ("contract", name) for name in dataclasses.asdict(CARD.contract)
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), nonsense=JSON)
def test_nonsense_in_the_card_is_refused_or_harmless(
    path: Path, place: tuple[str, ...], nonsense: object
) -> None:
    about = {"format_version": 1, **json.loads(json.dumps(dataclasses.asdict(CARD)))}
    inner = about[place[0]] if len(place) > 1 else about
    inner[place[-1]] = nonsense
    other = path.with_name("other.onnx")
    other.write_bytes(path.read_bytes())
    edit(other, json.dumps(about))
    # A contract may also be of something else now, which these windows break.
    with suppress(ModelFileError, ContractError):
        assert np.isfinite(Predictor(other).probability(windows(1))).all()


@pytest.mark.parametrize("text", ["", "[]", "{", "1", "[" * 100_000, '{"a": 1e999}', "1" * 5000])
def test_a_card_that_is_no_card(path: Path, text: str) -> None:
    edit(path, text)
    with pytest.raises(ModelFileError, match="cannot be understood"):
        Predictor(path)


def test_other_files(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for n in (0, 100, len(whole) // 2):
        path.write_bytes(whole[:n])
        with pytest.raises(ModelFileError):
            Predictor(path)
    with pytest.raises(ModelFileError, match="is a folder"):
        Predictor(tmp_path)
    with pytest.raises(ModelFileError, match="There is no model file"):
        Predictor(tmp_path / "nothing.onnx")


def test_an_onnx_file_of_somebody_else(path: Path) -> None:
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(ModelFileError, match="carries no contract"):
        Predictor(path)


def test_a_file_too_large_to_be_one(tmp_path: Path) -> None:
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(model_file.MAX_BYTES + 1)
    with pytest.raises(ModelFileError, match="has more than 67,108,864 bytes"):
        Predictor(tmp_path / "m.onnx")
