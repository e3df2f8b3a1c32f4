"""A recording prepared for a model, and the model that suits it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from harken.core.recording import Recording
from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.orientation.gait import Stretches
from harken.preparation import Prepared, Settings
from harken.preparation import prepare as prepare_for


def prepare(
    recording: Recording,
    predictor: Predictor,
    settings: Settings,
    *,
    find_gait: Callable[[Recording], Stretches] | None = None,
) -> tuple[Predictor, Prepared]:
    """Prepare a recording for a model; where it has no gyroscope, for the model without one.

    Parameters
    ----------
    find_gait : see `harken.preparation.prepare`

    Returns
    -------
    Predictor, Prepared
        The model that recognises it, which is another one than was given only where that is the
        default one and there is no gyroscope; the notes say so.

    Raises
    ------
    ContractError
        The recording is not what the model requires, or the inspection refuses it.
    """
    chosen = fitting_model(predictor, [recording])
    if chosen is not predictor:
        note = f"there is no gyroscope: recognised by {pretrained.WITHOUT_GYROSCOPE}"
        recording = replace(recording, notes=(*recording.notes, note))
    return chosen, prepare_for(recording, chosen.contract.target, settings, find_gait=find_gait)


def fitting_model(predictor: Predictor, recordings: Iterable[Recording]) -> Predictor:
    """The model as given; for the default one and a recording without gyroscope, its stand-in."""
    is_default = predictor.path == pretrained.find(pretrained.DEFAULT)
    if is_default and any(recording.gyro is None for recording in recordings):
        return _without_gyroscope(predictor.threads)
    return predictor


@lru_cache(maxsize=1)
def _without_gyroscope(threads: int | None) -> Predictor:
    """Opened once: of many recordings, many may need it."""
    return Predictor(pretrained.WITHOUT_GYROSCOPE, threads=threads)
