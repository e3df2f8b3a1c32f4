"""Numbers and names in the pages are those of the code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harken.evaluation import calibration, folds, splits, subjects
from harken.model import file as model_file
from harken.model.contract import Contract
from harken.preparation import resolve
from harken.readers import KNOWN_ENDINGS, READERS, clock, units
from harken.readers.export import RECORDING_LIMITS
from harken.signal import filters as signal
from harken.signal import path as signal_path
from harken.signal import resample
from harken.signal.windows import WindowSpec

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return " ".join((DOCS / f"{name}.md").read_text(encoding="utf-8").split())


_SPEC = WindowSpec()
FACTS = [
    ("signal-path", f"more than {signal_path.MOST_LATE:.0%} are".replace("%", " %")),
    ("signal-path", f"A pause of more than {resample.MAX_GAP_S:g} s"),
    ("signal-path", f"Sensors may give {resample.LOWEST_RATE_HZ:g} to"),
    ("signal-path", f"to {resample.HIGHEST_RATE_HZ:g} samples a second"),
    ("signal-path", f"low-pass, {signal.NOISE_CUTOFF_HZ:g} Hz, order {signal.NOISE_ORDER}"),
    ("signal-path", f"low-pass, {signal.GRAVITY_CUTOFF_HZ:g} Hz, order {signal.GRAVITY_ORDER}"),
    ("signal-path", f"low-pass, {signal.DRIFT_CUTOFF_HZ:g} Hz, order {signal.DRIFT_ORDER}"),
    ("signal-path", f"for {signal.WARM_UP_S:g} seconds after each start"),
    ("signal-path", f"within {resolve.SEEN_TILT_DEG:g} degrees from its own up"),
    ("signal-path", f"{resolve.SEEN_TURN_DEG:g} degrees from its own forward"),
    ("signal-path", f"{_SPEC.n_steps} samples, {_SPEC.window_s:g} s; the next begins"),
    ("signal-path", f"begins {_SPEC.stride_steps} samples later"),
    ("contract", f"no more than {model_file.MAX_BYTES / 2**20:g} MiB"),
    ("protocols", f"a gap of {splits.GAP_S:g} s"),
    ("protocols", f"{subjects.N_RESAMPLES:,} times"),
    ("protocols", f"over {calibration.N_BINS} bins"),
    ("formats", f"{RECORDING_LIMITS.entries:,} entries"),
    ("formats", f"{RECORDING_LIMITS.member_bytes / 2**20:g} MiB for the largest"),
    ("formats", f"{RECORDING_LIMITS.ratio} times its packed size"),
    ("formats", f"{RECORDING_LIMITS.depth} folders deep"),
    ("formats", f"above {units._FASTEST_TURN:g}, degrees a second"),
    ("formats", f"between {units._LEAST_WITH_GRAVITY:g} and {units._MOST_WITH_GRAVITY:g} it is g"),
    ("formats", ", ".join(f"`{ending}`" for ending in KNOWN_ENDINGS[:-1])),
    ("troubleshooting", f"the {signal.WARM_UP_S:g} s in which filters settle"),
    ("troubleshooting", f"{signal.WARM_UP_S + _SPEC.window_s:.2f} s are the least"),
    ("troubleshooting", f"{resample.LOWEST_RATE_HZ:g} are the least"),
]


@pytest.mark.parametrize(("name", "words"), FACTS)
def test_numbers_are_those_of_the_code(name: str, words: str) -> None:
    assert words.lower() in page(name).lower()


def test_every_reader_is_told_of_in_the_order_in_which_they_are_asked() -> None:
    text = page("formats")
    places = [text.find(f"| `{name}` |") for name in READERS]
    assert -1 not in places
    assert places == sorted(places)
    assert clock.PER_SECOND.keys() == {"s", "ms", "us", "ns"}


def test_every_field_of_a_contract_is_told_of() -> None:
    text = page("contract")
    for field in dataclasses.fields(Contract):
        assert f"`{field.name}`" in text


def test_every_protocol_is_told_of() -> None:
    text = page("protocols")
    for protocol in (
        "official", folds.SUBJECT_KFOLD, folds.LOSO, splits.WITHIN_SUBJECT, splits.INNER_KFOLD,
        "subject-holdout",
    ):  # fmt: skip
        assert f"| `{protocol}` |" in text
    assert f"`{splits.LEAKS}`" in text


def test_every_placement_and_way_to_find_the_mounting_is_told_of() -> None:
    text = page("signal-path")
    for way in resolve.WAYS:
        assert f"| `{way}` |" in text
