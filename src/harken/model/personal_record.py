"""What a model file says of its having been fitted to one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class HeldOut:
    """Figures on labelled time that took no part in the fit that they judge.

    Attributes
    ----------
    accuracy : share of the windows that are recognised
    log_loss : mean of -log of the probability of the true activity, natural logarithm
    """

    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class Personalisation:
    """How a model was fitted to one person.

    Attributes
    ----------
    from_sha256 : hash of the model that it was fitted from, as that file tells it
    minutes : labelled time by activity
    strength : of the pull towards that model's last layer
    before, after : that model and this one, on the person's held-out time
    forced : whether it was written although it did no better
    """

    from_sha256: str
    minutes: Mapping[str, float]
    strength: float
    before: HeldOut
    after: HeldOut
    forced: bool
