"""The datasets that Harken knows, and where it finds them.

A dataset's archive is looked for in `--data DIR`, then `$HARKEN_DATA`, then the user's cache, then
at its publisher. What was read and verified once is kept in the cache as a window file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from harken import window_file
from harken.datasets import hapt, simulated, uci_har
from harken.datasets.archive import find
from harken.datasets.fetch import download
from harken.errors import ArchiveError, FormatError, UnknownNameError, storing
from harken.recording import Recording
from harken.windows import Windows

_Content = TypeVar("_Content")


@dataclass(frozen=True)
class Dataset:
    """A dataset by name, with what `harken data list` tells of it."""

    name: str
    description: str
    module: ModuleType
    published: bool

    @property
    def credits(self) -> str:
        return str(self.module.CREDITS)


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("uci-har", "6 activities, 30 people, phone at the waist", uci_har, published=True),
        Dataset("hapt", "the raw recordings of the same people", hapt, published=True),
        Dataset(
            "simulated", "a physical model of a phone at the waist", simulated, published=False
        ),
    )
}


def get(name: str) -> Dataset:
    """A dataset by its name."""
    if name not in DATASETS:
        raise UnknownNameError("dataset", name, DATASETS)
    return DATASETS[name]


def cache_folder() -> Path:
    """Where archives and window files are kept: `$HARKEN_CACHE` or the system's cache folder."""
    if given := os.environ.get("HARKEN_CACHE"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("harken"))


def load(name: str, *, data: str | Path | None = None, progress: bool = False) -> Windows:
    """The windows of a dataset, training and test together, in the published order.

    Parameters
    ----------
    name : "uci-har" or "simulated"
    data : folder that holds the archive; None looks in the cache, `$HARKEN_DATA`, the publisher
    progress : draw a progress bar on standard error while downloading

    Raises
    ------
    UnknownNameError, ArchiveError, DownloadError, StorageError
    """
    dataset = get(name)
    if dataset.module is simulated:
        return simulated.load()
    if dataset.module is hapt:
        raise FormatError(
            "hapt holds raw recordings, not windows. Its official windows are uci-har; "
            "`harken data rebuild hapt` makes these from the raw recordings."
        )
    if data is None and (cached := _load_cached(name)) is not None:
        return cached
    return _fetch_windows(name, data=data, progress=progress)


def load_recordings(
    name: str, *, data: str | Path | None = None, progress: bool = False
) -> list[Recording]:
    """The raw recordings of a dataset; arguments as for `load`."""
    dataset = get(name)
    if dataset.module is simulated:
        return [simulated.simulate(subject) for subject in simulated.SUBJECTS]
    if dataset.module is not hapt:
        raise FormatError(f"{name} holds windows, not recordings; its recordings are hapt.")
    return _read_or_discard(hapt.read, archive_path(name, data=data, progress=progress))


def fetch(name: str, *, data: str | Path | None = None, progress: bool = False) -> dict[str, str]:
    """Read the archive, downloading it where needed, verify it and keep it in the cache.

    Returns
    -------
    dict
        `what` was found, in words, and the `path` where it is kept.
    """
    module = get(name).module
    if module is simulated:
        return {"what": "made by the program", "path": "memory: there is nothing to fetch"}
    if module is hapt:
        recordings = load_recordings(name, data=data, progress=progress)
        kept = local_archive(name, data=data)
        return {"what": f"{len(recordings)} recordings", "path": str(kept)}
    windows = _fetch_windows(name, data=data, progress=progress)
    return {"what": f"{len(windows):,} windows", "path": str(_cache_file(name))}


def _fetch_windows(name: str, *, data: str | Path | None, progress: bool) -> Windows:
    path = archive_path(name, data=data, progress=progress)
    windows = _read_or_discard(uci_har.read, path)
    window_file.save(windows, _cache_file(name))
    return windows


def archive_path(name: str, *, data: str | Path | None = None, progress: bool = False) -> Path:
    """Where the dataset's archive is; downloads it when it is nowhere at hand.

    Raises
    ------
    ArchiveError
        `data` was given and is not there, or holds no such archive.
    DownloadError
        The archive is nowhere at hand and the publisher cannot be reached.
    """
    module = get(name).module
    if data is not None and not Path(data).exists():
        raise ArchiveError(f"There is no folder {data} (given as --data).")
    found = local_archive(name, data=data)
    if found is not None:
        return found
    if data is not None:
        raise ArchiveError(
            f"{data} holds no archive of {name}. Looked for: {', '.join(module.FILE_NAMES)}."
        )
    folder = cache_folder()
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return download(module.URLS, folder / module.FILE_NAMES[0], name=name, progress=progress)


def local_archive(name: str, *, data: str | Path | None = None) -> Path | None:
    """Where the archive is on this machine, or None; with `data`, only that place counts."""
    module = get(name).module
    if data is not None:
        places = [Path(data)]
    else:
        places = [Path(p) for p in (os.environ.get("HARKEN_DATA"),) if p] + [cache_folder()]
    for place in places:
        found = find(place, module.FILE_NAMES, module.MARKER) if place.exists() else None
        if found is not None:
            return found
    return None


def at_hand(name: str, *, data: str | Path | None = None) -> bool:
    """Whether the dataset can be loaded without a download."""
    if not get(name).published:
        return True
    return local_archive(name, data=data) is not None or (
        data is None and _cache_file(name).is_file()
    )


def _read_or_discard(read: Callable[[Path], _Content], path: Path) -> _Content:
    """Read an archive; a damaged one in the cache is deleted, so that the next try fetches anew."""
    try:
        return read(path)
    except ArchiveError as error:
        if path.parent != cache_folder():
            raise
        path.unlink(missing_ok=True)
        raise ArchiveError(
            f"{error} (What had been downloaded was deleted; run the command again.)"
        ) from None


def _cache_file(name: str) -> Path:
    return cache_folder() / f"{name}-windows-v1.npz"


def _load_cached(name: str) -> Windows | None:
    path = _cache_file(name)
    if not path.is_file():
        return None
    try:
        return window_file.load(path)
    except FormatError:  # damaged from outside: it can be made again
        path.unlink(missing_ok=True)
        return None
