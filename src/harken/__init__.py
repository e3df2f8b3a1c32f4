"""Harken listens to motion sensors and tells what the wearer is doing.

Nothing heavy is imported before it is used: torch only for training, onnxruntime only for
prediction, matplotlib only for pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Bout": "harken.inference.bouts",
    "Client": "harken.client",
    "CrossValidation": "harken.training.crossval",
    "FilterChain": "harken.signal.filters",
    "HarkenError": "harken.core.errors",
    "Predictor": "harken.inference.predictor",
    "Recording": "harken.core.recording",
    "Run": "harken.training.run",
    "Search": "harken.training.search",
    "Stream": "harken.inference.stream",
    "Windows": "harken.signal.windows",
    "crossval": "harken.training.api",
    "inspect_recording": "harken.inspection",
    "load": "harken.datasets",
    "load_recordings": "harken.datasets",
    "personalise": "harken.personal.personalise",
    "predict": "harken.inference.prediction",
    "propose": "harken.personal.propose",
    "read": "harken.readers",
    "search": "harken.training.api",
    "train": "harken.training.api",
}

__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from harken.client import Client as Client
    from harken.core.errors import HarkenError as HarkenError
    from harken.core.recording import Recording as Recording
    from harken.datasets import load as load
    from harken.datasets import load_recordings as load_recordings
    from harken.inference.bouts import Bout as Bout
    from harken.inference.prediction import predict as predict
    from harken.inference.predictor import Predictor as Predictor
    from harken.inference.stream import Stream as Stream
    from harken.inspection import inspect_recording as inspect_recording
    from harken.personal.personalise import personalise as personalise
    from harken.personal.propose import propose as propose
    from harken.readers import read as read
    from harken.signal.filters import FilterChain as FilterChain
    from harken.signal.windows import Windows as Windows
    from harken.training.api import crossval as crossval
    from harken.training.api import search as search
    from harken.training.api import train as train
    from harken.training.crossval import CrossValidation as CrossValidation
    from harken.training.run import Run as Run
    from harken.training.search import Search as Search


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'harken' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
