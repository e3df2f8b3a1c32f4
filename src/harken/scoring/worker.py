"""A process that scores shards: it is told of each by a line of JSON, and answers by one.

    python -m harken.scoring.worker < shards

The first line is the job. It ends with its standard input, so that it never outlives whoever
started it by more than a shard.
"""

from __future__ import annotations

import json
import sys

from harken.core.errors import HarkenError
from harken.core.peak_memory import peak_mb
from harken.inference.predictor import Predictor
from harken.scoring.job import Job
from harken.scoring.shards import Shard


def main() -> None:
    """Score until there are no more lines."""
    job = Job.of_dict(json.loads(sys.stdin.readline()))
    predictor = Predictor(job.model, threads=1)
    for line in sys.stdin:
        try:
            about = job.do(Shard.of_dict(json.loads(line)), predictor)
        except HarkenError as error:
            about = {"error": str(error)}
        print(json.dumps(about | {"peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
