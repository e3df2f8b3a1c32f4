"""A job: how a collection is scored, into which folder, and which of its shards are done.

    OUTPUT/bouts/KEY.parquet        stretches of one activity
    OUTPUT/days/KEY.parquet         minutes of each activity by day
    OUTPUT/recordings/KEY.parquet   a row for each recording that was scored
    OUTPUT/failures/KEY.parquet     a row for each that could not be
    OUTPUT/manifest/KEY.json        written last: that this shard is done

A key stands for the shard's inputs, the model and the settings: whatever changes has another key.
Files are written aside and renamed, and the same shard always gives the same rows, so that it does
no harm if two do it, or one does it again after it was killed.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harken.core.errors import HarkenError, StorageError
from harken.core.files import write_text
from harken.inference.predictor import Predictor
from harken.orientation.mounting import Mounting
from harken.preparation.resolve import parse_mounting
from harken.scoring.recordings import Scored, Settings, days_of, row_of, score_recording
from harken.scoring.shards import Shard, cut
from harken.store import listed
from harken.store.tables import write_table

TABLES: dict[str, dict[str, str]] = {
    "bouts": {
        "subject": "string", "recording": "string", "start_s": "float64", "end_s": "float64",
        "start_utc": "timestamp", "end_utc": "timestamp", "activity": "string",
        "confidence": "float64", "n_windows": "int64", "best_guess": "string", "unsure": "float64",
    },
    "days": {
        "subject": "string", "recording": "string", "day": "date", "number": "int64",
        "activity": "string", "minutes": "float64",
    },
    "recordings": {
        "subject": "string", "recording": "string", "source": "string", "start_utc": "timestamp",
        "hours": "float64", "n_windows": "int64", "n_unsure": "int64",
        "minutes_recognised": "float64", "n_transitions": "int64", "steps_per_minute": "float64",
        "mounting": "string", "violations": "strings", "notes": "strings",
    },
    "failures": {"recording": "string", "why": "string"},
}  # fmt: skip
_MANIFEST = "manifest"
#: Raised when what a shard's outputs look like changes, so that old ones are made anew.
_FORM = 1


@dataclass(frozen=True)
class Job:
    """How a collection is scored.

    Attributes
    ----------
    collection, output : folders
    model : a model file, or the name of one that ships
    settings : for all recordings alike
    """

    collection: Path
    output: Path
    model: str
    settings: Settings

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        settings = asdict(self.settings) | {"mounting": _words(self.settings.mounting)}
        return {
            "collection": str(self.collection), "output": str(self.output), "model": self.model,
            "settings": settings,
        }  # fmt: skip

    @classmethod
    def of_dict(cls, found: dict[str, Any]) -> Job:
        """What `as_dict` gave."""
        settings = dict(found["settings"])
        settings["mounting"] = parse_mounting(settings["mounting"])
        return cls(
            Path(found["collection"]), Path(found["output"]), found["model"], Settings(**settings)
        )

    def shards(self, most_bytes: int) -> list[Shard]:
        """All shards of the collection as it is now.

        Raises
        ------
        InputError
            It is no collection.
        ModelFileError
            The model file cannot be used.
        """
        model = Predictor(self.model).path.read_bytes()
        about = {
            "form": _FORM,
            "model": hashlib.sha256(model).hexdigest(),
            "settings": self.as_dict()["settings"],
        }
        return cut(listed(self.collection), json.dumps(about, sort_keys=True), most_bytes)

    def is_done(self, shard: Shard) -> bool:
        """Whether a shard's outputs are all there."""
        return self._manifest(shard.key).exists()

    def done(self, shard: Shard) -> dict[str, Any]:
        """What the manifest says of a shard that is done."""
        found: dict[str, Any] = json.loads(self._manifest(shard.key).read_text(encoding="utf-8"))
        return found

    def remove_others(self, shards: list[Shard]) -> int:
        """Remove the outputs of shards that are none of these any more; how many there were."""
        known = {shard.key for shard in shards}
        old = {file.stem for file in (self.output / _MANIFEST).glob("*.json")} - known
        for key in old:
            # The manifest first: without it the rest counts as not there.
            self._manifest(key).unlink(missing_ok=True)
        for name in TABLES:
            for file in (self.output / name).glob("*.parquet"):
                if file.stem not in known:
                    file.unlink(missing_ok=True)
        return len(old)

    def do(self, shard: Shard, predictor: Predictor) -> dict[str, Any]:
        """Score a shard; what its manifest says.

        Raises
        ------
        StorageError
            The disk is full, or there is no permission.
        """
        began = time.perf_counter()
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        hours = 0.0
        for name, _ in shard.inputs:
            try:
                scored = score_recording(self.collection / name, predictor, self.settings)
            except StorageError:
                raise
            except (HarkenError, OSError) as error:
                rows["failures"].append({"recording": name, "why": str(error)})
                continue
            hours += scored.about.hours
            _add(rows, scored, name)
        for table, columns in TABLES.items():
            write_table(rows[table], columns, self.output / table / f"{shard.key}.parquet")
        about = {
            "inputs": [list(one) for one in shard.inputs],
            "n_recordings": len(rows["recordings"]),
            "n_failed": len(rows["failures"]),
            "hours": round(hours, 4),
            "seconds": round(time.perf_counter() - began, 3),
        }
        write_text(self._manifest(shard.key), json.dumps(about) + "\n")
        return about

    def _manifest(self, key: str) -> Path:
        return self.output / _MANIFEST / f"{key}.json"


def _add(rows: dict[str, list[dict[str, Any]]], scored: Scored, recording: str) -> None:
    place = {"subject": scored.about.subject, "recording": recording}
    rows["bouts"] += [vars(bout) | place for bout in scored.bouts]
    rows["days"] += [vars(day) | place for day in days_of(scored)]
    rows["recordings"].append(row_of(scored, recording))


def _words(mounting: str | Mounting) -> str:
    if isinstance(mounting, str):
        return mounting
    return " ".join(repr(float(number)) for number in mounting.rotation.ravel())
