"""The public surface: what `harken.__all__` names, and what importing it costs."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import harken

HEAVY = ("torch", "onnx", "onnxruntime", "sklearn", "scipy", "matplotlib", "pooch", "requests")


def test_the_list_of_names_is_sorted_and_every_name_is_there() -> None:
    assert harken.__all__ == sorted(harken.__all__)
    for name in harken.__all__:
        assert callable(getattr(harken, name)), name


def test_names_stay_what_they_are_once_all_modules_are_loaded() -> None:
    """A module of the same name would take a function's place when it is imported."""
    for module in pkgutil.iter_modules(harken.__path__):
        if module.name != "__main__":
            importlib.import_module(f"harken.{module.name}")
    for name in harken.__all__:
        assert callable(getattr(harken, name)), name


def test_type_checkers_see_the_same_names() -> None:
    source = (importlib.resources.files("harken") / "__init__.py").read_text()
    for name in harken.__all__:
        assert f" import {name} as {name}\n" in source


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="predcit"):
        _ = harken.predcit


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import harken",
        "from harken.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from harken.cli import main\ntry: main(['predict', '--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    assert not loaded_after(code).intersection(HEAVY)
