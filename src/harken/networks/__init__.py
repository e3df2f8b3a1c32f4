"""The networks by name. One file each, one signature, one contract test for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harken.core.errors import MissingExtraError, UnknownNameError

if TYPE_CHECKING:
    from harken.networks.network import Network, Shape


@dataclass(frozen=True)
class Model:
    """A network by name; `module` and `body` say where its class is, so that listing is cheap.

    One that `streams` never looks ahead and can go on from a state.
    """

    name: str
    description: str
    module: str
    body: str
    streams: bool = False


MODELS = {
    model.name: model
    for model in (
        Model(
            "stacked-lstm",
            "dense layer, two stacked LSTMs of 32 units, last step (the notebook's)",
            "harken.networks.stacked_lstm",
            "StackedLstm",
        ),
        Model(
            "conv-bilstm",
            "two strided convolutions, a bidirectional LSTM, attention over time (the flagship)",
            "harken.networks.conv_bilstm",
            "ConvBilstm",
        ),
        Model(
            "conv-lstm",
            "the flagship's causal sibling for streams: looks back only, goes on from a state",
            "harken.networks.conv_lstm",
            "ConvLstm",
            streams=True,
        ),
        Model(
            "residual-bilstm",
            "three blocks of three bidirectional LSTMs, with skips or side by side (2017)",
            "harken.networks.residual_bilstm",
            "ResidualBilstm",
        ),
        Model(
            "deep-conv-lstm",
            "DeepConvLSTM: four convolutions of each channel, two LSTMs of 128 units (2016)",
            "harken.networks.deep_conv_lstm",
            "DeepConvLstm",
        ),
        Model(
            "larnn",
            "LARNN: LSTMs that attend over their own past cells (2018)",
            "harken.networks.larnn",
            "Larnn",
        ),
    )
}


def build(
    name: str,
    shape: Shape,
    options: Mapping[str, Any] | None = None,
    *,
    companded: Sequence[int] = (),
    standardised: Sequence[int] = (),
) -> Network:
    """Make a network with fresh weights.

    Parameters
    ----------
    name : a key of `MODELS`
    shape : input and output
    options : keyword arguments of the network's body
    companded, standardised : columns of the channels that the network also sees in these ways, see
        `harken.networks.input_transform`

    Raises
    ------
    UnknownNameError
        There is no such network.
    InputError
        The network cannot be built for such windows, with such options or inputs.
    """
    import importlib

    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    require_torch()
    from harken.networks.network import Network

    model = MODELS[name]
    body = getattr(importlib.import_module(model.module), model.body)
    n_seen = shape.n_channels + len(companded) + len(standardised)
    return Network(
        body(replace(shape, n_channels=n_seen), **(options or {})),
        shape,
        companded=companded,
        standardised=standardised,
    )


def require_torch() -> None:
    """Raise MissingExtraError if the packages for training are not installed."""
    import importlib.util

    for module in ("torch", "onnx", "safetensors"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(module, "train", "Training")
