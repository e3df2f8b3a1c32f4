"""See the package."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch

from benchmarks.pages import write_section
from benchmarks.performance import (
    filtering,
    growth,
    loading,
    precision,
    prediction,
    start_up,
    training,
)
from benchmarks.performance.comparison import Comparison
from harken.core.files import write_text
from harken.training.device import choose_dtype
from harken.training.machine import describe_machine

RESULTS = Path("docs/results/performance.json")
PAGE = Path("docs/performance.md")
PARTS: dict[str, Callable[[int], Iterable[Comparison]]] = {
    "loading": loading.measure,
    "start-up": start_up.measure,
    "filtering": filtering.measure,
    "training": training.measure,
    "prediction": prediction.measure,
    "precision": precision.measure,
    "growth": growth.measure,
}


def instructions() -> str:
    """What the processor computes with, on which much depends: each kind has its own tables."""
    about = describe_machine("cpu", "auto")
    has_bfloat16 = choose_dtype("auto", torch.device("cpu")) == torch.bfloat16
    return f"{about['instructions']}{', bfloat16' if has_bfloat16 else ''}"


def machine() -> str:
    """Where it was measured, in a sentence."""
    about = describe_machine("cpu", "auto")
    return (
        f"{about['processor']} ({instructions()}), {about['cores']} cores, {about['system']}; "
        f"Python {about['python']}, NumPy {about['numpy']}, PyTorch {about['torch']}, onnxruntime "
        f"{about['onnxruntime']}"
    )


def keep(found: Comparison) -> None:
    """Into the file of results, and into the page, beside what other kinds of processor did."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    by_kind = results.setdefault(found.name, {})
    by_kind[instructions()] = found.as_dict() | {"machine": machine()}
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    write_section(found.name, text_of(by_kind), PAGE)


def text_of(by_kind: Mapping[str, Mapping[str, object]]) -> str:
    """A section of the page, from what is kept of it."""
    return "\n\n".join(_text_of_one(by_kind[kind]) for kind in sorted(by_kind))


def _text_of_one(kept: Mapping[str, object]) -> str:
    about = dict(kept)
    where = about.pop("machine")
    found = Comparison.of_dict(about)
    peers = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return f"{found.text()}\n\n*{where}{f'; {peers}' if peers else ''}.*"


def main() -> None:
    """Measure some parts, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        for found in PARTS[name](asked.rounds):
            print(f"\n{found.name}\n{found.text()}", flush=True)
            # What cannot be measured on this machine stays as another one measured it.
            if found.seconds:
                keep(found)


if __name__ == "__main__":
    main()
