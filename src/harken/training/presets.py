"""The presets that ship: a network and its whole recipe, by name.

Each is written out whole, so that it can be read, and copied into a preset file, by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from harken.core.errors import UnknownNameError
from harken.training.recipe import Recipe


@dataclass(frozen=True)
class Preset:
    """A recipe with a name.

    Attributes
    ----------
    name, description, recipe
    file : where it was read from; None for one that ships
    """

    name: str
    description: str
    recipe: Recipe
    file: str | None = None


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "notebook",
            "the notebook's network and recipe, exactly; draws the test curve as it did",
            Recipe(
                model="stacked-lstm",
                normalise="none",
                initial_values="notebook",
                optimiser="adam",
                learning_rate=0.0025,
                weight_decay=0.0015,
                schedule="constant",
                batch_size=1500,
                epochs=300,
                shuffle=False,
                clip_norm=0.0,
                precision="float32",
                validation_fraction=0.0,
                evaluate_every=20,
                test_curve=True,
                micro_batch=50,
            ),
        ),
        Preset(
            "stacked-lstm",
            "the notebook's network and inputs, trained as one would today",
            Recipe(
                model="stacked-lstm",
                options={"dropout": 0.1},
                normalise="quartiles",
                epochs=60,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
        Preset(
            "stacked-lstm-companded",
            "the same network and recipe, which also sees its inputs companded",
            Recipe(
                model="stacked-lstm",
                options={"dropout": 0.1},
                normalise="quartiles",
                companding=True,
                epochs=60,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
        Preset(
            "conv-bilstm",
            "the flagship: inputs in three views, convolutions, bidirectional LSTM, attention",
            Recipe(
                model="conv-bilstm",
                options={"dropout": 0.3},
                companding=True,
                standardising=True,
                epochs=25,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
                validation_fraction=0.0,
                temperature=0.78,
            ),
        ),
        Preset(
            "any-mounting",
            "the flagship, lighter: for people's own phones, turned about the vertical in training",
            Recipe(
                model="conv-bilstm",
                options={"stride": 4, "hidden": 48, "dropout": 0.3},
                companding=True,
                epochs=25,
                label_smoothing=0.05,
                rotation_deg=12.0,
                turn_deg=180.0,
                turn_share=0.5,
                scaling=0.05,
                validation_fraction=0.0,
                temperature=0.73,
            ),
        ),
        Preset(
            "conv-lstm",
            "the flagship's causal sibling, for streams",
            Recipe(
                model="conv-lstm",
                options={"dropout": 0.3},
                companding=True,
                epochs=25,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
        Preset(
            "conv-lstm-any-mounting",
            "for streams from people's own phones: learns from stretches, hapt-upright-continuous",
            Recipe(
                model="conv-lstm",
                options={"dropout": 0.3},
                companding=True,
                weight_decay=0.1,
                batch_size=256,
                epochs=50,
                label_smoothing=0.05,
                rotation_deg=12.0,
                turn_deg=180.0,
                turn_share=0.5,
                scaling=0.05,
                validation_fraction=0.0,
                stretch=4,
            ),
        ),
        Preset(
            "residual-bilstm",
            "three blocks of three bidirectional LSTMs with skips; companded inputs",
            Recipe(
                model="residual-bilstm",
                options={"dropout": 0.15},
                companding=True,
                epochs=25,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
        Preset(
            "deep-conv-lstm",
            "DeepConvLSTM on companded inputs; slow without a GPU",
            Recipe(
                model="deep-conv-lstm",
                options={"dropout": 0.5},
                companding=True,
                learning_rate=1e-3,
                epochs=15,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
        Preset(
            "larnn",
            "LSTMs that attend over their own past cells; companded inputs",
            Recipe(
                model="larnn",
                options={"dropout": 0.1},
                companding=True,
                epochs=30,
                # Many small operations: their dispatch costs more than their arithmetic, so
                # neither bfloat16 nor a second lane gains anything.
                precision="float32",
                micro_batch=128,
                label_smoothing=0.05,
                rotation_deg=12.0,
                scaling=0.05,
            ),
        ),
    )
}


def preset(name: str) -> Preset:
    """A preset by its name."""
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]
