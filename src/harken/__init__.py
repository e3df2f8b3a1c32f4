"""Harken listens to motion sensors and tells what the wearer is doing.

Nothing heavy is imported before it is used: torch only for training, onnxruntime only for
prediction, matplotlib only for pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Bout": "harken.bouts",
    "Client": "harken.client",
    "CrossValidation": "harken.training.crossval",
    "FilterChain": "harken.signal",
    "HarkenError": "harken.errors",
    "Predictor": "harken.predictor",
    "Recording": "harken.recording",
    "Run": "harken.training.run",
    "Search": "harken.training.search",
    "Stream": "harken.stream",
    "Windows": "harken.windows",
    "crossval": "harken.api",
    "inspect_recording": "harken.inspection",
    "load": "harken.datasets",
    "load_recordings": "harken.datasets",
    "personalise": "harken.personal.personalise",
    "predict": "harken.prediction",
    "propose": "harken.personal.propose",
    "read": "harken.readers",
    "search": "harken.api",
    "train": "harken.api",
}

__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from harken.api import crossval as crossval
    from harken.api import search as search
    from harken.api import train as train
    from harken.bouts import Bout as Bout
    from harken.client import Client as Client
    from harken.datasets import load as load
    from harken.datasets import load_recordings as load_recordings
    from harken.errors import HarkenError as HarkenError
    from harken.inspection import inspect_recording as inspect_recording
    from harken.personal.personalise import personalise as personalise
    from harken.personal.propose import propose as propose
    from harken.prediction import predict as predict
    from harken.predictor import Predictor as Predictor
    from harken.readers import read as read
    from harken.recording import Recording as Recording
    from harken.signal import FilterChain as FilterChain
    from harken.stream import Stream as Stream
    from harken.training.crossval import CrossValidation as CrossValidation
    from harken.training.run import Run as Run
    from harken.training.search import Search as Search
    from harken.windows import Windows as Windows


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'harken' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
