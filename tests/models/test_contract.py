"""What every network must do, one test for all of them; each preset's own network too."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from harken.core.errors import InputError, UnknownNameError
from harken.datasets import simulated
from harken.model import file as model_file
from harken.model.card import Card
from harken.model.contract import Contract
from harken.model.onnx_file import check_graph, read_onnx
from harken.model.onnx_patch import patch
from harken.networks import MODELS, build
from harken.networks.input_transform import Compand, Normalise, Standardise
from harken.networks.network import Network, Shape
from harken.personal.head import Head
from harken.signal.windows import Windows
from harken.training import checkpoint
from harken.training.presets import PRESETS
from harken.training.train import new_network

#: The odd number of steps is no multiple of any stride.
SHAPES = [Shape(9, 128, 6), Shape(6, 64, 3), Shape(4, 37, 2)]
#: Options that change what a network computes; all others are tried with none.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "residual-bilstm": [{"wiring": "residual"}, {"wiring": "parallel"}],
    "larnn": [{"mode": "residual"}, {"mode": "layer"}],
}
#: Steps of the shortest window that a network takes, where it is not 1.
SHORTEST = {"deep-conv-lstm": 17, "conv-lstm": 4}
VARIANTS = [(name, options) for name in sorted(MODELS) for options in OPTIONS.get(name, [{}])]

Variant = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """These networks are small: a second thread would wait more than it computes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def variant_id(variant: Variant) -> str:
    return "-".join([variant[0], *variant[1].values()])


def form_id(variant: Variant, shape: Shape, companded: Sequence[int]) -> str:
    sizes = "x".join(map(str, dataclasses.astuple(shape)))
    return f"{variant_id(variant)}-{sizes}{'-companded' if companded else ''}"


@pytest.fixture(params=VARIANTS, ids=variant_id)
def variant(request: pytest.FixtureRequest) -> Variant:
    """The name of a network, and options."""
    return request.param


def fresh(variant: Variant, shape: Shape, columns: Sequence[int] = ()) -> Network:
    """A network that sees some columns in all other ways too that it can."""
    name, options = variant
    torch.manual_seed(0)
    standardised = () if MODELS[name].streams else columns
    return build(name, shape, options, companded=columns, standardised=standardised)


@pytest.fixture(scope="module")
def short_windows() -> Windows:
    """The channels of simulated people, cut short to save time."""
    windows = simulated.load()
    some = np.zeros(len(windows), dtype=bool)
    some[::40] = True
    chosen = windows.select(some)
    return dataclasses.replace(
        chosen, x=chosen.x[:, :32], spec=dataclasses.replace(chosen.spec, n_steps=32)
    )


def of_preset(name: str, windows: Windows) -> Network:
    """The network of a preset with all its own options, as a training begins with it."""
    recipe = PRESETS[name].recipe
    return new_network(windows.with_channels(recipe.channels), recipe, seed=0)


FORMS = [
    (variant, shape, columns)
    for variant in VARIANTS
    for shape in SHAPES
    for columns in ((), (0, 2))
]


@pytest.fixture(params=[*FORMS, *PRESETS], ids=lambda p: p if isinstance(p, str) else form_id(*p))
def network(request: pytest.FixtureRequest, short_windows: Windows) -> Network:
    if isinstance(request.param, str):
        return of_preset(request.param, short_windows)
    network = fresh(*request.param)
    shape = network.shape
    network.transform.fit(1 + 2 * torch.randn(50, shape.n_steps, shape.n_channels), "quartiles")
    return network


def windows_for(network: Network, n: int) -> torch.Tensor:
    shape = network.shape
    return torch.randn(n, shape.n_steps, shape.n_channels, generator=torch.manual_seed(1))


def test_shapes(network: Network) -> None:
    x = windows_for(network, 5)
    assert network(x).shape == (5, network.shape.n_classes)
    assert network.embed(x).shape == (5, network.body.n_features)


def test_the_gradient_reaches_every_trained_parameter(network: Network) -> None:
    network(windows_for(network, 8)).square().sum().backward()
    for key, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert parameter.grad.abs().sum() > 0, key


