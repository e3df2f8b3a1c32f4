"""Download an archive from its publisher."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harken.core.errors import DownloadError, storing


def download(urls: Sequence[str], target: Path, *, name: str, progress: bool) -> Path:
    """Download to `target` from the first address that answers.

    The file takes its name only when it is complete.

    Raises
    ------
    DownloadError
        No address answered.
    """
    failures = []
    for url in urls:
        try:
            with storing(target):
                return _download_one(url, target, name=name, progress=progress)
        except DownloadError as error:
            failures.append(f"  {url}\n    {error}")
    raise DownloadError(
        f"{name} could not be downloaded:\n" + "\n".join(failures) + "\n"
        "If this machine has no network, download the archive elsewhere and name its folder with "
        "--data DIR or $HARKEN_DATA."
    )


def _download_one(url: str, target: Path, *, name: str, progress: bool) -> Path:
    import pooch
    import requests
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    logging.getLogger("pooch").setLevel(logging.WARNING)
    with Progress(
        "[bold]{task.description}",
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=_console(),
        disable=not progress,
    ) as bars:
        bar = _PoochBar(bars, bars.add_task(name, total=None))
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=30)
        try:
            # The contents are verified file by file after this, by published_hashes().
            found = pooch.retrieve(
                url, known_hash=None, fname=target.name, path=target.parent, downloader=downloader
            )
        except requests.RequestException as error:
            raise DownloadError(_reason(error)) from None
        except ValueError as error:  # pooch: the download was shorter than announced
            raise DownloadError(str(error)) from None
    return Path(found)


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection could be made; is there a network?"
    return str(error)


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


class _PoochBar:
    """What pooch asks of a progress bar, on top of rich."""

    def __init__(self, bars: Any, task: Any) -> None:
        self._bars, self._task = bars, task

    @property
    def total(self) -> float | None:
        total: float | None = self._bars.tasks[self._task].total
        return total

    @total.setter
    def total(self, value: float) -> None:
        self._bars.update(self._task, total=value)

    def update(self, n_bytes: float) -> None:
        self._bars.advance(self._task, n_bytes)

    def reset(self) -> None:
        self._bars.reset(self._task)

    def close(self) -> None:
        self._bars.refresh()
