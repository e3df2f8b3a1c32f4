"""What was felt reaches the service, whatever becomes of the connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harken.readers import read

from .conftest import LAPTOP, PHONE, Live, Tab

BEGIN_S = 11.9
#: How long each activity took, as the page shows it.
VALUES = "[...document.querySelectorAll('#session .value')]"


def start_recording(phone: Tab, subject: str) -> None:
    phone.page.fill("#subject", subject)
    phone.page.check("#consent")
    phone.page.click("#record-start")
    phone.page.wait_for_selector("#labels button")


def test_a_service_that_is_killed_loses_no_sample(
    own_live: Callable[..., Any], opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    with own_live() as live:
        phone = opened(live.url, PHONE)
        phone.start()
        phone.play(between(BEGIN_S, 24.0))
        start_recording(phone, "anna")
        phone.play(between(24.0, 40.0))
        live.kill()
        phone.play(between(40.0, 55.0))
        assert phone.text("#link").startswith("Connection lost")
        live.start()
        phone.wait_for("#link", "Connected")
        # It need not stand still again, and is recorded on.
        phone.play(between(55.0, 65.0))
        phone.wait_for("#now-label", "Sitting")
        phone.page.click("#record-stop")
        phone.page.click("#stop")
        phone.wait_for("#now-label", "Session over")
        phone.told.clear()  # the browser complains of a service that is not there
        files = sorted((live.folder / "recordings" / "anna").glob("*.csv"))
        assert len(files) == 2
        acc = np.concatenate([read(file).acc.values for file in files])
        expected = between(24.0, 65.0)
        # What was written and not answered any more may be there twice: some tenths of a second,
        # in which much is played.
        assert len(expected) <= len(acc) <= len(expected) + 500
        assert found_in_order(np.round(expected[:, 1:4] * 98.0665) / 98.0665, acc)


def found_in_order(expected: Any, found: Any) -> bool:
    """Whether all rows that are expected are among those found, in their order."""
    at = 0
    for row in expected:
        hits = np.flatnonzero(np.abs(found[at:] - row).max(axis=1) < 1e-4)
        if not len(hits):
            return False
        at += hits[0] + 1
    return True


def test_a_connection_that_is_lost_is_found_again(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(BEGIN_S, 30.0))
    laptop = opened(live.url, LAPTOP)
    laptop.wait_for("#now-label", "Standing")
    phone.page.context.set_offline(True)
    phone.page.evaluate("window.sockets?.forEach((socket) => socket.close())")
    phone.play(between(30.0, 65.0))
    phone.page.context.set_offline(False)
    phone.wait_for("#link", "Connected")
    phone.wait_for("#now-label", "Sitting")
    laptop.wait_for("#now-label", "Sitting")
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
    phone.told.clear()


def test_without_websockets_it_goes_by_requests_and_events(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    without = "delete window.WebSocket"
    phone = opened(live.url, PHONE, before=without)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    phone.start()
    phone.play(between(BEGIN_S, 30.0))
    phone.wait_for("#now-label", "Standing")
    laptop = opened(live.url, LAPTOP, before=without)
    laptop.wait_for("#now-label", "Standing")
    phone.play(between(30.0, 65.0))
    phone.wait_for("#now-label", "Sitting")
    laptop.wait_for("#now-label", "Sitting")
    assert sum("/samples?from=" in url for url in asked) > 5
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
    laptop.wait_for("#now-label", "Session over")


def test_websockets_that_fail_are_given_up(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    """As on phones where a certificate that was accepted by hand does not count for them."""
    failing = """
      window.WebSocket = class extends window.WebSocket {
        constructor() { super(new URL("/nowhere", location)); }
      }
    """
    phone = opened(live.url, PHONE, before=failing)
    phone.start()
    phone.play(between(BEGIN_S, 30.0))
    phone.wait_for("#now-label", "Standing")
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
    phone.told.clear()


def test_a_page_that_is_loaded_anew_goes_on(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(BEGIN_S, 30.0))
    phone.wait_for("#now-label", "Standing")
    before = seconds(phone)
    assert before > 5
    phone.reload()
    phone.page.click("#go-on")
    phone.play(between(30.0, 30.5))
    phone.wait_for("#link", "Connected")
    # What was recognised before the page was loaded anew is there, and it goes on from that.
    phone.wait_until(f"{VALUES}.some((e) => e.textContent)")
    assert before <= seconds(phone) < before + 5
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")


def test_streams_side_by_side_are_listed(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phones = [opened(live.url, PHONE) for _ in range(2)]
    for phone in phones:
        phone.start()
        phone.play(between(BEGIN_S, 16.0))
    laptop = opened(live.url, LAPTOP)
    laptop.page.wait_for_selector("#stream-list li:nth-child(2)")
    laptop.page.click("#stream-list button >> nth=0")
    laptop.wait_for("#link", "Watching")
    laptop.page.click("#back")
    assert laptop.page.is_visible("#join-title")
    for phone in phones:
        phone.page.click("#stop")
        phone.wait_for("#now-label", "Session over")


def seconds(tab: Tab) -> int:
    """Of the whole session, by what the page shows of each activity."""
    shown = tab.page.evaluate(f"{VALUES}.map((e) => e.textContent)")
    found = [text.split(":") for text in shown if text]
    return sum(60 * int(minutes) + int(rest) for minutes, rest in found)
