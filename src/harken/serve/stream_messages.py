"""What clients of a stream are told: one text of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.inference.stream import Stream
from harken.inference.stream_answers import StreamPrediction
from harken.serve.errors import Refusal
from harken.serve.stream_requests import COLUMNS


def about(session: str, model: str, stream: Stream) -> dict[str, Any]:
    """What does not change while a stream lasts.

    Parameters
    ----------
    session, model : their names
    """
    columns = COLUMNS if stream.contract.reads_gyroscope else COLUMNS[:4]
    return {
        "session": session,
        "model": model,
        "labels": list(stream.contract.labels),
        "columns": list(columns),
        "hop_s": stream.hop_s,
    }


def settled(stream: Stream) -> dict[str, Any]:
    """What is settled at the start of a stream: it changes seldom, and each answer tells it."""
    mounting = stream.mounting
    return {
        "delay_s": stream.delay_s,
        "notes": list(stream.notes),
        "mounting": None if mounting is None else mounting.rotation.tolist(),
    }


def prediction(one: StreamPrediction) -> str:
    """A prediction, as messages hold it."""
    return _json(one.as_dict())


def answered(kind: str, n_samples: int, settled: str, predictions: Iterable[str]) -> str:
    """The answer to samples ("predictions") and to the end ("finished").

    Parameters
    ----------
    n_samples : taken from the stream so far
    settled : fields as `inner` gives them
    predictions : each as `prediction` gives it
    """
    return (
        f'{{"type": "{kind}", "n_samples": {n_samples}, {settled}, '
        f'"predictions": [{", ".join(predictions)}]}}'
    )


def inner(fields: Mapping[str, Any]) -> str:
    """Fields of an object, without its brackets."""
    return _json(fields)[1:-1]


def signals(rows: NDArray[np.float64]) -> str:
    """Samples for those who watch.

    Parameters
    ----------
    rows : (n, 4 or 7), as a device sends them
    """
    gyro = None if rows.shape[1] == len(COLUMNS[:4]) else np.round(rows[:, 4:], 4).tolist()
    acc = np.round(rows[:, 1:4], 4).tolist()
    return message("signals", time_s=rows[:, 0].tolist(), acc_g=acc, gyro_rad_s=gyro)


def failed(refusal: Refusal, request_id: str | None = None) -> str:
    """What went wrong, in the form of the service's other errors."""
    return message("error", **refusal.as_dict(request_id))


def message(kind: str, **fields: Any) -> str:
    """A message with these fields."""
    return _json({"type": kind, **fields})


def _json(found: Any) -> str:
    return json.dumps(found, allow_nan=False)
