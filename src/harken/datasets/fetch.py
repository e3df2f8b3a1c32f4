"""Download an archive from its publisher."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harken.errors import DownloadError, storing
from harken.files import replacing

#: Seconds for which a publisher may be silent.
_TIMEOUT_S = 30
_CHUNK = 2**18


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
            return _download_one(url, target, name=name, progress=progress)
        except DownloadError as error:
            failures.append(f"  {url}\n    {error}")
    raise DownloadError(
        f"{name} could not be downloaded:\n" + "\n".join(failures) + "\n"
        "If this machine has no network, download the archive elsewhere and name its folder with "
        "--data DIR or $HARKEN_DATA."
    )


def _download_one(url: str, target: Path, *, name: str, progress: bool) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    with (
        _answer(url) as answer,
        Progress(
            "[bold]{task.description}",
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=_console(),
            disable=not progress,
        ) as bars,
        storing(target),
        replacing(target) as file,
    ):
        announced = answer.length
        bar = bars.add_task(name, total=announced)
        n_bytes = 0
        while chunk := _read(answer):
            file.write(chunk)
            n_bytes += len(chunk)
            bars.update(bar, completed=n_bytes)
        # The contents are verified file by file after this, by published_hashes().
        if announced is not None and n_bytes < announced:
            raise DownloadError(
                f"the connection broke off after {n_bytes:,} of {announced:,} bytes"
            )
    return target


def _answer(url: str) -> Any:
    """What the publisher answers, ready to be read."""
    request = urllib.request.Request(url, headers={"User-Agent": "harken"})
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=_trusted())
    except urllib.error.HTTPError as error:
        raise DownloadError(f"the server answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise DownloadError(_reason(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(_reason(error)) from None


def _read(answer: Any) -> bytes:
    try:
        chunk: bytes = answer.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(_reason(error)) from None
    return chunk


def _trusted() -> ssl.SSLContext:
    """The authorities that this system trusts, and those of certifi, since not all have their own.

    $SSL_CERT_FILE and $SSL_CERT_DIR, where they are set, take the place of both.
    """
    context = ssl.create_default_context()
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ssl.SSLError):
        return f"its certificate is not trusted here: {error.reason or error}"
    if isinstance(error, OSError):
        return "no connection could be made, or it broke off; is there a network?"
    return str(error) or type(error).__name__


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)
