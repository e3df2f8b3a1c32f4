"""A process of its own that reads and recognises uploaded recordings.

    python -m harken.serve.upload_worker MEMORY_BYTES

A job is a line of JSON on standard input, its answer a line on standard output. Whatever a file
does to its reader, it does to this process alone, whose memory is limited and which is killed when
it takes too long. It ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from harken.core.errors import HarkenError
from harken.inference.prediction import predict
from harken.inference.predictor import Predictor
from harken.model.smoothing import known_way
from harken.preparation import Settings
from harken.serve.logs import fault


def main() -> None:
    """Answer jobs until there are no more."""
    _limit_memory(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what any library prints is no answer
    models: dict[str, Predictor] = {}
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line), models)) + "\n")


def _answer(job: dict[str, Any], models: dict[str, Predictor]) -> dict[str, Any]:
    """{"document": ...} or {"error": kind, "message": ...}."""
    try:
        os.chdir(job["folder"])
        name = job["model"]
        if name not in models:
            models[name] = Predictor(name, threads=1)
        options = job["options"]
        settings = Settings.of_words(
            options.get("columns"), options.get("placement"), options.get("mounting", "estimate")
        )
        prediction = predict(
            job["file"],
            models[name],
            **settings.as_keywords(),
            smoothing=known_way(options.get("smoothing", "viterbi")),
            force=options.get("force", False),
        )
        return {"document": prediction.as_dict()}
    except HarkenError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "MemoryError", "message": ""}
    except Exception as error:
        return {"error": "Exception", "fault": fault(error)}


def _limit_memory(n_bytes: int) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
