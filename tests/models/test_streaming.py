"""A network that streams gives the same answers in chunks as over the whole."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harken.core.errors import InputError
from harken.networks import MODELS, build
from harken.networks.network import Network, Shape, StreamingBody

N_STEPS = 400
N_CHANNELS = 9
Floats = NDArray[np.float32]


def network_for(name: str, n_steps: int) -> Network:
    torch.manual_seed(0)
    return build(name, Shape(N_CHANNELS, n_steps, 6), companded=(0, 1, 2)).eval()


def streams(name: str) -> bool:
    return isinstance(network_for(name, N_STEPS).body, StreamingBody)


STREAMING = [name for name in sorted(MODELS) if streams(name)]


class Stream:
    """The step graph of a network, opened, with the state that it left."""

    def __init__(self, network: Network, n_streams: int) -> None:
        assert isinstance(network.body, StreamingBody)
        model = network.to_step_graph(1.5).model({})
        self.session = onnxruntime.InferenceSession(model.SerializeToString())
        self.state = {
            name: np.zeros((n_streams, *shape), np.float32)
            for name, shape in network.body.state_shapes.items()
        }

    def push(self, chunk: Floats) -> tuple[Floats, Floats]:
        """Probability and embedding after a chunk."""
        given = {f"state.{name}": value for name, value in self.state.items()}
        names = ["probability", "embedding", *(f"next.{name}" for name in self.state)]
        probability, embedding, *state = self.session.run(names, {"chunk": chunk, **given})
        self.state = dict(zip(self.state, state, strict=True))
        return probability, embedding


@pytest.fixture(params=STREAMING, scope="module")
def network(request: pytest.FixtureRequest) -> Network:
    network = network_for(request.param, N_STEPS)
    network.transform.fit(1 + 2 * torch.randn(20, 50, N_CHANNELS), "quartiles")
    return network


@pytest.fixture(scope="module")
def signals() -> Floats:
    """Two streams."""
    return np.random.default_rng(0).normal(1, 2, (2, N_STEPS, N_CHANNELS)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_in_chunks_the_answers_are_those_over_the_whole(
    network: Network, signals: Floats, sizes: list[int]
) -> None:
    """After each chunk the answer is that of the network over all that has been."""
    assert isinstance(network.body, StreamingBody)
    stream, end = Stream(network, len(signals)), 0
    for size in sizes:
        begin, end = end, min(end + size * network.body.stride, N_STEPS)
        if begin == end:
            break
        probability, embedding = stream.push(signals[:, begin:end])
        so_far = torch.from_numpy(signals[:, :end])
        with torch.no_grad():
            expected = torch.softmax(network(so_far) / 1.5, dim=1).numpy()
            np.testing.assert_allclose(embedding, network.embed(so_far).numpy(), atol=1e-5)
        np.testing.assert_allclose(probability, expected, atol=1e-5)


@pytest.mark.parametrize("every", [4, 20, 200])
def test_followed_the_answers_are_those_after_each_stretch(
    network: Network, signals: Floats, every: int
) -> None:
    """What a training on long stretches sees is what a stream will say."""
    x = torch.from_numpy(signals)
    with torch.no_grad():
        followed = network.follow(x, every)
        assert followed.shape == (len(x), N_STEPS // every, 6)
        for n in (every, N_STEPS // every // 2 * every, N_STEPS // every * every):
            torch.testing.assert_close(
                followed[:, n // every - 1], network(x[:, :n]), atol=1e-5, rtol=1e-5
            )


def test_streams_beside_each_other_do_not_mix(network: Network, signals: Floats) -> None:
    together, alone = Stream(network, 2), Stream(network, 1)
    for begin in range(0, N_STEPS, 40):
        both, _ = together.push(signals[:, begin : begin + 40])
        one, _ = alone.push(signals[1:, begin : begin + 40])
        np.testing.assert_allclose(both[1:], one, atol=1e-5)


def test_a_long_stream_keeps_its_state_in_bounds_and_forgets(
    network: Network, signals: Floats
) -> None:
    """After minutes the pool holds what came last, not what came first."""
    stream = Stream(network, 1)
    rng = np.random.default_rng(1)
    stream.push(1000 * signals[:1])
    for _ in range(60):
        chunk = rng.normal(1, 2, (1, 200, N_CHANNELS)).astype(np.float32)
        _, embedding = stream.push(chunk)
    fresh = Stream(network, 1)
    _, expected = fresh.push(chunk)
    assert all(np.isfinite(value).all() for value in stream.state.values())
    assert np.abs(embedding - expected).max() < 0.2


@pytest.mark.parametrize("name", STREAMING)
def test_a_window_that_is_no_whole_number_of_strides_ends_on_its_newest_sample(name: str) -> None:
    odd = network_for(name, 127)
    even = network_for(name, 124)
    x = torch.randn(3, 127, N_CHANNELS, generator=torch.manual_seed(2))
    torch.testing.assert_close(odd(x), even(x[:, 3:]))


def test_a_network_for_whole_windows_says_that_it_does_not_stream() -> None:
    with pytest.raises(InputError, match=r"whole windows.*conv-lstm"):
        network_for("stacked-lstm", 128).to_step_graph(1.0)
