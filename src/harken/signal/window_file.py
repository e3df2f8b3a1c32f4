"""The file that holds windows: an uncompressed .npz with plain arrays only.

Only the array `x` must be there. `about` is a JSON text with the fields of `Windows` that are not
per window; the rest are its arrays, under their own names.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError, storing
from harken.core.files import replacing
from harken.signal.windows import PER_WINDOW, UNLABELLED, Windows

#: The fields of `Windows` that are not per window, with their types.
_ABOUT: dict[str, Any] = {
    f.name: type(f.default) for f in dataclasses.fields(Windows) if f.name not in PER_WINDOW
}


def save(windows: Windows, path: str | Path) -> None:
    """Write a window file, whole or not at all."""
    about = {name: getattr(windows, name) for name in _ABOUT}
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
    fields: dict[str, Any] = {
        name: _as_type_of(default, arrays[name], name, path) if name in arrays else default
        for name, default in defaults.items()
    }
    try:
        windows = Windows(x=x, **fields, **about)
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
        if expected is tuple:
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            good = isinstance(value, (int, float) if expected is float else expected)
        if not good:
            raise FormatError(f"{path}: {name!r} in 'about' is {value!r}; that cannot be.")
        about[name] = expected(value)
    return about


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
