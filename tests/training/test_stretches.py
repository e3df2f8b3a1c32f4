"""A network that streams learns from the signal as it was recorded, not from windows alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import harken
from harken.core.errors import FormatError, InputError
from harken.datasets.simulated import SUBJECTS, simulate
from harken.inference.predictor import Predictor
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.signal.path import filter_recording
from harken.signal.windows import UNLABELLED, Windows, WindowSpec, concatenate, cut
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, train_step
from harken.training.optimiser import make_optimiser
from harken.training.recipe import Recipe, recipe_from
from harken.training.stretches import Stretches, stretches_of
from harken.training.train import needed_windows, usable_windows

CPU = torch.device("cpu")
K = 4
N_STEPS = 128 + 64 * (K - 1)


@pytest.fixture(scope="module")
def people() -> Windows:
    """Three people's whole recordings, with what lies between the activities."""
    parts = []
    for subject in SUBJECTS[:3]:
        recording = simulate(subject, minutes=4.0)
        named = dataclasses.replace(recording, subject=subject, source=f"of {subject}")
        parts.append(cut(filter_recording(named), WindowSpec()))
    return concatenate(parts)


def network_for(windows: Windows, name: str = "conv-lstm") -> Network:
    torch.manual_seed(0)
    return build(name, Shape(len(windows.channels), windows.n_steps, len(windows.labels)))


def stretches(windows: Windows, learnt: Windows, n_windows: int = K) -> Stretches:
    needed = needed_windows(windows, Recipe("conv-lstm", stretch=K))
    return stretches_of(learnt, needed, n_windows, network_for(windows), CPU)


def place_of(found: Stretches, window: np.ndarray) -> int:
    """Which stretch begins with a window."""
    for place in range(found.n_places):
        x, _ = found.take(torch.tensor([place]))
        if np.array_equal(x[0, : len(window)].numpy(), window):
            return place
    raise AssertionError("no stretch begins with that window")


def test_a_stretch_is_the_signal_and_the_labels_of_its_windows(people: Windows) -> None:
    learnt = usable_windows(people)
    found = stretches(people, learnt)
    assert len(found) == len(learnt)
    settled = people.select(~people.warm_up)
    own = settled.select(settled.recording == settled.recording[0])
    first = int(np.flatnonzero(own.y != UNLABELLED)[0])
    x, y = found.take(torch.tensor([place_of(found, own.x[first])]))
    assert x.shape == (1, N_STEPS, 9)
    for k in range(K):
        np.testing.assert_array_equal(x[0, 64 * k : 64 * k + 128].numpy(), own.x[first + k])
    assert y[0].tolist() == [UNLABELLED, *own.y[first : first + K].tolist()]


def test_what_lies_between_activities_is_among_it_and_has_no_label(people: Windows) -> None:
    found = stretches(people, usable_windows(people), 2 * K)
    _, y = found.take(torch.arange(found.n_places))
    inner = y[:, 1:]
    assert (inner == UNLABELLED).any(dim=1).float().mean() > 0.1
    changes = [len({label for label in row.tolist() if label >= 0}) > 1 for row in inner]
    assert any(changes)
    assert set(inner[inner >= 0].tolist()) == set(usable_windows(people).y.tolist())


def test_nothing_of_people_who_are_held_out_is_among_it(people: Windows) -> None:
    learnt = usable_windows(people.select(people.subject != SUBJECTS[1]))
    alone = stretches(people.select(people.subject != SUBJECTS[1]), learnt)
    found = stretches(people, learnt)
    assert torch.equal(found.samples, alone.samples)
    assert torch.equal(found.y, alone.y)


