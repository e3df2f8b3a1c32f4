"""The model file of a network that streams: one graph for windows and streams, verified as hard."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.test_model_file import CARD, edit, edit_metadata, windows

from harken.cli import main
from harken.core.errors import ModelFileError
from harken.inference.predictor import Predictor
from harken.model import file as model_file
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.signal.filters import CHANNELS

N_STEPS = 130  # no whole number of strides
CONTRACT = dataclasses.replace(CARD.contract, n_steps=N_STEPS)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    network = build("conv-lstm", Shape(len(CHANNELS), N_STEPS, 6), companded=(0, 1, 2)).eval()
    network.transform.fit(torch.randn(20, 50, len(CHANNELS)), "deviation")
    return network


@pytest.fixture
def path(network: Network, tmp_path: Path) -> Path:
    card = dataclasses.replace(CARD, contract=CONTRACT, stream=network.stream)
    model_file.save(tmp_path / "model.onnx", network, card)
    return tmp_path / "model.onnx"


@pytest.fixture(scope="module")
def opened(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    file = tmp_path_factory.mktemp("stream") / "model.onnx"
    model_file.save(
        file, network, dataclasses.replace(CARD, contract=CONTRACT, stream=network.stream)
    )
    return Predictor(file)


def expected(network: Network, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        embedding = network.embed(torch.from_numpy(x))
        return torch.softmax(network.head(embedding) / 1.5, dim=1).numpy(), embedding.numpy()


def test_its_card_says_what_is_kept(path: Path, network: Network) -> None:
    stream = Predictor(path).card.stream
    assert stream == network.stream
    assert stream is not None
    assert stream.stride_steps == 4
    assert stream.shapes["hidden"] == (96,)


def test_windows_are_answered_as_the_network_answers_them(
    opened: Predictor, network: Network
) -> None:
    x = windows(600, x=np.random.default_rng(0).normal(size=(600, N_STEPS, 9)).astype(np.float32))
    for found, wanted in zip(opened.run(x), expected(network, x.x), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_a_stream_of_any_chunks_is_answered_as_the_network_answers_all_of_it(
    opened: Predictor, network: Network, n_strides: list[int]
) -> None:
    stream = opened.engine.stream
    assert stream is not None
    n_steps = 4 * sum(n_strides)
    x = np.random.default_rng(1).normal(size=(2, n_steps, 9)).astype(np.float32)
    state = stream.zeros(2)
    for chunk in np.split(x, 4 * np.cumsum(n_strides)[:-1], axis=1):
        probability, embedding, state = opened.engine.go_on(chunk, state)
    torch.manual_seed(0)
    whole = build("conv-lstm", Shape(len(CHANNELS), n_steps, 6), companded=(0, 1, 2)).eval()
    whole.load_state_dict(network.state_dict())
    wanted, wanted_embedding = expected(whole, x)
    np.testing.assert_allclose(probability, wanted, atol=1e-5)
    np.testing.assert_allclose(embedding, wanted_embedding, atol=1e-5)


def test_a_file_for_windows_of_the_same_network_stays_readable(
    network: Network, tmp_path: Path
) -> None:
    card = dataclasses.replace(CARD, contract=CONTRACT)
    model_file.save(tmp_path / "model.onnx", network, card)
    about = json.loads(model_file.write_card(card))
    del about["stream"]  # as files from before there were streams
    edit(tmp_path / "model.onnx", json.dumps(about))
    predictor = Predictor(tmp_path / "model.onnx")
    assert predictor.card.stream is None
    x = windows(3, x=np.random.default_rng(0).normal(size=(3, N_STEPS, 9)).astype(np.float32))
    np.testing.assert_allclose(predictor.probability(x), expected(network, x.x)[0], atol=1e-5)


SHAPES = {
    "context_0": [12, 3],
    "context_1": [64, 3],
    "hidden": [96],
    "cell": [96],
    "pooled": [96],
    "log_weight": [1],
}


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (None, "contradicts itself"),
        ({"stride_steps": 4, "shapes": SHAPES | {"cell": [95]}}, "contradicts itself"),
        ({"stride_steps": 4, "shapes": SHAPES | {"more": [1]}}, "contradicts itself"),
        ({"stride_steps": 4, "shapes": {"hidden": [96]}}, "contradicts itself"),
        ({"stride_steps": 2, "shapes": SHAPES}, "cannot answer"),
        ({"stride_steps": 6, "shapes": SHAPES}, "in chunks a window is answered otherwise"),
        ({"stride_steps": 0, "shapes": SHAPES}, "'stride_steps' of 'stream' is 0"),
        ({"stride_steps": 200, "shapes": SHAPES}, "goes on by 200 samples; its windows have 130"),
        ({"stride_steps": 4, "shapes": {}}, "keeps arrays"),
        ({"stride_steps": 4, "shapes": SHAPES | {"cell": []}}, "whole numbers from 1"),
        ({"stride_steps": 4, "shapes": SHAPES | {"cell": [-96]}}, "whole numbers from 1"),
        ({"stride_steps": 4, "shapes": SHAPES | {"cell": 96}}, "expected a list"),
        ({"stride_steps": 4, "shapes": {"a b": [1]}}, "keeps arrays"),
        ({"stride_steps": 4, "shapes": {c: [4096, 4096] for c in "ab"}}, "more numbers than"),
        ({"stride_steps": 4, "shapes": SHAPES, "surprise": 1}, "does not know: 'surprise'"),
        ({"stride_steps": 4}, "no field 'shapes'"),
    ],
)
def test_a_card_that_says_something_else_is_refused(
    path: Path, stream: object, message: str
) -> None:
    edit_metadata(path, stream=stream)
    with pytest.raises(ModelFileError, match=message):
        Predictor(path)


def test_a_graph_that_mixes_up_what_it_keeps_is_refused(path: Path) -> None:
    import onnx

    card = json.dumps(json.loads(model_file.write_card(Predictor(path).card)))
    model = onnx.load(path)
    names = {"next.hidden": "next.cell", "next.cell": "next.hidden"}
    for node in model.graph.node:
        node.output[:] = [names.get(name, name) for name in node.output]
    path.write_bytes(model.SerializeToString())
    edit(path, card)
    with pytest.raises(ModelFileError, match="in chunks a window is answered otherwise"):
        Predictor(path)


def test_the_command_shows_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    shown = said("models", str(path))
    assert "stream: goes on by any multiple of 4 steps, keeps 517 numbers" in shown
    about = json.loads(said("models", str(path), "--json"))
    assert about["stream"]["shapes"]["hidden"] == [96]
