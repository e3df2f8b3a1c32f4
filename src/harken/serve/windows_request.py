"""Windows in the body of a request, as JSON or as float32 numbers; all of it is checked here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ContractError, FormatError
from harken.core.json_fields import JsonFields
from harken.model.contract import Contract
from harken.serve.limits import Limits
from harken.signal.window_file import checked_x
from harken.signal.windows import Windows, bare_windows

#: What messages call the place where the windows come from.
_SOURCE = "The request"
#: Acceleration in g and angular velocity in rad/s stay far below; squares of more could overflow.
MOST = 1e6
#: As many names as a contract may have.
_MOST_CHANNELS = 1000


@dataclass(frozen=True, eq=False)
class WindowsRequest:
    """Windows as a client sent them.

    Attributes
    ----------
    x : (n_windows, n_steps, n_channels) float32
    model : by name; None for the default
    channels : names in the order of `x`; None for those of the model
    rate_hz : None for the model's
    """

    x: NDArray[np.float32]
    model: str | None = None
    channels: tuple[str, ...] | None = None
    rate_hz: float | None = None

    def for_model(self, contract: Contract) -> Windows:
        """The windows, with just the channels of the contract.

        Raises
        ------
        ContractError
            They are not what the model requires, with the library's own reasons.
        """
        channels = self.channels or contract.channels
        if self.x.shape[2] != len(channels):
            raise ContractError(
                f"The windows have {self.x.shape[2]} channels; expected {len(channels)}: "
                f"{', '.join(channels)}. Name others with 'channels'."
            )
        rate_hz = self.rate_hz or contract.rate_hz
        return contract.check(bare_windows(self.x, channels, contract.labels, rate_hz))


def from_json(body: bytes, limits: Limits) -> WindowsRequest:
    """Windows from {"x": [[[...]]], "model": ..., "channels": [...], "rate_hz": ...}.

    Raises
    ------
    FormatError
        It is not of this form.
    """
    try:
        about = JsonFields(json.loads(body, parse_constant=_refuse_constant), "the request")
        model = None if about.is_absent("model") else about.text("model")
        channels = None if about.is_absent("channels") else about.names("channels", _MOST_CHANNELS)
        rate_hz = None if about.is_absent("rate_hz") else about.number("rate_hz", 0.1, 1e4)
        x = about.rows("x", limits.windows)
        about.done()
        with np.errstate(over="ignore"):
            found = np.asarray(x)
    except RecursionError:
        raise FormatError(f"{_SOURCE}: its JSON is nested too deeply.") from None
    except ValueError as error:
        raise FormatError(
            f'{_SOURCE}: {error}. Expected such as {{"x": [[[...], ...], ...]}}, with '
            "windows of rows of numbers."
        ) from None
    return WindowsRequest(_checked(found), model, channels, rate_hz)


def from_binary(body: bytes, query: Mapping[str, str], limits: Limits) -> WindowsRequest:
    """Windows from float32 numbers, lowest byte first, in C order.

    Parameters
    ----------
    body : n_windows * n_steps * n_channels numbers
    query : `shape` "n_windows,n_steps,n_channels"; `model`, `channels` and `rate_hz` may be told

    Raises
    ------
    FormatError
        The body is not of the shape that is told.
    """
    shape = _shape(query.get("shape"), limits)
    if len(body) != 4 * math.prod(shape):
        raise FormatError(
            f"{_SOURCE}: the body has {len(body):,} bytes; the shape {','.join(map(str, shape))} "
            f"of float32 needs {4 * math.prod(shape):,}."
        )
    x = np.frombuffer(body, "<f4").reshape(shape)
    channels = tuple(query["channels"].split(",")) if query.get("channels") else None
    if channels and len(set(channels)) < len(channels):
        raise FormatError(f"{_SOURCE}: 'channels' names one twice.")
    return WindowsRequest(_checked(x), query.get("model"), channels, _rate(query.get("rate_hz")))


def _shape(text: str | None, limits: Limits) -> tuple[int, int, int]:
    parts = (text or "").split(",")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise FormatError(
            f"{_SOURCE}: 'shape' is {(text or '')[:50]!r}; expected the numbers of windows, steps "
            "and channels, as in ?shape=32,128,9."
        )
    windows, steps, channels = (int(part[:9]) for part in parts)
    if windows > limits.windows:
        raise FormatError(
            f"{_SOURCE}: it has {windows:,} windows; at most {limits.windows:,} go into one "
            "request."
        )
    return windows, steps, channels


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate_hz = float(text[:30])
    except ValueError:
        rate_hz = math.nan
    if not 0.1 <= rate_hz <= 1e4:
        raise FormatError(
            f"{_SOURCE}: 'rate_hz' is {text[:30]!r}; expected a number from 0.1 to 10000."
        )
    return rate_hz


def _checked(found: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        x = checked_x(found, _SOURCE)
    if x.size and (largest := float(np.abs(x).max())) > MOST:
        raise FormatError(
            f"{_SOURCE}: 'x' holds the value {largest:g}; expected g and rad/s, at most {MOST:g}."
        )
    return x


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no finite number")
