"""Live samples, recognised by a service, as `harken.Stream` does it at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harken.client.connection import Connection, not_understood, refusal, refused, unreachable
from harken.core.errors import (
    ContractError,
    FormatError,
    InputError,
    MissingExtraError,
    ServiceError,
)
from harken.inference.stream_answers import StreamPrediction, Transition
from harken.orientation.mounting import Mounting

#: A code of a close that tells a status of HTTP.
_CLOSE_CODE = 4000
#: The largest answer: predictions of the most samples that go into a message.
_MOST_BYTES = 16 * 2**20
#: Samples in one message; a service takes several times as many.
_MOST_SAMPLES = 2000
#: How long the close after a refusal is waited for.
_CLOSING_S = 2.0
_SETTINGS = ("placement", "mounting", "rate_hz", "hop_s", "smoothing")


class RemoteStream:
    """One device's live samples. `push` waits for the answer, so that it gives what `Stream` gives.

    Parameters
    ----------
    connection : to the service; the stream opens one of its own to the same place
    model : by the service's name; None for its default
    settings : of `harken.Stream`

    Attributes
    ----------
    labels : of the probabilities
    hop_s : seconds from one answer to the next
    delay_s : how long after a moment its answer comes; None until that is known
    notes : what was inferred and done so far, one sentence each
    """

    def __init__(
        self, connection: Connection, model: str | None, settings: Mapping[str, Any]
    ) -> None:
        start = {"type": "start", "model": model, **_plain(settings)}
        self._url, self._timeout_s = connection.url, connection.timeout_s
        self._opened = ExitStack()
        self._socket = _open(connection, self._opened)
        self.delay_s: float | None = None
        self.notes: tuple[str, ...] = ()
        try:
            self._start(self._ask(json.dumps(start), "started"))
        except ServiceError as error:
            raise self._with_status(error) from None
        except InputError:
            self.close()
            raise

    def __enter__(self) -> RemoteStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream without waiting for what was still to be settled."""
        self._opened.close()

    def push(
        self, time_s: ArrayLike, acc_g: ArrayLike, gyro_rad_s: ArrayLike | None = None
    ) -> list[StreamPrediction]:
        """Take further samples; give the answers that are settled by now. See `Stream.push`.

        Raises
        ------
        FormatError, ContractError
            As `Stream.push`.
        ServiceError
            The stream is closed, or the service refuses to go on.
        """
        rows = self._rows(time_s, acc_g, gyro_rad_s)
        found: list[StreamPrediction] = []
        for first in range(0, len(rows), _MOST_SAMPLES):
            message = rows[first : first + _MOST_SAMPLES].astype("<f8").tobytes()
            found += self._predictions(self._ask(message, "predictions"))
        return found

    def finish(self) -> list[StreamPrediction]:
        """Give the answers that were still to be settled, and close the stream."""
        found = self._predictions(self._ask(json.dumps({"type": "finish"}), "finished"))
        self.close()
        return found

    def _start(self, answer: Mapping[str, Any]) -> None:
        try:
            self.labels = tuple(map(str, answer["labels"]))
            self.hop_s = float(answer["hop_s"])
            self._width = len(answer["columns"])
        except (KeyError, TypeError, ValueError):
            raise not_understood(self._url) from None

    def _with_status(self, error: ServiceError) -> ServiceError:
        """A refusal with the status that the close after it tells."""
        from websockets.exceptions import ConnectionClosed

        try:
            with self._opened:
                self._socket.recv(_CLOSING_S)
        except ConnectionClosed as ended:
            status = _closed(ended, self._url).status
            return ServiceError(str(error), status or error.status, error.code)
        except TimeoutError:
            pass
        return error

    def _rows(
        self, time_s: ArrayLike, acc_g: ArrayLike, gyro_rad_s: ArrayLike | None
    ) -> NDArray[np.float64]:
        time = np.asarray(time_s, np.float64)
        parts = [np.asarray(acc_g, np.float64)]
        if self._width > 4:
            if gyro_rad_s is None:
                raise ContractError(
                    "The model needs a gyroscope, and no angular velocity was pushed."
                )
            parts.append(np.asarray(gyro_rad_s, np.float64))
        for part in parts:
            if time.ndim != 1 or part.shape != (len(time), 3):
                raise FormatError(
                    f"The times have shape {time.shape} and samples {part.shape}; expected "
                    "(n_samples,) and (n_samples, 3)."
                )
        return np.hstack([time[:, None], *parts])

    def _ask(self, message: str | bytes, expected: str) -> dict[str, Any]:
        """Send a message and wait for its answer."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._socket.send(message)
            text = self._socket.recv(self._timeout_s)
        except TimeoutError as error:
            self.close()
            raise unreachable(self._url, error) from None
        except ConnectionClosed as error:
            raise _closed(error, self._url) from None
        return self._understood(text, expected)

    def _understood(self, text: str | bytes, expected: str) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(text)
            kind = answer["type"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise not_understood(self._url) from None
        if kind == "error":
            raise refusal(answer.get("error"), 0, self._url)
        if kind != expected:
            raise not_understood(self._url)
        return answer

    def _predictions(self, answer: Mapping[str, Any]) -> list[StreamPrediction]:
        try:
            self.delay_s = None if answer["delay_s"] is None else float(answer["delay_s"])
            self.notes = tuple(map(str, answer["notes"]))
            return [_prediction(one) for one in answer["predictions"]]
        except (KeyError, TypeError, ValueError):
            raise not_understood(self._url) from None


def _open(connection: Connection, opened: ExitStack) -> Any:
    """A WebSocket to the service, which closes with `opened`.

    Raises
    ------
    MissingExtraError, ServiceError
    """
    if find_spec("websockets") is None:
        raise MissingExtraError("websockets", "client", "A stream to a service")
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    try:
        connecting = connect(
            "ws" + connection.url.removeprefix("http") + "/v1/stream",
            additional_headers=connection.headers,
            ssl=connection.tls,
            open_timeout=connection.timeout_s,
            compression=None,
            max_size=_MOST_BYTES,
        )
        return opened.enter_context(connecting)
    except InvalidStatus as error:
        response = error.response
        raise refused(response.status_code, bytes(response.body or b""), connection.url) from None
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise unreachable(connection.url, error) from None


def _closed(error: Any, url: str) -> ServiceError:
    """What the close of a stream says of its reason."""
    code = 0 if error.rcvd is None else error.rcvd.code
    reason = "" if error.rcvd is None else error.rcvd.reason
    status = code - _CLOSE_CODE if code >= _CLOSE_CODE else 0
    why = f" ({reason})" if reason else ""
    return ServiceError(f"The stream to {url} is closed{why}.", status, reason or "closed")


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for JSON."""
    for name in settings:
        if name not in _SETTINGS:
            raise TypeError(f"a stream has no setting {name!r}; it has {', '.join(_SETTINGS)}")
    plain = dict(settings)
    mounting = plain.get("mounting")
    if isinstance(mounting, Mounting):
        mounting = mounting.rotation
    if mounting is not None and not isinstance(mounting, str):
        plain["mounting"] = np.asarray(mounting, np.float64).tolist()
    return plain


def _prediction(answer: Mapping[str, Any]) -> StreamPrediction:
    transition = answer["transition"]
    made = {
        "probability": np.array(answer["probability"], np.float32),
        "transition": None if transition is None else Transition(**transition),
    }
    return StreamPrediction(**{**answer, **made})