def test_nothing_beside_a_window_to_judge_on_is_among_it(people: Windows) -> None:
    """Of one person: what is next to a held-out window, or between two, is left out with it."""
    own = people.select((people.subject == SUBJECTS[0]) & ~people.warm_up)
    usable = usable_windows(own)
    held = slice(len(usable) // 2, len(usable) // 2 + 5)
    judged_s = usable.start_s[held]
    learnt = usable.select(np.delete(np.arange(len(usable)), np.r_[held]))
    found = stretches(own, learnt)
    known = np.concatenate([w[:, :3] for w in own.select(np.isin(own.start_s, judged_s)).x[1:-1]])
    among = {row.tobytes() for row in found.samples[:, :3].numpy()}
    inside = known[64:-64]
    assert not any(row.tobytes() in among for row in inside)


def test_a_chain_shorter_than_a_stretch_ends_without_labels(people: Windows) -> None:
    usable = usable_windows(people)
    alone = usable.select([0])
    found = stretches(alone, alone)
    x, y = found.take(torch.tensor([0]))
    assert found.n_places == 1
    assert x.shape == (1, N_STEPS, 9)
    assert y[0].tolist() == [UNLABELLED, int(alone.y[0]), *[UNLABELLED] * (K - 1)]


def test_one_window_at_a_time_is_what_windows_are(people: Windows) -> None:
    """The loss of stretches of one window each is that of the windows."""
    learnt = usable_windows(people)
    recipe = Recipe("conv-lstm", precision="float32")
    losses = []
    for data in (Labelled.of(learnt, CPU), stretches(people, learnt, 1)):
        network = network_for(people)
        index = torch.arange(data.n_places)
        if isinstance(data, Stretches):  # the same windows, among others without label
            assert data.n_places > len(learnt)
        with Lanes(CPU) as lanes:
            losses.append(
                train_step(
                    network,
                    make_optimiser(network, recipe),
                    data,
                    index,
                    recipe,
                    dtype=torch.float32,
                    lanes=lanes,
                )
            )
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-5)


@pytest.mark.parametrize("size", [4, 8, 64])
def test_micro_batches_of_stretches_do_not_change_the_step(people: Windows, size: int) -> None:
    data = stretches(people, usable_windows(people))
    weights = []
    for micro_batch in (size, 4 * data.n_places):
        recipe = Recipe("conv-lstm", stretch=K, micro_batch=micro_batch, precision="float32")
        network = network_for(people)
        with Lanes(CPU) as lanes:
            train_step(
                network,
                make_optimiser(network, recipe),
                data,
                torch.arange(0, data.n_places, 3),
                recipe,
                dtype=torch.float32,
                lanes=lanes,
            )
        weights.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    torch.testing.assert_close(*weights, atol=2e-4, rtol=0)


def test_a_run_that_learns_from_stretches(people: Windows, tmp_path: Path) -> None:
    preset = tmp_path / "long.toml"
    recipe = f'model = "conv-lstm"\nstretch = {K}\nepochs = 12\nbatch_size = 16\n'
    preset.write_text(f'name = "long"\ndescription = "stretches"\n[recipe]\n{recipe}')
    split = np.where(people.subject == SUBJECTS[0], "test", "train")
    run = harken.train(
        dataclasses.replace(people, split=split, dataset="simulated"),
        preset=str(preset),
        out=tmp_path / "run",
    )
    assert run.config.recipe.stretch == K
    # 2 people of some 30 windows; one of them is held out to choose the epoch.
    assert run.metrics["accuracy"] > 0.4
    assert Predictor(run.model_file).engine.stream is not None


def test_networks_and_windows_that_do_not_fit(people: Windows) -> None:
    learnt = usable_windows(people)
    with pytest.raises(InputError, match="reads whole windows only"):
        stretches_of(learnt, learnt, K, network_for(people, "conv-bilstm"), CPU)
    odd = dataclasses.replace(learnt, x=learnt.x[:, :126], spec=WindowSpec(126, 63))
    with pytest.raises(InputError, match="these have 126 steps every 63"):
        stretches_of(odd, odd, K, network_for(odd), CPU)
    with pytest.raises(FormatError, match="'stretch' is 0"):
        recipe_from({"model": "conv-lstm", "stretch": 0})
