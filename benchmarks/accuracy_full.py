"""Every network and preset beside other people's systems, on the official split.

    make bench-accuracy-full
    python -m benchmarks.accuracy_full [SYSTEM...] [--without SYSTEM...] [--seeds N]
                                       [--timeout-minutes M]

Needs the real archives: set $HARKEN_DATA to their folder. All learn from the same windows of UCI
HAR's 21 training people. Networks that learn from windows of the raw recordings of HAPT stand in a
table of their own. Each fit is kept in `docs/results/cells`, which `benchmarks.accuracy` shares: a
finished one is not done again, a stopped one goes on. What fails or takes too long is named in its
line, the others go on, and the next time it is tried again. What was never run is called so. The
figures go into `docs/results/accuracy-full.json` and `docs/results.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tables
from benchmarks.cells import OFFICIAL, Cell, kept, measured, official_split
from benchmarks.pages import write_section
from benchmarks.peers import PEERS
from benchmarks.summaries import FLAGSHIP, Summary, summary
from harken.core.errors import HarkenError, Interrupted
from harken.core.files import write_text
from harken.training.presets import PRESETS

RESULTS = Path("docs/results/accuracy-full.json")
ANY_MOUNTING = "any-mounting"
SEEDS = 1
TIMEOUT_MINUTES = 120.0


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    system : a preset, or a peer
    dataset : whose windows it learns from and is judged on
    """

    system: str
    dataset: str

    @property
    def label(self) -> str:
        return self.system if self.dataset == "uci-har" else f"{self.system} on {self.dataset}"

    def cell(self, seed: int) -> Cell:
        return Cell(self.system, self.dataset, OFFICIAL, 0, seed)

    def summary(self) -> Summary | None:
        """The figures of all seeds that were measured; None if there is none."""
        cells = kept(self.system, self.dataset, OFFICIAL, 0)
        return summary(cells) if cells else None


#: The lines of each table, which is a section of docs/results.md.
TABLES = {
    "accuracy-full": tuple(
        Row(system, "uci-har") for system in (*PRESETS, *PEERS) if system != ANY_MOUNTING
    ),
    "accuracy-full-raw": (
        Row(FLAGSHIP, "hapt"),
        Row(FLAGSHIP, "hapt-upright"),
        Row(ANY_MOUNTING, "hapt-upright"),
    ),
}
ROWS = tuple(row for rows in TABLES.values() for row in rows)

#: By section and by a line's label; None was not run.
Full = dict[str, dict[str, Summary | None]]


def measure(rows: list[Row], n_seeds: int, timeout_s: float) -> dict[str, str]:
    """Fit what is not there yet; returns why rows failed, by label."""
    failed: dict[str, str] = {}
    for seed in range(n_seeds):
        for row in rows:
            try:
                measured(row.cell(seed), official_split(row.dataset), timeout_s=timeout_s)
            except Interrupted:
                raise
            except HarkenError as error:
                failed[row.label] = f"seed {seed}, {error}"
                print(f"{row.label} failed: {failed[row.label]}", flush=True)
    return failed


def collect(before: Full, tried: list[Row], failed: Mapping[str, str]) -> Full:
    """The figures of all lines: those of cells that are kept, else what stood there before.

    Parameters
    ----------
    before : what stood in the results
    tried : rows that were run just now; what they said before no longer counts
    failed : why some of them failed
    """
    return {
        name: {row.label: _found(row, before.get(name, {}), tried, failed) for row in rows}
        for name, rows in TABLES.items()
    }


def _found(
    row: Row, before: Mapping[str, Summary | None], tried: list[Row], failed: Mapping[str, str]
) -> Summary | None:
    stood = before.get(row.label) or {}
    found = row.summary() or {key: value for key, value in stood.items() if key != "failed"}
    why = failed.get(row.label) if row in tried else stood.get("failed")
    return found | ({"failed": why} if why else {}) or None


def main() -> None:
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.accuracy_full")
    known = list(dict.fromkeys(row.system for row in ROWS))
    wanted.add_argument("systems", nargs="*", default=known, metavar="SYSTEM")
    wanted.add_argument("--without", nargs="+", default=[], metavar="SYSTEM")
    wanted.add_argument("--seeds", type=int, default=SEEDS)
    wanted.add_argument("--timeout-minutes", type=float, default=TIMEOUT_MINUTES)
    asked = wanted.parse_args()
    for system in (*asked.systems, *asked.without):
        if system not in known:
            wanted.error(f"there is no system {system!r}; known: {', '.join(known)}")
    rows = [r for r in ROWS if r.system in asked.systems and r.system not in asked.without]
    failed = measure(rows, asked.seeds, 60 * asked.timeout_minutes)
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results = collect(before, rows, failed)
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    for name, found in results.items():
        write_section(name, tables.table(found))
        print(f"\n{tables.table(found)}")


if __name__ == "__main__":
    main()
