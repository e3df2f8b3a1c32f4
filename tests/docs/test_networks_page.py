"""The drawings and the table of docs/networks.md are those of the networks."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from benchmarks.pages import section

from harken.networks import MODELS, build
from harken.networks.network import Shape
from harken.training.presets import PRESETS
from harken.training.recipe import Recipe

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "networks.md").read_text(encoding="utf-8")
DRAWINGS = runpy.run_path(str(DOCS / "network_drawings.py"))
_MAKE = "run: python -m docs.network_drawings"


@pytest.mark.parametrize("name", MODELS)
def test_each_network_is_drawn_as_it_is(name: str) -> None:
    picture = f"figures/networks/{name}.png"
    assert f"## {name}\n" in PAGE
    assert f"({picture})" in PAGE
    outline = DRAWINGS["text_of"](DRAWINGS["outline"](name))
    assert DRAWINGS["outline_in"]((DOCS / picture).read_bytes()) == outline, _MAKE


def test_the_table_is_up_to_date() -> None:
    assert section(PAGE, "networks") == DRAWINGS["table"](), _MAKE


def _parameters(part: object) -> int:
    """Of what is drawn as boxes, counted from below."""
    below = getattr(part, "inside", [])
    own = getattr(part, "n_parameters", 0)
    each = sum(map(_parameters, below)) if below else own
    return each * getattr(part, "times", 1)


@pytest.mark.parametrize(
    "name", sorted(set(MODELS) - {"larnn"})
)  # has parameters beside its modules
def test_no_parameter_is_left_out(name: str) -> None:
    recipe = PRESETS[name].recipe if name in PRESETS else Recipe(name)
    body = range(6)
    network = build(
        name,
        Shape(9, 128, 6),
        recipe.options,
        companded=body if recipe.companding else (),
        standardised=body if recipe.standardising else (),
    )
    assert _parameters(DRAWINGS["outline"](name)) == network.n_parameters


def test_a_layer_more_is_another_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    preset = PRESETS["stacked-lstm"]
    told = DRAWINGS["text_of"](DRAWINGS["outline"]("stacked-lstm"))
    monkeypatch.setitem(preset.recipe.options, "n_layers", 3)  # type: ignore[arg-type]
    assert re.search(r"lstms\.2 \(LSTM\)", DRAWINGS["text_of"](DRAWINGS["outline"]("stacked-lstm")))
    assert "lstms.2" not in told


def test_the_drawing_is_a_small_picture() -> None:
    picture = DRAWINGS["picture_of"]("stacked-lstm")
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000
