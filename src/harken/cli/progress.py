"""A training's progress on standard error: a bar, and a line per evaluation."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harken.cli.output import console

#: What an entry of the history is called on the screen, in this order.
_SERIES = ("batch", "validation", "test")


class TrainingProgress:
    """Watches a training; as a context manager it owns the bar.

    Parameters
    ----------
    quiet : leave out the line per evaluation (the bar is drawn on terminals only)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("step {task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console(to_stderr=True),
            transient=True,
        )
        self._task = self._bars.add_task("starting", total=None, visible=False)
        self._best = ""

    def __enter__(self) -> TrainingProgress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def started(self, step: int, n_steps: int) -> None:
        self._bars.update(self._task, total=n_steps, completed=step, visible=True)
        if step:
            self._bars.console.print(f"going on after step {step} of {n_steps}")

    def stepped(self, step: int, loss: float) -> None:
        self._bars.update(self._task, completed=step, description=f"loss {loss:.4f}{self._best}")

    def evaluated(self, row: dict[str, Any]) -> None:
        if "validation_accuracy" in row:
            self._best = f", validation {row['validation_accuracy']:.2%}"
        if self._quiet:
            return
        parts = [
            f"{name} loss {row[f'{name}_loss']:.4f} accuracy {row[f'{name}_accuracy']:.4f}"
            for name in _SERIES
            if f"{name}_loss" in row
        ]
        self._bars.console.print(f"step {row['step']:>5}   " + "   ".join(parts), soft_wrap=True)
