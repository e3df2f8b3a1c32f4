"""Training data: asked for, shown, kept as recordings that Harken reads, deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harken.readers import read

from .conftest import LAPTOP, PHONE, Live, Tab

BEGIN_S = 11.9


def test_labels_are_kept_with_consent_and_deleted_on_demand(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(BEGIN_S, 20.0))
    phone.page.fill("#subject", "anna")
    phone.page.click("#record-start")  # without consent the form does not go
    assert not phone.page.is_visible("#labelling")
    phone.page.check("#consent")
    phone.page.click("#record-start")
    phone.page.click("#labels button:text-is('standing')")
    phone.page.wait_for_selector("#labels [aria-pressed=true]:text-is('standing')")
    phone.play(between(20.0, 40.0))
    # Whoever watches may label as well.
    laptop = opened(live.url, LAPTOP)
    laptop.page.click("#labels button:text-is('sitting')")
    phone.page.wait_for_selector("#labels [aria-pressed=true]:text-is('sitting')")
    assert phone.text("#record-state") == "Recording anna, sitting"
    phone.play(between(40.0, 54.0))
    phone.page.click("#record-stop")
    phone.page.wait_for_selector("#record-form", state="visible")
    phone.page.wait_for_selector("#recordings li:has-text('anna') >> text=sitting 0:1")

    (file,) = (live.folder / "recordings" / "anna").glob("*.csv")
    recording = read(file)
    spans = [(span.label, span.end_s - span.start_s) for span in recording.spans]
    assert [label for label, _ in spans] == ["STANDING", "SITTING"]
    assert [round(seconds) for _, seconds in spans] == [20, 14]
    with laptop.page.expect_download() as download:
        laptop.page.click("#recordings li:has-text('anna') >> text=Download")
    assert Path(download.value.path()).read_bytes() == file.read_bytes()

    phone.page.click("#recordings li:has-text('anna') >> text=Delete")
    assert file.exists()
    phone.page.click("#recordings li:has-text('anna') >> text=Really delete?")
    phone.page.wait_for_selector("#recordings li", state="detached")
    assert not file.exists()
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
