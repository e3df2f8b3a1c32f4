"""The file that holds windows: an uncompressed .npz with plain arrays only.

Only the array `x` must be there. `about` is a JSON text with the fields of `Windows` that are not
per window; the rest are its arrays, under their own names.
"""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError, storing
from harken.core.files import replacing
from harken.signal.windows import PER_WINDOW, UNLABELLED, DeviceFrame, Windows, WindowSpec

#: What stands in `about`, with its types. `stride_steps` and `frame` may be missing.
_ABOUT: dict[str, Any] = {
    "channels": tuple,
    "labels": tuple,
    "rate_hz": float,
    "stride_steps": int,
    "frame": dict,
    "dataset": str,
    "protocol": str,
    "notes": tuple,
}
_DEFAULT_RATE_HZ = 50.0


def save(windows: Windows, path: str | Path) -> None:
    """Write a window file, whole or not at all."""
    about = {name: getattr(windows, name) for name in _ABOUT if hasattr(windows, name)}
    about |= {"stride_steps": windows.spec.stride_steps, "frame": asdict(windows.frame)}
    arrays = {name: getattr(windows, name) for name in PER_WINDOW}
    with storing(path), replacing(path) as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)


def load(path: str | Path) -> Windows:
    """Read a window file.

    `x` is (n_windows, n_steps, n_channels) in g and rad/s. Where nothing else is given, each window
    counts as a recording of its own, unlabelled.

    Raises
    ------
    FormatError
        The file is not a window file, or its arrays do not fit one another.
    """
    arrays = _read_arrays(Path(path))
    about = _read_about(arrays.pop("about", None), path)
    x = checked_x(arrays["x"], path)
    n = len(x)
    defaults = {
        "y": np.full(n, UNLABELLED, dtype=np.int64),
        "subject": np.full(n, ""),
        "recording": np.arange(n).astype(str),
        "start_s": np.zeros(n),
        "split": np.full(n, ""),
        "warm_up": np.zeros(n, dtype=bool),
    }
    arrays_of: dict[str, Any] = {
        name: _as_type_of(default, arrays[name], name, path) if name in arrays else default
        for name, default in defaults.items()
    }
    spec = _spec(x.shape[1], about, arrays_of, path)
    try:
        windows = Windows(x=x, spec=spec, **arrays_of, **about)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    codes = windows.y
    if n and (codes.min() < UNLABELLED or codes.max() >= len(windows.labels)):
        raise FormatError(
            f"{path}: 'y' holds codes from {codes.min()} to {codes.max()}; expected 0 to "
            f"{len(windows.labels) - 1} for {', '.join(windows.labels)}, or {UNLABELLED} where the "
            "activity is not known."
        )
    return windows


def _spec(
    n_steps: int, about: dict[str, Any], arrays: dict[str, Any], path: str | Path
) -> WindowSpec:
    """Length, stride and rate; takes the last two out of `about`."""
    rate_hz = about.pop("rate_hz", _DEFAULT_RATE_HZ)
    stride_steps = about.pop("stride_steps", None)
    if not 0 < rate_hz < math.inf:
        raise FormatError(f"{path}: 'rate_hz' is {rate_hz!r}; expected a number above 0.")
    if stride_steps is None:
        stride_steps = _stride(arrays["recording"], arrays["start_s"], rate_hz) or n_steps
    if stride_steps < 1:
        raise FormatError(f"{path}: 'stride_steps' is {stride_steps}; expected 1 or more.")
    return WindowSpec(n_steps, stride_steps, rate_hz)


def _stride(
    recording: NDArray[np.str_], start_s: NDArray[np.float64], rate_hz: float
) -> int | None:
    """Steps between windows that follow one another; None where none do."""
    order = np.lexsort((start_s, recording))
    apart_s = np.diff(start_s[order])[recording[order][1:] == recording[order][:-1]]
    apart_s = apart_s[np.isfinite(apart_s) & (apart_s > 0)]
    return max(1, round(float(np.median(apart_s)) * rate_hz)) if len(apart_s) else None


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {
                name: archive[name] for name in archive.files if name in (*PER_WINDOW, "about")
            }
    except FileNotFoundError:
        raise FormatError(f"There is no file {path}.") from None
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise FormatError(
            f"{path} is not a window file (.npz with an array 'x'), or it is damaged: {error}"
        ) from None
    if "x" not in found:
        raise FormatError(f"{path} holds no array 'x' (n_windows, n_steps, n_channels).")
    return found


def _read_about(text: NDArray[Any] | None, path: str | Path) -> dict[str, Any]:
    """The fields that are not per window, each of the type that it should have."""
    if text is None:
        return {}
    try:
        found = json.loads(str(text))
        about = {name: found[name] for name in _ABOUT if name in found}
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: 'about' is no JSON object: {error}") from None
    for name, value in about.items():
        expected = _ABOUT[name]
        if expected is dict:
            good = isinstance(value, dict) and set(value) <= _FRAME
            good = good and all(isinstance(text, str) for text in value.values())
            expected = _frame
        elif expected is tuple:
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            good = isinstance(value, (int, float) if expected is float else expected)
        if not good:
            raise FormatError(f"{path}: {name!r} in 'about' is {value!r}; that cannot be.")
        about[name] = expected(value)
    return about


#: Names of the fields of a frame.
_FRAME = {field.name for field in fields(DeviceFrame)}


def _frame(found: dict[str, str]) -> DeviceFrame:
    return DeviceFrame(**found)


def checked_x(x: NDArray[Any], path: str | Path) -> NDArray[np.float32]:
    """The windows of a file as float32, if they are that.

    Parameters
    ----------
    x : what was found
    path : the file, or whatever else they come from, for messages

    Raises
    ------
    FormatError
        No numbers, another shape than (n_windows, n_steps, n_channels), or a value not finite.
    """
    if x.ndim != 3 or x.dtype.kind not in "fiu":
        raise FormatError(
            f"{path}: 'x' has shape {x.shape} and type {x.dtype}; expected numbers in the shape "
            "(n_windows, n_steps, n_channels)."
        )
    bad = np.flatnonzero(~np.isfinite(x).all(axis=(1, 2)))
    if len(bad):
        raise FormatError(
            f"{path}: {len(bad)} of {len(x)} windows in 'x' hold a value that is not a finite "
            f"number, the first of them window {bad[0]} (counted from 0). Leave them out."
        )
    return np.asarray(x, dtype=np.float32)


def _as_type_of(
    like: NDArray[Any], found: NDArray[Any], name: str, path: str | Path
) -> NDArray[Any]:
    """An array in the type that it should have; whole numbers serve as names and as seconds."""
    kind = like.dtype.kind
    if found.dtype.kind != kind and not (found.dtype.kind in "iu" and kind in "iUf"):
        raise FormatError(f"{path}: {name!r} has type {found.dtype}; expected {like.dtype}.")
    return found.astype(str if kind == "U" else like.dtype)
