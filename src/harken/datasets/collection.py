"""A collection of labelled recordings as a dataset, of any size.

Its windows are cut once, a recording at a time, into a file of the cache, from which training reads
what each batch needs; in memory are the labels and whose each window is.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError, storing
from harken.core.files import replacing
from harken.readers.recording_file import RecordingFile
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS, WARM_UP_S
from harken.signal.rows import Rows, as_x
from harken.signal.windows import PER_WINDOW, Windows, WindowSpec, labels_of, natural_order
from harken.store import listed
from harken.store.cutting import windows_of

_VERSION = 1
#: What is known of windows, beside the samples.
_KNOWN = tuple(name for name in PER_WINDOW if name != "x")


def load(collection: Path, cache: Path) -> Windows:
    """The windows of the recordings that are labelled; their samples stay on the disk.

    Parameters
    ----------
    cache : folder in which the windows are kept; where the collection has changed, they are cut
        anew

    Returns
    -------
    Windows
        As `harken.datasets.folder.load` gives them.

    Raises
    ------
    InputError
        None of the recordings is labelled.
    FormatError
        A recording is damaged.
    StorageError
        There is no room for the windows.
    """
    files = [collection / name for name, _ in listed(collection)]
    path = str(collection.resolve())
    place = cache / f"collection-{hashlib.sha256(path.encode()).hexdigest()[:16]}"
    state = _state_of(files)
    known = _known(place, state)
    if known is None:
        with storing(place):
            _cut(files, collection, place, state)
        known = _known(place, state)
        assert known is not None
    about = known.pop("about")
    spec = WindowSpec()
    rows = Rows.of_file(place / "windows.f32", spec.n_steps, len(about["channels"]))
    return Windows(
        x=as_x(rows),
        **known,
        channels=tuple(about["channels"]),
        labels=tuple(about["labels"]),
        spec=spec,
        dataset=str(collection),
        notes=tuple(about["notes"]),
    )


def _state_of(files: list[Path]) -> str:
    """Changes when a recording is added, removed or written anew."""
    about = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(json.dumps([_VERSION, about]).encode()).hexdigest()


def _known(place: Path, state: str) -> dict[str, Any] | None:
    """What was kept with the windows, if they are of this state of the collection."""
    try:
        with np.load(place / "windows.npz", allow_pickle=False) as archive:
            found = {name: archive[name] for name in _KNOWN}
            about = json.loads(str(archive["about"]))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    if about.get("state") != state or not _is_whole(place, about, len(found["y"])):
        return None
    return found | {"about": about}


def _is_whole(place: Path, about: dict[str, Any], n_windows: int) -> bool:
    """Whether the file of windows has the size that it should have."""
    file = place / "windows.f32"
    expected = 4 * n_windows * WindowSpec().n_steps * len(about["channels"])
    return file.is_file() and file.stat().st_size == expected


def _cut(files: list[Path], collection: Path, place: Path, state: str) -> None:
    labels, has_gyro = _labels_and_gyroscope(files)
    if not labels:
        raise InputError(
            f"None of the {len(files)} recordings in {collection} is labelled. Import recordings "
            "with a column 'label' that holds the activity of each sample."
        )
    channels = CHANNELS if has_gyro else ACCELEROMETER_CHANNELS
    place.mkdir(parents=True, exist_ok=True)
    with replacing(place / "windows.f32") as out:
        parts = list(_cut_each(files, labels, channels, out))
    about = {
        "state": state,
        "labels": labels,
        "channels": channels,
        "notes": [
            f"{len(files)} recordings of {collection.name}",
            *([] if has_gyro else ["some have no gyroscope: accelerometer only"]),
        ],
    }
    joined: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) for name in _KNOWN
    }
    with replacing(place / "windows.npz") as out:
        np.savez(out, about=np.array(json.dumps(about)), **joined)


def _labels_and_gyroscope(files: list[Path]) -> tuple[tuple[str, ...], bool]:
    """All activities; and whether every labelled recording has a gyroscope."""
    labels: set[str] = set()
    has_gyro = True
    for file in files:
        with RecordingFile(file) as recording:
            labels |= {span.label for span in recording.spans}
            has_gyro &= not recording.spans or recording.about.gyro_rate_hz is not None
    return natural_order(labels), has_gyro


def _cut_each(
    files: list[Path], labels: tuple[str, ...], channels: tuple[str, ...], out: BinaryIO
) -> Iterator[dict[str, NDArray[Any]]]:
    """Write each labelled recording's windows; what is known of them."""
    spec = WindowSpec()
    for path in files:
        with closing(RecordingFile(path)) as file:
            if not file.spans:
                continue
            cut = windows_of(file, spec, channels, gyroscope=len(channels) == len(CHANNELS))
            for part in cut:
                start_s = file.about.first_s + part.start / spec.rate_hz
                out.write(part.x.tobytes())
                n = len(part)
                yield {
                    "y": labels_of(file.spans, start_s, spec, labels, "whole"),
                    "subject": np.full(n, file.about.subject),
                    "recording": np.full(n, path.stem),
                    "start_s": start_s,
                    "split": np.full(n, ""),
                    "warm_up": part.offset < round(WARM_UP_S * spec.rate_hz),
                }
