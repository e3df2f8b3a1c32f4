"""A stream of filtered samples, judged by a model after each hop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harken.inference.predictor import BATCH
from harken.model.engine import Engine
from harken.signal.cutter import Cutter
from harken.signal.resample import Run

_Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Hop:
    """What a model says after a hop.

    Attributes
    ----------
    end : the grid's point after the newest sample
    begins : whether it is the first after a start or a gap
    warm_up : whether its window holds samples from before the filters settled
    probability : (n_classes,)
    embedding : (n_features,)
    window : (n_steps, n_channels), the newest samples
    """

    end: int
    begins: bool
    warm_up: bool
    probability: _Floats
    embedding: _Floats
    window: _Floats


class Hops:
    """Samples in, answers out: the first once there is a window, then one after each hop.

    Keeps the newest samples alone, so its memory is bounded. However the samples are cut into runs,
    the answers are the same: bit for bit where the network goes on from a state, else to the last
    bits of what a window is worth beside others.

    Parameters
    ----------
    engine : the network
    columns : those of the samples that it reads
    n_steps : of a window
    hop_steps : at most `n_steps`; a multiple of the network's stride where it goes on from a state
    warm_up_steps : after a start or a gap
    """

    def __init__(
        self,
        engine: Engine,
        columns: list[int],
        *,
        n_steps: int,
        hop_steps: int,
        warm_up_steps: int,
    ) -> None:
        self._cutter = Cutter(n_steps, hop_steps, columns)
        self._n_steps, self._warm_up_steps = n_steps, warm_up_steps
        self._judge: _Judge = (
            _ByWindow(engine) if engine.stream is None else _ByState(engine, hop_steps)
        )

    def push(self, runs: list[Run]) -> list[Hop]:
        """Take further runs of filtered samples."""
        return [hop for run in runs for hop in self._push(run)]

    def _push(self, run: Run) -> Iterator[Hop]:
        if run.begins:
            self._judge.begin()
        for cut in self._cutter.push(run):
            answers = self._judge.answer(cut.x)
            for offset, window, answer in zip(cut.offset, cut.x, answers, strict=True):
                probability, embedding = answer
                yield Hop(
                    end=int(cut.first + offset) + self._n_steps,
                    begins=bool(offset == 0),
                    warm_up=bool(offset < self._warm_up_steps),
                    probability=probability,
                    embedding=embedding,
                    window=window,
                )


class _Judge(Protocol):
    """A way to answer windows that follow one another by a hop."""

    def begin(self) -> None:
        """Forget what has been."""
        ...

    def answer(self, windows: _Floats) -> list[tuple[_Floats, _Floats]]:
        """Probability and embedding of each further window."""
        ...


class _ByWindow:
    """Each window by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self) -> None:
        pass

    def answer(self, windows: _Floats) -> list[tuple[_Floats, _Floats]]:
        answers: list[tuple[_Floats, _Floats]] = []
        for first in range(0, len(windows), BATCH):
            answers += zip(*self._engine.answer(windows[first : first + BATCH]), strict=True)
        return answers


class _ByState:
    """The first window whole, then what each adds to it, from the state that was left."""

    def __init__(self, engine: Engine, hop_steps: int) -> None:
        assert engine.stream is not None
        self._engine, self._stream = engine, engine.stream
        self._hop_steps = hop_steps
        self.begin()

    def begin(self) -> None:
        self._state = self._stream.zeros(1)
        self._has_begun = False

    def answer(self, windows: _Floats) -> list[tuple[_Floats, _Floats]]:
        answers = []
        for window in windows:
            n_known = len(window) - self._hop_steps
            first = n_known if self._has_begun else self._stream.left_out(len(window))
            probability, embedding, self._state = self._engine.go_on(
                window[None, first:], self._state
            )
            self._has_begun = True
            answers.append((probability[0], embedding[0]))
        return answers
