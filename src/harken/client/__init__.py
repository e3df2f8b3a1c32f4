"""A service of Harken's, used as if the library were at hand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.client.connection import Connection, not_understood
from harken.client.prediction import RemotePrediction, prediction_of
from harken.client.stream import RemoteStream
from harken.core.errors import FormatError
from harken.model.card import Card, read_card
from harken.orientation.mounting import Mounting
from harken.signal.windows import Windows

__all__ = ["Client", "RemotePrediction", "RemoteStream", "WindowAnswers"]

#: What the answers of another program may go wrong with.
_ODD = (KeyError, TypeError, ValueError, AttributeError)
#: Numbers in one request, and windows; a service takes twice as many.
_MOST_NUMBERS, _MOST_WINDOWS = 2**20, 1024


@dataclass(frozen=True, eq=False)
class WindowAnswers:
    """What a model says of some windows, each by itself.

    Attributes
    ----------
    labels : names of the classes
    probability : (n_windows, n_classes) float32
    unsure : (n_windows,) bool, of which windows the model is not sure
    """

    labels: tuple[str, ...]
    probability: NDArray[np.float32]
    unsure: NDArray[np.bool_]


class Client:
    """A service that `harken serve` runs, here or elsewhere.

    Models are named by what the service calls them; None is its default. What it refuses is raised
    as the library would raise it, where the reason lies in the input, and as `ServiceError`
    otherwise.

    Parameters
    ----------
    url : such as http://127.0.0.1:8000
    key : an API key or token, where the service asks for one
    ca_file : certificates to trust in place of the system's, in PEM; for one that was self-made
    timeout_s : for which an answer is waited for
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        ca_file: str | Path | None = None,
        timeout_s: float = 90.0,
    ) -> None:
        self._connection = Connection(url, key, ca_file, timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def models(self) -> list[dict[str, Any]]:
        """The models that the service offers, its default first, with what they need."""
        answer = self._connection.get("/v1/models")
        try:
            return [dict(model) for model in answer["models"]]
        except _ODD:
            raise not_understood(self._connection.url) from None

    def card(self, model: str) -> Card:
        """What a model file says of itself, read as strictly as from the file."""
        if not model or not set(model) - {"."} or any(c in "/?#%\\" for c in model):
            raise FormatError(f"{model!r} cannot be the name of a model of a service.")
        from urllib.parse import quote

        answer = self._connection.get(f"/v1/models/{quote(model)}")
        try:
            return read_card(json.dumps(answer))
        except ValueError:
            raise not_understood(self._connection.url) from None

    def predict(
        self,
        path: str | Path,
        model: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        placement: str | None = None,
        mounting: str | Mounting | NDArray[np.float64] = "estimate",
        smoothing: str = "viterbi",
        force: bool = False,
    ) -> RemotePrediction:
        """Recognise what happens in a file; see `harken.predict`.

        Raises
        ------
        FormatError
            There is no such file; or the service cannot read it.
        ContractError
            It is not what the model requires.
        ServiceError
            The service refuses it for another reason, or is not there.
        """
        options = {
            "model": model,
            "columns": None
            if columns is None
            else ",".join(f"{k}={v}" for k, v in columns.items()),
            "placement": placement,
            "mounting": _mounting_text(mounting),
            "smoothing": smoothing,
            "force": "true" if force else None,
        }
        kind, body = _form(Path(path), {k: v for k, v in options.items() if v is not None})
        answer = self._connection.post("/v1/predict", body, kind)
        try:
            return prediction_of(answer)
        except _ODD:
            raise not_understood(self._connection.url) from None

    def probability(
        self, windows: Windows | NDArray[np.floating], model: str | None = None
    ) -> NDArray[np.float32]:
        """Class probabilities, (n_windows, n_classes) float32; see `Predictor.probability`."""
        return self.answer(windows, model).probability

    def answer(
        self, windows: Windows | NDArray[np.floating], model: str | None = None
    ) -> WindowAnswers:
        """What the model says of windows, each by itself.

        Parameters
        ----------
        windows : windows, or their values (n_windows, n_steps, n_channels) in the model's channels

        Raises
        ------
        ContractError, FormatError
            They are not what the model requires.
        ServiceError
            The service refuses them for another reason, or is not there.
        """
        x = windows.x if isinstance(windows, Windows) else np.asarray(windows)
        query = {} if model is None else {"model": model}
        if isinstance(windows, Windows):
            query |= {"channels": ",".join(windows.channels), "rate_hz": repr(windows.rate_hz)}
        if x.ndim != 3:
            raise FormatError(
                f"Windows have shape {x.shape}; expected (n_windows, n_steps, n_channels)."
            )
        answers = [self._answer(part, query) for part in _parts(x)]
        return WindowAnswers(
            answers[0].labels,
            np.concatenate([a.probability for a in answers]),
            np.concatenate([a.unsure for a in answers]),
        )

    def stream(self, model: str | None = None, **settings: Any) -> RemoteStream:
        """Live samples, recognised by the service.

        Parameters
        ----------
        settings : `placement`, `mounting`, `rate_hz`, `hop_s`, `smoothing`, see `harken.Stream`

        Raises
        ------
        MissingExtraError
            The package websockets is not installed.
        ServiceError, ContractError, FormatError
            The service refuses it.
        """
        return RemoteStream(self._connection, model, settings)

    def _answer(self, x: NDArray[np.floating], query: dict[str, str]) -> WindowAnswers:
        asked = {"shape": ",".join(map(str, x.shape)), **query}
        body = np.ascontiguousarray(x, "<f4").tobytes()
        answer = self._connection.post("/v1/predict", body, "application/octet-stream", asked)
        try:
            rows = answer["predictions"]
            labels = tuple(map(str, answer["labels"]))
            probability = np.array([row["probability"] for row in rows], np.float32)
            unsure = np.array([row["unsure"] for row in rows], np.bool_)
            return WindowAnswers(labels, probability.reshape(len(x), len(labels)), unsure)
        except _ODD:
            raise not_understood(self._connection.url) from None


def _parts(x: NDArray[np.floating]) -> Iterator[NDArray[np.floating]]:
    """Windows in requests that no service finds too large; at least one, for the labels."""
    n = min(_MOST_WINDOWS, max(1, _MOST_NUMBERS // max(1, x[0].size if len(x) else 1)))
    for first in range(0, max(1, len(x)), n):
        yield x[first : first + n]


def _mounting_text(mounting: str | Mounting | NDArray[np.float64]) -> str:
    """As it is written in a shell."""
    if isinstance(mounting, str):
        return mounting
    rotation = mounting.rotation if isinstance(mounting, Mounting) else np.asarray(mounting)
    return " ".join(map(repr, rotation.ravel().tolist()))


def _form(path: Path, fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Type and body of a form with a file (RFC 7578)."""
    if path.is_dir():
        raise FormatError(f"{path} is a folder. A service takes files: send it as a zip.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FormatError(f"There is no file {path}.") from None
    boundary = secrets.token_hex(16)
    name = "".join(c if c.isprintable() and c not in '"\\' else "_" for c in path.name)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    parts += [
        f"--{boundary}\r\n{head}\r\n\r\n".encode(),
        content,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
