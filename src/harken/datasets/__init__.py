"""The datasets that Harken knows, and where it finds them.

A dataset's archive is looked for in `--data DIR`, then `$HARKEN_DATA`, then the user's cache, then
at its publisher. What was read and verified once is kept in the cache as a window file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from harken.core.errors import ArchiveError, FormatError, InputError, UnknownNameError, storing
from harken.core.recording import Recording
from harken.datasets import folder, hapt, opportunity, simulated, uci_har
from harken.datasets.archive import find
from harken.datasets.fetch import download
from harken.signal import window_file
from harken.signal.windows import Windows

_Content = TypeVar("_Content")


@dataclass(frozen=True)
class Dataset:
    """A dataset by name.

    Attributes
    ----------
    name, description : what `harken data list` tells
    module : its `CREDITS` and, if it is published, where its archive is and what it is called
    windows : reads windows from an archive; None for data that the program makes
    recordings : reads raw recordings from an archive, where there are such
    """

    name: str
    description: str
    module: ModuleType
    windows: Callable[[Path], Windows] | None = None
    recordings: Callable[[Path], list[Recording]] | None = None

    @property
    def published(self) -> bool:
        return self.windows is not None


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("uci-har", "6 activities, 30 people, phone at the waist", uci_har, uci_har.read),
        Dataset(
            "uci-har-upright",
            "uci-har, each recording turned upright by the mounting that it shows",
            uci_har,
            uci_har.read_upright,
        ),
        Dataset(
            "hapt",
            "the same people's raw recordings, 6 activities",
            hapt,
            hapt.read_windows,
            hapt.read,
        ),
        Dataset(
            "hapt-upright",
            "hapt, each recording turned upright by the mounting that it shows",
            hapt,
            partial(hapt.read_windows, upright=True),
            hapt.read,
        ),
        Dataset(
            "hapt-upright-continuous",
            "hapt-upright, and what lies between the activities, for networks that stream",
            hapt,
            partial(hapt.read_windows, upright=True, continuous=True),
            hapt.read,
        ),
        Dataset(
            "hapt-transitions",
            "hapt, with 6 postural transitions besides",
            hapt,
            partial(hapt.read_windows, transitions=True),
            hapt.read,
        ),
        Dataset(
            "opportunity",
            "18 gestures in a kitchen, 113 channels, within-subject",
            opportunity,
            opportunity.read,
        ),
        Dataset(
            "simulated",
            "30 people drawn by the program, phone at the waist",
            simulated,
        ),
    )
}


def get(name: str) -> Dataset:
    """A dataset by its name."""
    if name not in DATASETS:
        raise UnknownNameError("dataset", name, DATASETS)
    return DATASETS[name]


def is_folder(name: str) -> bool:
    """Whether a dataset's name is that of a folder of the user's, and of no known dataset."""
    return name not in DATASETS and Path(name).is_dir()


def credits_of(name: str) -> str:
    """Whom figures and models from a dataset owe."""
    return folder.CREDITS if is_folder(name) else str(get(name).module.CREDITS)


def cache_folder() -> Path:
    """Where archives and window files are kept: `$HARKEN_CACHE` or the system's cache folder."""
    if given := os.environ.get("HARKEN_CACHE"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("harken"))


def load(
    name: str,
    *,
    data: str | Path | None = None,
    subject_pattern: str | None = None,
    progress: bool = False,
) -> Windows:
    """The windows of a dataset, training and test together, in the published order.

    Parameters
    ----------
    name : a key of `DATASETS`, or a folder of own recordings
    data : folder that holds the archive; None looks in the cache, `$HARKEN_DATA`, the publisher
    subject_pattern : for a folder of own recordings, finds the subject in a file's path
    progress : draw a progress bar on standard error while downloading

    Raises
    ------
    UnknownNameError, ArchiveError, DownloadError, StorageError
    InputError
        A folder that cannot be used, or a pattern for a dataset whose subjects are known.
    """
    if is_folder(name):
        return _load_folder(Path(name), subject_pattern)
    dataset = get(name)
    if subject_pattern is not None:
        raise InputError(
            f"A pattern for subjects was given, but the subjects of {name} are known. It is for a "
            "folder of your own recordings."
        )
    if dataset.windows is None:
        return simulated.load()
    if data is None and (cached := _load_cached(name)) is not None:
        return cached
    windows = _read_or_discard(dataset.windows, archive_path(name, data=data, progress=progress))
    window_file.save(windows, _cache_file(name))
    return windows


def _load_folder(path: Path, subject_pattern: str | None) -> Windows:
    from harken.store import is_collection, require_pyarrow

    if not is_collection(path):
        return folder.load(path, subject_pattern=subject_pattern)
    require_pyarrow()
    from harken.datasets import collection

    if subject_pattern is not None:
        raise InputError(
            f"A pattern for subjects was given, but {path} is a collection, which knows whose its "
            "recordings are. Give the pattern to harken data import."
        )
    return collection.load(path, cache_folder())


def load_recordings(
    name: str, *, data: str | Path | None = None, progress: bool = False
) -> list[Recording]:
    """The raw recordings of a dataset, with their labelled spans; arguments as for `load`.

    Raises
    ------
    UnknownNameError, ArchiveError, DownloadError, StorageError
    FormatError
        A dataset that was published as windows, as uci-har was; hapt holds its recordings.
    """
    dataset = get(name)
    if not dataset.published:
        return [simulated.simulate(subject) for subject in simulated.SUBJECTS]
    if dataset.recordings is None:
        raise FormatError(f"{name} holds windows, not recordings; its recordings are hapt.")
    return _read_or_discard(dataset.recordings, archive_path(name, data=data, progress=progress))


def fetch(name: str, *, data: str | Path | None = None, progress: bool = False) -> dict[str, str]:
    """Read the archive, downloading it where needed, verify it and keep its windows in the cache.

    Returns
    -------
    dict
        `what` was found, in words, and the `path` where it is kept.
    """
    if not get(name).published:
        return {"what": "made by the program", "path": "memory: there is nothing to fetch"}
    _cache_file(name).unlink(missing_ok=True)
    windows = load(name, data=data, progress=progress)
    return {"what": f"{len(windows):,} windows", "path": str(_cache_file(name))}


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
    cache = cache_folder()
    with storing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    return download(module.URLS, cache / module.FILE_NAMES[0], name=name, progress=progress)


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
    is_kept = data is None and get(name).published and _cache_file(name).is_file()
    return is_kept or recordings_at_hand(name, data=data)


def recordings_at_hand(name: str, *, data: str | Path | None = None) -> bool:
    """Whether its raw recordings can be, where there are such; of them no cache is kept."""
    return not get(name).published or local_archive(name, data=data) is not None


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
    return cache_folder() / f"{name}-windows-v2.npz"


def _load_cached(name: str) -> Windows | None:
    path = _cache_file(name)
    if not path.is_file():
        return None
    try:
        return window_file.load(path)
    except FormatError:  # damaged from outside: it can be made again
        path.unlink(missing_ok=True)
        return None
