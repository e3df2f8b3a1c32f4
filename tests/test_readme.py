"""The figures of the README and of docs/results.md are those of the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from benchmarks import (
    accuracy_full,
    classic,
    coarse,
    continuous,
    foreign,
    loso,
    pages,
    personal,
    scoring,
    tables,
    turning,
)
from benchmarks.performance import __main__ as performance

from harken.signal.resample import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from harken.training.presets import PRESETS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def test_the_table_of_the_classic_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "classic.json").read_text())
    shown = README.split("<!-- results:begin -->")[1].split("<!-- results:end -->")[0]
    assert shown.strip() == classic.table(results)


def test_the_table_of_turned_devices_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "turning.json").read_text())
    assert pages.section(RESULTS, "turning") == turning.table(results)
    # A run of some presets must not lose the others. One takes half an hour: the page says so.
    assert set(results) == set(PRESETS) - {*turning.LEFT_OUT, "deep-conv-lstm"}


def test_the_table_of_coarse_values_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "coarse.json").read_text())
    assert pages.section(RESULTS, "coarse") == coarse.section(results)


def test_the_tables_beside_other_systems_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "accuracy.json").read_text())
    assert results
    for name, by_system in results.items():
        assert pages.section(RESULTS, name) == tables.both_tables(by_system)
    assert pages.section(README, "accuracy") == tables.short_table(results)
    by_subject = tables.by_subject(results["uci-har-official"])
    assert pages.section(RESULTS, "official-by-subject") == by_subject


def test_the_tables_of_every_network_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "accuracy-full.json").read_text())
    assert results.keys() == accuracy_full.TABLES.keys()
    for name, found in results.items():
        assert list(found) == [row.label for row in accuracy_full.TABLES[name]]
        assert pages.section(RESULTS, name) == tables.table(found)


def test_the_table_of_everybody_in_turn_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "loso.json").read_text())
    assert pages.section(RESULTS, "loso") == loso.table(results)


def test_the_tables_of_two_labelled_minutes_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "personal.json").read_text())
    assert pages.section(RESULTS, "personal") == personal.test_table(results)
    assert pages.section(RESULTS, "personal-settings") == personal.settings_table(results)
    gained = {who: row["after"] - row["before"] for who, row in results["test"].items()}
    worst = min(results["test"], key=lambda who: results["test"][who]["before"])
    mean = sum(gained.values()) / len(gained)
    said = f"by {100 * mean:.1f} points in the mean, the worst of them by {100 * gained[worst]:.1f}"
    assert said in " ".join(README.split())


def test_the_table_of_foreign_input_is_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "foreign.json").read_text())
    assert pages.section(RESULTS, "foreign") == foreign.section(results)


def test_the_tables_of_whole_recordings_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "continuous.json").read_text())
    assert pages.section(RESULTS, "state") == continuous.folds_table(results["folds"])
    assert pages.section(RESULTS, "continuous") == continuous.table(
        results["test"], results["by_second_on_folds"]
    )


@pytest.mark.parametrize("page", [README, RESULTS], ids=["README", "results"])
def test_pictures_are_there(page: str) -> None:
    folder = ROOT if page is README else ROOT / "docs"
    names = re.findall(r"!\[.+?\]\((.+?)\)", page)
    assert names
    for name in names:
        assert (folder / name).read_bytes().startswith(b"\x89PNG"), name


def test_the_tables_of_scoring_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "scoring.json").read_text())
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for name, table in scoring.SECTIONS.items():
        assert pages.section(page, f"scoring-{name}") == table(results)


def test_the_tables_of_performance_are_what_was_measured() -> None:
    results = json.loads((ROOT / "docs" / "results" / "performance.json").read_text())
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for name, kept in results.items():
        assert pages.section(page, name) == performance.text_of(kept)


def test_the_numbers_in_its_sentences_are_what_was_measured() -> None:
    """Each number that stands outside the tables, and where it comes from."""
    text = " ".join(README.split())
    classic_run = json.loads((ROOT / "docs/results/classic.json").read_text())["notebook"][0]
    recipe = PRESETS["notebook"].recipe
    n_steps = int(7352 * recipe.epochs / recipe.batch_size)
    assert (
        f"{classic_run['n_parameters']:,} parameters, {n_steps:,} steps of {recipe.batch_size:,} "
        f"windows, in {classic_run['train_seconds'] / 60:.0f} minutes"
    ) in text
    full = json.loads((ROOT / "docs/results/accuracy-full.json").read_text())
    [parameters] = {
        cell["n_parameters"] for rows in full.values() for name, cell in rows.items()
        if name == "conv-bilstm"
    }  # fmt: skip
    assert f"with {parameters:,} parameters" in text
    lighter = full["accuracy-full-raw"]["any-mounting on hapt-upright"]["n_parameters"]
    page = "docs/performance.md#a-lighter-network-for-peoples-own-recordings"
    assert f"ship are [lighter]({page}), {lighter:,})" in text
    unsure = json.loads((ROOT / "docs/results/foreign.json").read_text())["pretrained"]
    assert f"about {100 * unsure['six activities']['not_sure']:.0f} % of the windows" in text
    assert unsure["on a desk"]["not_sure"] == 1
    assert "of a phone on a desk in all" in text
    assert f"Any rate from {LOWEST_RATE_HZ:.0f} to {HIGHEST_RATE_HZ:.0f} Hz" in text
