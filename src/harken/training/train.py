"""From windows to a finished run."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import torch

from harken import datasets
from harken.core.errors import InputError, Interrupted, storing
from harken.core.files import replacing
from harken.evaluation import splits
from harken.evaluation.calibration import fit_temperature
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.networks.stacked_lstm import initialise_as_notebook
from harken.signal.filters import CHANNELS
from harken.signal.rows import sample_of
from harken.signal.windows import UNLABELLED, Windows
from harken.training import loop
from harken.training.device import choose_device, choose_dtype
from harken.training.finish import finish
from harken.training.group import ALONE, Group
from harken.training.lanes import Lanes
from harken.training.recipe import Recipe
from harken.training.run import Config, Run
from harken.training.stretches import stretches_of


class Silent:
    """A watcher that shows nothing."""

    def started(self, step: int, n_steps: int) -> None: ...
    def stepped(self, step: int, loss: float) -> None: ...
    def evaluated(self, row: dict[str, Any]) -> None: ...


def train(
    run: Run,
    windows: Windows | None = None,
    watcher: loop.Watcher | None = None,
    group: Group = ALONE,
) -> Run:
    """Train a run to its end, from where it stands.

    Parameters
    ----------
    run : a created run; its config.toml decides everything
    windows : training and test windows; None loads the dataset that the config names
    watcher : shows the progress
    group : the processes that train it together, each of which calls this; the first one finishes

    Returns
    -------
    Run
        The same run, finished.

    Raises
    ------
    Interrupted
        The user stopped it; the run can be resumed.
    """
    try:
        return _train(run, windows, watcher or Silent(), group)
    except KeyboardInterrupt:  # outside the loop, which ends in order by itself
        raise Interrupted(f"Stopped. Go on with: harken train --resume {run.path}") from None


def _train(run: Run, windows: Windows | None, watcher: loop.Watcher, group: Group) -> Run:
    config = run.config
    recipe = config.recipe
    device = choose_device(config.device)
    dtype = choose_dtype(recipe.precision, device)

    if windows is None:
        windows = datasets.load(
            config.dataset, data=config.data, subject_pattern=config.subject_pattern
        )
    usable = usable_windows(windows.with_channels(recipe.channels))
    recipe, usable = _without_turns_that_do_not_fit(recipe, usable)
    split = _split(usable, config)
    learn, validation = _hold_out(split.train, recipe, config.seed)
    network = new_network(learn, recipe, config.seed).to(device)

    data = loop.Data(
        train=_examples(learn, windows, recipe, network, device),
        validation=loop.Labelled.of(validation, device) if validation is not None else None,
        test=loop.Labelled.of(split.test, device) if recipe.test_curve else None,
        looked_at=partial(run.open_test, subjects=split.test.subjects),
    )
    with Lanes(device) as lanes:
        state = loop.fit(
            network,
            data,
            recipe,
            seed=config.seed,
            folder=run.path,
            dtype=dtype,
            lanes=lanes,
            watcher=watcher,
            group=group,
        )
        if group.rank:
            return run
        run.write_history(state.history)
        _save_weights(run, network)
        temperature = _temperature(network, data.validation, recipe, lanes)
    network.to("cpu")
    finish(run, network, split, learn, state, temperature, dtype=dtype, device=device)
    return run


def usable_windows(windows: Windows) -> Windows:
    """Labelled windows after the warm-up."""
    windows = windows.select((windows.y != UNLABELLED) & ~windows.warm_up)
    if not len(windows):
        raise InputError("There are no labelled windows to learn from.")
    return windows


def needed_windows(windows: Windows, recipe: Recipe) -> Windows:
    """Those that a training looks at: usable ones, and what lies between if it learns over that."""
    if recipe.stretch == 1:
        return usable_windows(windows)
    return windows.select(~windows.warm_up)


def _split(windows: Windows, config: Config) -> splits.Split:
    if config.fold is not None:
        return config.fold.split(windows, seed=config.seed)
    return splits.for_training(windows, seed=config.seed)


def _examples(
    learn: Windows, everything: Windows, recipe: Recipe, network: Network, device: torch.device
) -> loop.Examples:
    """Windows to learn from, or stretches of them as they were recorded."""
    if recipe.stretch == 1:
        return loop.Labelled.of(learn, device)
    needed = needed_windows(everything, recipe).with_channels(learn.channels)
    return stretches_of(learn, needed, recipe.stretch, network, device)


def _without_turns_that_do_not_fit(recipe: Recipe, windows: Windows) -> tuple[Recipe, Windows]:
    """Leave out random turns that the windows do not allow, with a note.

    Turns need the signals of one device; turns about the vertical need to know where that is.
    """
    if not set(windows.channels) <= set(CHANNELS):
        note = "random turns left out: the channels are not those of one device"
        recipe = dataclasses.replace(recipe, rotation_deg=0.0, turn_deg=0.0)
    elif recipe.turn_deg and not windows.frame.up:
        note = "turns about the vertical left out: the dataset does not say which axis points up"
        recipe = dataclasses.replace(recipe, turn_deg=0.0)
    else:
        return recipe, windows
    return recipe, dataclasses.replace(windows, notes=(*windows.notes, note))


def _hold_out(train_windows: Windows, recipe: Recipe, seed: int) -> tuple[Windows, Windows | None]:
    """Split off the validation subjects (of one person: time), if the recipe wants any."""
    if not recipe.validation_fraction:
        return train_windows, None
    inner = splits.hold_out(train_windows, fraction=recipe.validation_fraction, seed=seed)
    return inner.train, inner.test


def new_network(windows: Windows, recipe: Recipe, seed: int) -> Network:
    """What a training begins with: initial values by the seed, input transform by the windows."""
    shape = Shape(len(windows.channels), windows.n_steps, len(windows.labels))
    loop.seed_weights(seed)
    body_channels = [i for i, name in enumerate(windows.channels) if name.startswith("body_")]
    network = build(
        recipe.model,
        shape,
        recipe.options,
        companded=body_channels if recipe.companding else (),
        standardised=body_channels if recipe.standardising else (),
    )
    if recipe.initial_values == "notebook":
        initialise_as_notebook(network)
    if recipe.normalise != "none":
        # Its views of the windows take several times their size.
        sample = torch.from_numpy(sample_of(windows.x))
        network.transform.fit(sample, recipe.normalise)
    return network


def _save_weights(run: Run, network: Network) -> None:
    from safetensors.torch import save

    path = run.path / "weights.safetensors"
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    with storing(path), replacing(path) as file:
        file.write(save(weights))


def _temperature(
    network: Network, validation: loop.Labelled | None, recipe: Recipe, lanes: Lanes
) -> float:
    """Temperature scaling (Guo et al. 2017) on the validation subjects; else as in the recipe."""
    if validation is None:
        return recipe.temperature
    logits = loop.logits(network, validation, lanes=lanes).cpu().numpy().astype(np.float64)
    return fit_temperature(logits, validation.y.cpu().numpy())
