"""One person's recordings as windows, labelled with what a model can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from harken.core.errors import FormatError, InputError, UnknownNameError
from harken.core.recording import Recording, Span
from harken.inference.predictor import Predictor
from harken.preparation import Settings, prepare
from harken.readers import read
from harken.readers.export import Export
from harken.signal.windows import UNLABELLED, Windows

_SPAN_COLUMNS = ("start_s", "end_s", "activity")


def read_source(
    source: str | Path | Recording | Windows, settings: Settings
) -> Recording | Windows:
    """What a file holds; what was read already stays as it is."""
    return read(source, columns=settings.columns) if isinstance(source, str | Path) else source


def windows_of(
    found: Recording | Windows,
    name: str,
    predictor: Predictor,
    settings: Settings,
    spans: tuple[Span, ...] | None = None,
) -> Windows:
    """All windows of a recording that the filters had settled for, as the model sees them.

    Parameters
    ----------
    found, name : what was read, and what messages call it
    spans : what the wearer did when, in place of what the recording says

    Raises
    ------
    InputError
        It is not what the model requires, or holds labels that the model cannot tell.
    """
    if isinstance(found, Windows):
        if spans is not None:
            raise InputError(f"{name} holds windows; labels of their own are for a recording.")
        _refuse_without_times(found, name)
        windows = predictor.contract.check(_told_by(found, predictor.contract.labels, name))
    else:
        windows = _cut(found, predictor, settings, spans, name)
    windows = windows.select(~windows.warm_up)
    if not len(windows):
        spec = predictor.contract.spec
        raise InputError(
            f"{name} is too short: a window takes {spec.window_s:g} s, after "
            f"{predictor.contract.warm_up_s:g} s in which the filters settle."
        )
    # Two files may hold recordings of the same name; windows are told apart by it.
    return replace(windows, recording=np.char.add(f"{name}: ", windows.recording))


def _refuse_without_times(windows: Windows, name: str) -> None:
    """Windows whose neighbours are not known cannot be held out without a leak."""
    if len(windows) > 1 and len(np.unique(windows.recording)) == len(windows):
        raise InputError(
            f"{name} does not tell which windows are of one recording, nor when each begins, so "
            "that overlapping ones cannot be kept apart. Give the arrays 'recording' and "
            "'start_s', or the recording itself."
        )


def name_of(source: str | Path | Recording | Windows) -> str:
    """What messages call a source."""
    if isinstance(source, Recording):
        return source.source or "The recording"
    return (source.dataset or "The windows") if isinstance(source, Windows) else str(source)


def _cut(
    recording: Recording,
    predictor: Predictor,
    settings: Settings,
    spans: tuple[Span, ...] | None,
    name: str,
) -> Windows:
    contract = predictor.contract
    label = _label_of(contract.labels, name)
    told = recording.spans if spans is None else spans
    recording = replace(
        recording, spans=tuple(replace(span, label=label(span.label)) for span in told)
    )
    prepared = prepare(recording, contract.target, settings)
    return contract.check(prepared.windows(contract.labels))


def _label_of(labels: tuple[str, ...], name: str) -> Callable[[str], str]:
    """Finds a model's label, however it is written: walking upstairs is WALKING_UPSTAIRS."""
    known = {_plain(label): label for label in labels}

    def find(text: str) -> str:
        if _plain(text) not in known:
            unknown = UnknownNameError("activity", text, labels)
            raise InputError(
                f"{name} is labelled with what the model cannot tell. {unknown} Leave such "
                "stretches without a label."
            )
        return known[_plain(text)]

    return find


def _plain(label: str) -> str:
    return "_".join(label.lower().replace("_", " ").replace("-", " ").split())


def _told_by(windows: Windows, labels: tuple[str, ...], name: str) -> Windows:
    """The windows with a model's labels in place of their own."""
    label = _label_of(labels, name)
    y = np.full(len(windows), UNLABELLED, np.int64)
    for code in np.unique(windows.y[windows.y != UNLABELLED]):
        y[windows.y == code] = labels.index(label(windows.labels[code]))
    return replace(windows, y=y, labels=labels)


def read_spans(path: str | Path) -> tuple[Span, ...]:
    """Labels of a recording from a table with the columns start_s, end_s and activity.

    Rows without activity are left out, so that a table of proposals can be filled in part.

    Raises
    ------
    FormatError
        No such table, a time that is no number, a stretch that ends before it begins, two that
        overlap, or no activity at all.
    """
    export = Export(Path(path))
    names = export.names(".csv", ".tsv", ".txt")
    if len(names) != 1:
        raise FormatError(f"{path}: labels are a table: a .csv with {', '.join(_SPAN_COLUMNS)}.")
    table = export.table(names[0], at_least=1)
    found = table.find(*_SPAN_COLUMNS)
    if found is None:
        raise FormatError(
            f"{table.name}: the columns are {', '.join(table.header)}; labels need "
            f"{', '.join(_SPAN_COLUMNS)}: a row for each stretch, in seconds of the recording."
        )
    start_s, end_s = (table.numbers(column) for column in found[:2])
    activities = [cell.strip() for cell in table.cells(found[2])]
    for row, activity in enumerate(activities):
        if activity and not start_s[row] < end_s[row]:
            table.refuse(row, found[1], f"an end after the start, {start_s[row]:g}")
    spans = sorted(
        (
            Span(float(start), float(end), activity)
            for start, end, activity in zip(start_s, end_s, activities, strict=True)
            if activity
        ),
        key=lambda span: span.start_s,
    )
    if not spans:
        raise FormatError(f"{table.name} names no activity: fill in the column activity.")
    for span, later in pairwise(spans):
        if later.start_s < span.end_s:
            raise FormatError(
                f"{table.name}: the stretch from {later.start_s:g} s begins before the one from "
                f"{span.start_s:g} s ends, at {span.end_s:g} s. Stretches must not overlap."
            )
    return tuple(spans)