def test_training_leaves_all_changes_to_the_optimiser(network: Network) -> None:
    """Micro-batches are computed side by side: what one left behind, another might meet."""
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.train()
    network(windows_for(network, 8)).sum().backward()
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_window_is_judged_alone(network: Network) -> None:
    """The answer for a window does not depend on the others in the batch."""
    network.eval()
    x = windows_for(network, 16)
    with torch.no_grad():
        together, alone = network(x), torch.cat([network(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_its_answers_are_a_softmax_of_a_last_layer_that_the_file_lets_one_replace(
    variant: Variant,
) -> None:
    """What personalising takes for granted."""
    network = fresh(variant, SHAPES[0]).eval()
    data = network.to_graph(2.0).model({}).SerializeToString()
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(network.body.n_features, 6)).astype(np.float32)
    bias = rng.normal(size=6).astype(np.float32)
    patched = patch(data, {"head.weight": weight, "head.bias": bias}, {})
    session = onnxruntime.InferenceSession(patched)
    x = windows_for(network, 5).numpy()
    probability, embedding = session.run(["probability", "embedding"], {"window": x})
    head = Head(weight.astype(np.float64), bias.astype(np.float64), 2.0)
    np.testing.assert_allclose(np.exp(head.log_probability(embedding)), probability, atol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_onnx_file_computes_the_same(
    network: Network, temperature: float, tmp_path: Path
) -> None:
    network.eval()
    model = network.to_graph(temperature).model({})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for n in (1, 33):
        x = windows_for(network, n)
        with torch.no_grad():
            probability = torch.softmax(network(x) / temperature, dim=1).numpy()
            embedding = network.embed(x).numpy()
        got = session.run(["probability", "embedding"], {"window": x.numpy()})
        np.testing.assert_allclose(got[0], probability, atol=1e-5)
        np.testing.assert_allclose(got[1], embedding, atol=1e-5)


def test_a_model_file_may_hold_it_and_its_weights_keep_their_names(network: Network) -> None:
    """Where this fails for a new network: does it need that operator? Then `OPERATORS` lacks it."""
    model = network.to_graph(1.0).model({})
    sizes = check_graph(read_onnx(model.SerializeToString()).graph)
    n_features, n_classes = network.body.n_features, network.shape.n_classes
    assert sizes["head.weight"] == (n_features, n_classes)
    assert sizes["head.bias"] == (n_classes,)


def test_a_checkpoint_takes_it_up_where_it_stood(network: Network, tmp_path: Path) -> None:
    """Another network with its optimiser takes the same next step, to the last bit."""
    cpu = torch.device("cpu")
    x = windows_for(network, 4)

    def after_a_step(network: Network, optimiser: torch.optim.Optimizer) -> torch.Tensor:
        torch.manual_seed(2)
        optimiser.zero_grad()
        network.train()(x).square().sum().backward()
        optimiser.step()
        with torch.no_grad():
            return network.eval()(x)

    other = copy.deepcopy(network)
    with torch.no_grad():
        for value in other.state_dict().values():
            value.zero_()
    first, second = (torch.optim.Adam(n.parameters(), 0.001) for n in (network, other))
    after_a_step(network, first)
    checkpoint.save(tmp_path, network, first, checkpoint.State(step=1))
    assert checkpoint.restore(tmp_path, other, second, cpu).step == 1
    assert torch.equal(after_a_step(other, second), after_a_step(network, first))


@pytest.mark.parametrize("name", PRESETS)
def test_the_model_file_of_a_preset_computes_the_same(
    name: str, short_windows: Windows, tmp_path: Path
) -> None:
    network = of_preset(name, short_windows).eval()
    windows = short_windows.with_channels(PRESETS[name].recipe.channels)
    n_steps = windows.n_steps
    contract = Contract(windows.channels, windows.labels, 50.0, n_steps, n_steps // 2, 5.0)
    card = Card(
        contract=contract,
        network=PRESETS[name].recipe.model,
        preset=name,
        dataset="simulated",
        protocol="official",
        seed=0,
        figures={},
        credits="nobody",
        versions={},
        temperature=PRESETS[name].recipe.temperature,
        embedding={},
    )
    model_file.save(tmp_path / "model.onnx", network, card)
    session, read = model_file.load(tmp_path / "model.onnx")
    assert (read.preset, read.contract) == (name, contract)
    with torch.no_grad():
        logits = network(torch.from_numpy(windows.x))
    probability = torch.softmax(logits / read.temperature, dim=1).numpy()
    (got,) = session.run(["probability"], {"window": windows.x})
    np.testing.assert_allclose(got, probability, atol=1e-5)


def assert_learns_by_heart(network: Network, x: torch.Tensor, y: torch.Tensor) -> None:
    optimiser = torch.optim.Adam(network.parameters(), 0.005)
    for _ in range(10):
        network.train()
        for _ in range(10):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(x), y).backward()
            optimiser.step()
        network.eval()
        with torch.no_grad():
            right = network(x).argmax(1) == y
        if right.all():
            return
    pytest.fail(f"{int(right.sum())} of {len(y)} windows after 100 steps")


def test_it_can_learn_a_few_windows_by_heart(variant: Variant) -> None:
    network = fresh(variant, Shape(6, 32, 3))
    y = torch.arange(12) % network.shape.n_classes
    assert_learns_by_heart(network, windows_for(network, 12), y)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_learn_a_few_windows_by_heart(name: str, short_windows: Windows) -> None:
    network = of_preset(name, short_windows)
    y = torch.arange(12) % network.shape.n_classes
    assert_learns_by_heart(network, windows_for(network, 12), y)


def test_it_takes_windows_down_to_its_shortest(variant: Variant) -> None:
    shape = Shape(2, SHORTEST.get(variant[0], 1), 3)
    network = fresh(variant, shape)
    assert network(windows_for(network, 2)).shape == (2, 3)
    network.to_graph(1.0).model({})


@pytest.mark.parametrize(("name", "n_steps"), SHORTEST.items())
def test_a_shorter_window_is_refused_with_what_is_needed(name: str, n_steps: int) -> None:
    with pytest.raises(InputError, match=rf"at least {n_steps} steps .* have {n_steps - 1}\."):
        build(name, Shape(2, n_steps - 1, 3))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("residual-bilstm", {"wiring": "paralel"}, "Did you mean 'parallel'"),
        ("residual-bilstm", {"width": 27}, "27 is odd"),
        ("larnn", {"mode": "layers"}, "Did you mean 'layer'"),
        ("larnn", {"hidden": 81, "n_heads": 28}, "28 do not divide 81"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build(name, SHAPES[0], options)


def test_an_unknown_network_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'stacked-lstm'"):
        build("stackd-lstm", SHAPES[0])


def test_the_notebooks_network_has_its_number_of_parameters() -> None:
    assert build("stacked-lstm", Shape(9, 128, 6)).n_parameters == 17_158


def test_companding_keeps_tremors_apart_beside_walking() -> None:
    """A tremor of a hundredth of a stride is still a tenth of it."""
    x = torch.tensor([0.01, 1.0]).reshape(1, 2, 1)
    companded = Compand([0])(x)
    assert companded[0, 0] / companded[0, 1] > 0.1


def test_standardised_a_movement_has_its_form_and_no_size() -> None:
    time_s = torch.arange(100).reshape(1, 100, 1) / 50
    stride = torch.sin(2 * torch.pi * 2 * time_s)
    forms = [Standardise([0])(offset + size * stride) for size, offset in ((0.3, 0), (0.6, 1))]
    torch.testing.assert_close(forms[0], forms[1], atol=0.01, rtol=0)
    assert forms[0].std() == pytest.approx(1, abs=0.01)


def test_standardised_a_device_that_lies_stays_small() -> None:
    assert Standardise([0])(torch.full((1, 100, 1), 0.7)).abs().max() < 1e-3
    noise = 1e-4 * torch.randn(1, 100, 1, generator=torch.manual_seed(0))
    assert Standardise([0])(noise).std() < 0.2


def test_a_network_that_streams_refuses_what_takes_a_whole_window() -> None:
    with pytest.raises(InputError, match="whole window"):
        build("conv-lstm", SHAPES[0], standardised=[0])


@pytest.mark.parametrize("by", ["deviation", "quartiles"])
def test_normalised_channels_have_unit_size(by: str) -> None:
    transform = Normalise(3)
    x = torch.tensor([1.0, -5, 0]) + torch.tensor([0.1, 20, 1]) * torch.randn(400, 50, 3)
    transform.fit(x, by)
    z = transform(x)
    torch.testing.assert_close(z.mean(dim=(0, 1)), torch.zeros(3), atol=0.02, rtol=0)
    torch.testing.assert_close(z.std(dim=(0, 1)), torch.ones(3), atol=0.02, rtol=0)


def test_quartiles_are_not_widened_by_rare_strong_movement() -> None:
    x = 0.01 * torch.randn(1000, 10, 1)
    x[:200] *= 100
    sizes = []
    for by in ("deviation", "quartiles"):
        transform = Normalise(1)
        transform.fit(x, by)
        sizes.append(transform(x)[200:].std().item())
    assert sizes[1] > 10 * sizes[0]
