"""One training in a process of its own, as `harken.training.workers` starts it.

    python -m harken.training.worker RUN WINDOWS

It tells how it goes on standard output, one JSON object a line, and says on standard error what
went wrong. When its standard input ends, whoever started it has gone or wants it to stop.
"""

from __future__ import annotations

import _thread
import json
import os
import sys
import threading
import time
from typing import Any

from harken.core.errors import HarkenError
from harken.signal import window_file
from harken.training.run import Run

#: Seconds between two lines about steps; more would only be read.
_PAUSE_S = 0.2
#: Seconds that a training has to write its checkpoint once it is to stop.
_GRACE_S = 20.0


class _Telling:
    """A watcher that tells the process that waits outside."""

    def __init__(self) -> None:
        # What a library prints must not get among the lines: it goes to standard error.
        self._lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._told_s = 0.0

    def started(self, step: int, n_steps: int) -> None:
        self._tell("started", step=step, n_steps=n_steps)

    def stepped(self, step: int, loss: float) -> None:
        if time.monotonic() - self._told_s >= _PAUSE_S:
            self._told_s = time.monotonic()
            self._tell("stepped", step=step, loss=loss)

    def evaluated(self, row: dict[str, Any]) -> None:
        """A row of the history is in the run's own files."""

    def _tell(self, event: str, **values: float) -> None:
        self._lines.write(json.dumps({"event": event, **values}) + "\n")
        self._lines.flush()


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    _thread.interrupt_main()
    time.sleep(_GRACE_S)
    os._exit(130)


def main() -> None:
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    folder, windows = sys.argv[1:]
    watcher = _Telling()
    try:
        from harken.training.train import train

        train(Run(folder), window_file.load(windows), watcher)
    except HarkenError as error:
        sys.exit(_say(str(error), error.exit_status))
    except KeyboardInterrupt:
        sys.exit(130)


def _say(message: str, status: int) -> int:
    sys.stderr.write(message + "\n")
    return status


if __name__ == "__main__":
    main()
