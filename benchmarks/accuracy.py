"""Harken's flagship beside MiniRocket and Hydra, on the same people.

    make bench-accuracy                               conv-bilstm, MiniRocket, Hydra
    python -m benchmarks.accuracy [SYSTEM...] [--seeds N] [--datasets D...]

Needs the real archives: set $HARKEN_DATA to their folder. On UCI HAR: five subject-disjoint folds
of all 30 people, the same for every system and seed, and the official split. On `uci-har-upright`,
if that is asked for: the same folds, each recording turned upright by the mounting that it shows.
What every fit found is kept in `docs/results/cells`: a finished one is not done again, a stopped
one goes on. The figures go into `docs/results/accuracy.json`, `docs/results.md` and the README.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.cells import OFFICIAL, Cell, fold_splits, measured, official_split
from benchmarks.pages import README, write_section
from benchmarks.peers import PEERS
from benchmarks.summaries import FLAGSHIP, Results, right_alone, summary
from harken.core.files import write_text
from harken.evaluation.folds import SUBJECT_KFOLD
from harken.evaluation.splits import Split
from harken.training.presets import PRESETS

RESULTS = Path("docs/results/accuracy.json")
DATASETS = ("uci-har", "uci-har-upright")
DEFAULT = (FLAGSHIP, "minirocket", "hydra")
SEEDS = 5

#: The cells of all seeds, by dataset and protocol and by system.
Measured = dict[str, dict[str, list[dict[str, Any]]]]


def splits(wanted: list[str]) -> Iterator[tuple[str, str, int, Split]]:
    """Dataset, protocol and number of each split."""
    for dataset in wanted:
        if dataset == DATASETS[0]:
            yield dataset, OFFICIAL, 0, official_split(dataset)
        for number, split in fold_splits(dataset):
            yield dataset, SUBJECT_KFOLD, number, split


def measure(systems: list[str], n_seeds: int, wanted: list[str]) -> Measured:
    found: Measured = {}
    for seed in range(n_seeds):
        for dataset, protocol, number, split in splits(wanted):
            for system in systems:
                cell = measured(Cell(system, dataset, protocol, number, seed), split)
                by_system = found.setdefault(f"{dataset}-{protocol}", {})
                by_system.setdefault(system, []).append(cell)
    return found


def summarise(found: Measured) -> dict[str, Results]:
    """The figures of each system; on the official split, also what it alone gets right."""
    results = {
        name: {system: summary(cells) for system, cells in by_system.items()}
        for name, by_system in found.items()
    }
    name = f"uci-har-{OFFICIAL}"
    if FLAGSHIP in found.get(name, {}):
        test = official_split("uci-har").test
        for system, cells in found[name].items():
            if system != FLAGSHIP:
                alone = right_alone(found[name][FLAGSHIP], cells, test)
                results[name][system]["right_alone"] = alone
    return results


def show(results: dict[str, Results]) -> None:
    """Put the tables into the pages, and print them."""
    for name, by_system in results.items():
        write_section(name, tables.both_tables(by_system))
        print(f"\n{name}\n{tables.both_tables(by_system)}")
    split = results.get(f"uci-har-{OFFICIAL}", {})
    if split:
        write_section("accuracy", tables.short_table(results), README)
    if FLAGSHIP in split:
        write_section("official-by-subject", tables.by_subject(split))
        print(f"\n{tables.by_subject(split)}")


def main() -> None:
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.accuracy")
    known = [*PRESETS, *PEERS]
    wanted.add_argument("systems", nargs="*", default=list(DEFAULT), metavar="SYSTEM")
    wanted.add_argument("--seeds", type=int, default=SEEDS)
    wanted.add_argument("--datasets", nargs="+", default=[DATASETS[0]], choices=DATASETS)
    asked = wanted.parse_args()
    if unknown := [system for system in asked.systems if system not in known]:
        wanted.error(f"there is no system {unknown[0]!r}; known: {', '.join(known)}")
    results = summarise(measure(asked.systems, asked.seeds, asked.datasets))
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    write_text(RESULTS, json.dumps(kept | results, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main()
