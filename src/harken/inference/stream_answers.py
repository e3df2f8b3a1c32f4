"""What a stream answers: each hop, smoothed in the light of the next, and changes of activity."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.inference.hops import Hop
from harken.inference.predictor import Predictor
from harken.model.smoothing import CausalSmoother
from harken.model.smoothing.causal import DELAY_WINDOWS


@dataclass(frozen=True)
class Transition:
    """A change of activity, by the smoothed answers.

    Attributes
    ----------
    from_activity, to_activity : labels
    time_s : when, on the device's clock: midway between the centres of the two windows, as between
        bouts of a file
    """

    from_activity: str
    to_activity: str
    time_s: float


@dataclass(frozen=True, eq=False)
class StreamPrediction:
    """What is said of one hop.

    Attributes
    ----------
    time_s : up to when, on the device's clock: the end of the newest sample
    probability : (n_classes,) float32, by label of the contract, by the network alone
    activity : the likeliest label by it
    smoothed_activity : the label in the light of the hops before and of the next
    unsure : whether the model is not sure of it, see `Predictor.unsure`
    warm_up : whether the filters had not settled: it should not be trusted
    transition : the change from the hop before, if there is one and neither is in the warm-up
    """

    time_s: float
    probability: NDArray[np.float32]
    activity: str
    smoothed_activity: str
    unsure: bool
    warm_up: bool
    transition: Transition | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        transition = self.transition and asdict(self.transition)
        return vars(self) | {"probability": self.probability.tolist(), "transition": transition}


class StreamAnswers:
    """From hops to predictions.

    Parameters
    ----------
    predictor : whose hops they are
    hop_steps : from one to the next
    smooths : whether answers wait for the next hop and are smoothed

    Attributes
    ----------
    delay_s : how long an answer waits for that
    """

    def __init__(self, predictor: Predictor, hop_steps: int, *, smooths: bool) -> None:
        contract = predictor.contract
        self._predictor = predictor
        self._labels = contract.labels
        self._window_s = contract.spec.window_s
        smoothing = predictor.smoothing.at_hops(hop_steps / contract.stride_steps)
        self._smoother = CausalSmoother(smoothing) if smooths else None
        self.delay_s = DELAY_WINDOWS * hop_steps / contract.rate_hz if smooths else 0.0
        self._waiting: list[tuple[StreamPrediction, bool]] = []  # and whether a chain begins there
        self._last: StreamPrediction | None = None  # that was given out

    def push(self, hops: list[Hop], time_s: list[float]) -> list[StreamPrediction]:
        """Take hops, with the times of their ends; give those that are settled."""
        settled = []
        for hop, end_s in zip(hops, time_s, strict=True):
            before = self._waiting[-1][0] if self._waiting else self._last
            # In the warm-up nothing is carried on, as in `signal.sequence.chain_starts`.
            starts = hop.begins or hop.warm_up or before is None or before.warm_up
            self._waiting.append((self._alone(hop, end_s), starts))
            posteriors = (
                hop.probability[None]
                if self._smoother is None
                else self._smoother.push(hop.probability[None], np.array([starts]))
            )
            settled += [self._settle(posterior) for posterior in posteriors]
        return settled

    def flush(self) -> list[StreamPrediction]:
        """Give the last one, which nothing follows."""
        if self._smoother is None:
            return []
        return [self._settle(posterior) for posterior in self._smoother.flush()]

    def _alone(self, hop: Hop, end_s: float) -> StreamPrediction:
        probability, embedding = hop.probability[None], hop.embedding[None]
        activity = self._labels[int(hop.probability.argmax())]
        return StreamPrediction(
            time_s=end_s,
            probability=hop.probability,
            activity=activity,
            smoothed_activity=activity,
            unsure=bool(self._predictor.unsure(probability, embedding, hop.window[None])[0]),
            warm_up=hop.warm_up,
            transition=None,
        )

    def _settle(self, posterior: NDArray[np.floating]) -> StreamPrediction:
        """The one that waits longest, with its smoothed activity."""
        alone, starts = self._waiting.pop(0)
        before, activity = self._last, self._labels[int(posterior.argmax())]
        transition = None
        if before is not None and not starts and before.smoothed_activity != activity:
            middle_s = (before.time_s + alone.time_s - self._window_s) / 2
            transition = Transition(before.smoothed_activity, activity, middle_s)
        self._last = replace(alone, smoothed_activity=activity, transition=transition)
        return self._last
