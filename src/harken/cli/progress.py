"""Progress on standard error: bars, and lines that stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harken.cli.output import console
from harken.evaluation.splits import CAUTION

if TYPE_CHECKING:
    from harken.training.search import SearchPlan
    from harken.training.trials import Trial

#: What an entry of the history is called on the screen, in this order.
_SERIES = ("batch", "validation", "test")


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[unit]} {task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console(to_stderr=True),
        transient=True,
        # Otherwise what goes to standard output would land on standard error with the bar.
        redirect_stdout=False,
    )


def each_file(files: Sequence[Path]) -> Iterator[Path]:
    """Go through files under a bar, which is drawn where there are several."""
    bars = _bars()
    bars.disable = len(files) < 2
    with bars:
        task = bars.add_task("", total=len(files), unit="file")
        for file in files:
            yield file
            bars.advance(task)


@contextmanager
def counting(unit: str, *, quiet: bool = False) -> Iterator[Callable[..., None]]:
    """A bar over things that somebody else goes through.

    Gives what is told how many are done, how many there are, and perhaps a remark.

    Parameters
    ----------
    unit : what they are called
    """
    bars = _bars()
    bars.disable = quiet
    with bars:
        task = bars.add_task("", total=None, visible=False, unit=unit)
        yield lambda n, n_all, remark="": bars.update(
            task, completed=n, total=n_all, description=remark, visible=True
        )


class _OwnsBars:
    """Draws its bars while it is open as a context manager."""

    def __init__(self) -> None:
        self._bars = _bars()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()


class TrainingProgress(_OwnsBars):
    """Watches a training; as a context manager it owns the bar.

    Parameters
    ----------
    quiet : leave out the line per evaluation (the bar is drawn on terminals only)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__()
        self._quiet = quiet
        self._task = self._bars.add_task("starting", total=None, visible=False, unit="step")
        self._best = ""

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


class _TrainingsProgress(_OwnsBars):
    """A bar for each training under way, and lines that stay.

    Parameters
    ----------
    quiet : leave out the lines (the bars are drawn on terminals only)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__()
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}

    def started(self, name: str, step: int, n_steps: int) -> None:
        self._tasks[name] = self._bars.add_task(name, total=n_steps, completed=step, unit="step")
        if step:
            self._print(f"{name}: going on after step {step} of {n_steps}")

    def stepped(self, name: str, step: int, loss: float) -> None:
        self._bars.update(self._tasks[name], completed=step, description=f"{name} loss {loss:.4f}")

    def _remove(self, name: str) -> None:
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))

    def _print(self, line: str) -> None:
        if not self._quiet:
            self._bars.console.print(line, soft_wrap=True, markup=False)


class FoldsProgress(_TrainingsProgress):
    """Watches a cross-validation: a bar for each fold that is trained, a line when it ends."""

    def finished(self, name: str, metrics: dict[str, Any]) -> None:
        self._remove(name)
        judged = ", ".join(row["subject"] for row in metrics["per_subject"])
        about = CAUTION.get(metrics["protocol"], f"judged on {judged}")
        self._print(
            f"{name}: accuracy {metrics['accuracy']:.2%}, macro F1 {metrics['macro_f1']:.4f}; "
            f"{about}"
        )

    def failed(self, name: str, why: str) -> None:
        self._remove(name)
        self._print(f"{name} failed: {why}")


class SearchProgress(_TrainingsProgress):
    """Watches a search: a bar for all trials and for each training, a line when a trial ends.

    Parameters
    ----------
    quiet : leave out the lines (the bars are drawn on terminals only)
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._all = self._bars.add_task("search", total=None, visible=False, unit="trial")
        self._n_folds = 0

    def search_started(self, plan: SearchPlan, n_ended: int) -> None:
        self._n_folds = plan.n_folds
        self._bars.update(self._all, total=plan.n_trials, completed=n_ended, visible=True)
        if n_ended:
            self._print(f"going on after {n_ended} of {plan.n_trials} trials")

    def finished(self, name: str, metrics: dict[str, Any]) -> None:
        self._remove(name)

    def failed(self, name: str, why: str) -> None:
        self._remove(name)

    def trial_ended(self, trial: Trial, best: Trial | None) -> None:
        sofar = f", best {best.score:.2%} (trial {best.number})" if best else ""
        self._bars.update(self._all, advance=1, description=f"search{sofar}")
        self._print(f"trial {trial.number}: {self._told(trial)}{sofar}")

    def _told(self, trial: Trial) -> str:
        if trial.state == "failed":
            return f"failed: {trial.why}"
        accuracy = f"mean accuracy {trial.score:.2%}"
        if trial.state == "pruned":
            n_done = len(trial.accuracies)
            return f"{accuracy}, given up after fold {n_done} of {self._n_folds}"
        return f"{accuracy} in {self._n_folds} folds"
