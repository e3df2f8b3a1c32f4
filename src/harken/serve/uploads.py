"""Uploaded recordings: a temporary file each, recognised by a process that may be lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

import harken.core.errors
from harken.core.errors import HarkenError
from harken.readers import KNOWN_ENDINGS
from harken.serve import logs, temporary
from harken.serve.errors import Refusal, internal, later, of_kind
from harken.serve.limits import Limits

#: What the file is called on disk; the client's own name never reaches the file system.
_STEM = "uploaded-recording"
#: Characters of a client's file name that messages repeat.
_UNPRINTED = re.compile(r"[^\w .()+-]+")
_ENDINGS = (*KNOWN_ENDINGS, ".npz")
#: An answer's line is not longer.
_MOST_ANSWER_BYTES = 64 * 2**20


class Uploads:
    """Recognises uploaded recordings, one at a time, the others wait.

    Parameters
    ----------
    limits : of size, time, memory and how many may wait
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = asyncio.Lock()
        self._n_waiting = 0
        self._worker: asyncio.subprocess.Process | None = None
        temporary.remove_leftovers()
        self._folder = temporary.make_folder()

    async def recognise(
        self, upload: UploadFile, model: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What `Prediction.as_dict` says of an uploaded file.

        Parameters
        ----------
        upload : the file; of its name only a known ending is used, and the rest is shown
        model : the model file, or the name of one that ships
        options : `columns`, `placement`, `mounting` and `smoothing` as text, `force`

        Raises
        ------
        Refusal
            The recording cannot be used, in the library's words; or it takes too long or too much
            memory, or too many wait.
        """
        shown, name = _names(upload.filename or "")
        if self._n_waiting >= self._limits.waiting_uploads:
            raise later(
                503, "busy", f"{self._n_waiting} recordings wait already. Try again later.", 10
            )
        self._n_waiting += 1
        try:
            async with self._turn:
                return await self._recognise(upload, name, shown, model, options)
        finally:
            self._n_waiting -= 1

    async def close(self) -> None:
        """End the process and remove the folder."""
        await self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _recognise(
        self, upload: UploadFile, name: str, shown: str, model: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        path = self._folder / name
        job = {"folder": str(self._folder), "file": name, "model": model, "options": options}
        try:
            await asyncio.to_thread(_copy, upload, path)
            answer = await self._ask(job)
        finally:
            path.unlink(missing_ok=True)
        if "document" in answer:
            document: dict[str, Any] = _renamed(answer["document"], name, shown)
            return document
        raise _refusal(answer, name, shown, self._limits)

    async def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """The worker's answer; a worker that is late or silent is killed, and a new one comes."""
        worker = await self._running_worker()
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            async with asyncio.timeout(self._limits.upload_s):
                worker.stdin.write(json.dumps(job).encode() + b"\n")
                await worker.stdin.drain()
                line = await worker.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
            return answer
        except TimeoutError:
            await self._kill()
            return {"error": "TimeoutError"}
        except (OSError, ValueError):  # its pipe is closed, or what it said ends in the middle
            await self._kill()
            return {"error": "died"}
        except BaseException:
            await self._kill()  # its answer would be taken for the next job's
            raise

    async def _running_worker(self) -> asyncio.subprocess.Process:
        if self._worker is not None and self._worker.returncode is None:
            return self._worker
        self._worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "harken.serve.upload_worker",
            str(self._limits.upload_memory_bytes),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=_MOST_ANSWER_BYTES,
            # Threads of a library that is asked for nothing would each take memory.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return self._worker

    async def _kill(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


def _names(given: str) -> tuple[str, str]:
    """What messages call the file, and what it is called on disk.

    Raises
    ------
    Refusal
        Its ending is that of no recording.
    """
    last = re.split(r"[/\\]", given)[-1]
    shown = _UNPRINTED.sub("_", last)[-100:] or "recording"
    ending = Path(shown).suffix.lower()
    if ending not in _ENDINGS:
        raise Refusal(
            415, "file-type",
            f"{shown}: Harken reads recordings as {', '.join(_ENDINGS)}; found {ending!r}.",
        )  # fmt: skip
    return shown, _STEM + ending


def _copy(upload: UploadFile, path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(upload.file, file)


def _renamed(document: Any, name: str, shown: str) -> Any:
    """All texts with the client's name of the file in place of the one on disk."""
    if isinstance(document, str):
        return document.replace(name, shown).replace(_STEM, shown)
    if isinstance(document, dict):
        return {key: _renamed(value, name, shown) for key, value in document.items()}
    if isinstance(document, list):
        return [_renamed(value, name, shown) for value in document]
    return document


def _refusal(answer: dict[str, Any], name: str, shown: str, limits: Limits) -> Refusal:
    kind = getattr(harken.core.errors, answer["error"], None)
    if isinstance(kind, type) and issubclass(kind, HarkenError):
        return of_kind(kind, _renamed(answer["message"], name, shown))
    if answer["error"] == "TimeoutError":
        return Refusal(
            422, "too-long", f"{shown} takes longer than {limits.upload_s:g} s. Send it in parts."
        )
    if answer["error"] in ("MemoryError", "died"):
        logs.event("upload-failed", reason=answer["error"])
        return Refusal(
            413, "too-large", f"{shown} takes more memory than a recording may. Send it in parts."
        )
    logs.event("upload-fault", 40, fault=answer.get("fault"))
    return internal()
