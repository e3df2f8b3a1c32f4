"""Train the flagship until it reaches the notebook's accuracy on validation subjects.

    python -m benchmarks.performance.to_accuracy BEGAN

Prints the seconds from BEGAN (since 1970) until then.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harken.training import api
from harken.training.preset_file import write_preset
from harken.training.presets import preset

#: What the notebook reached on the test subjects.
ENOUGH = 0.9165


class Reached(Exception):  # noqa: N818 - no error
    """It is accurate enough."""


class Watcher:
    """Ends a training that is accurate enough."""

    def started(self, step: int, n_steps: int) -> None:
        """Nothing."""

    def stepped(self, step: int, loss: float) -> None:
        """Nothing."""

    def evaluated(self, row: dict[str, Any]) -> None:
        """Raise `Reached` where it is."""
        if row["validation_accuracy"] >= ENOUGH:
            raise Reached


def main() -> None:
    """Train and tell."""
    flagship = preset("conv-bilstm")
    recipe = dataclasses.replace(flagship.recipe, validation_fraction=0.2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "preset.toml"
        held_out = dataclasses.replace(flagship, name="held-out", recipe=recipe)
        write_preset(held_out, file)
        try:
            api.train("uci-har", preset=str(file), out=Path(folder) / "run", watcher=Watcher())
        except Reached:
            print(time.time() - float(sys.argv[1]))
        else:
            sys.exit("It never was accurate enough.")


if __name__ == "__main__":
    main()
