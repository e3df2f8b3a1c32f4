"""A model file is what it says, or it is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from harken import model_file
from harken.errors import ContractError, ModelFileError
from harken.model_file import Card, Contract
from harken.models import build
from harken.models.network import Network, Shape
from harken.predictor import Predictor
from harken.signal import CHANNELS
from harken.windows import ACTIVITIES, Windows

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
    return Windows(**(fields | changes))


def edit_metadata(path: Path, **changes: object) -> None:
    model = onnx.load(path)
    about = json.loads(model.metadata_props[0].value) | changes
    model.metadata_props[0].value = json.dumps(about)
    onnx.save(model, path)


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
        ({"rate_hz": 25.0}, "50 samples a second; these windows have 25"),
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
    with pytest.raises(ModelFileError, match="has 67,108,865 bytes"):
        Predictor(tmp_path / "m.onnx")
