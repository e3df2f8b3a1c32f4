"""The page follows what its wearer does, and so do those who watch."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import LAPTOP, PHONE, Live, Tab

BEGIN_S = 11.9
#: Stretches of the recording of person 20, in seconds, and what is being done at their ends.
ACTIVITIES = (
    (BEGIN_S, 30.0, "Standing"), (30.0, 65.0, "Sitting"), (100.0, 130.0, "Laying"),
    (206.0, 222.0, "Walking"), (258.0, 272.0, "Walking downstairs"),
    (272.0, 291.0, "Walking upstairs"),
)  # fmt: skip
WALK = Path(__file__).parents[2] / "examples" / "walk.csv"


def test_the_label_follows_the_activity_on_both_pages(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    watching = None
    for from_s, until_s, activity in ACTIVITIES:
        phone.play(between(from_s, until_s))
        phone.wait_for("#now-label", activity)
        # One that comes late is told what was.
        watching = watching or opened(live.url, LAPTOP)
        watching.wait_for("#now-label", activity)
    assert watching is not None
    assert phone.text("#link") == "Connected"
    assert watching.text("#link") == "Watching"
    # The last answers reach the two pages at different moments.
    until_s = time.monotonic() + 5
    while phone.text("#session") != watching.text("#session") and time.monotonic() < until_s:
        time.sleep(0.1)
    assert phone.text("#session") == watching.text("#session")
    table = saved(phone)
    assert {row["activity"] for row in table} > {"SITTING", "LAYING", "WALKING_UPSTAIRS"}
    times = [float(row["time_s"]) for row in table]
    assert times == sorted(times)
    assert 270 < times[-1] - times[0] < 280
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
    watching.wait_for("#now-label", "Session over")


def saved(tab: Tab) -> list[dict[str, str]]:
    """The session as the page offers it."""
    with tab.page.expect_download() as download:
        tab.page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_who_moves_at_the_start_is_asked_to_stand_still_again(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(210, 214))
    phone.wait_for("#prepare-title", "Once more, stand still")
    assert "standing still" in phone.text("#prepare-hint")
    phone.play(between(290, 291))  # still walking
    phone.play(between(351.0, 351.5))
    phone.page.click("#cancel")
    assert phone.page.is_visible("#begin")


def test_uncertainty_is_said_in_words(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(BEGIN_S, 16.5))
    phone.wait_for("#now-label", "Settling")
    phone.play(between(76.0, 110.5))  # lies down at the end, which is none of the activities
    phone.wait_for("#now-label", "Not sure")
    assert phone.text("#now-perhaps").startswith("perhaps ")
    phone.page.click("#stop")


def test_a_recording_is_played_through_the_page(
    own_live: Callable[..., Any], opened: Callable[..., Tab]
) -> None:
    with own_live("--replay", str(WALK)) as live:
        laptop = opened(live.url, LAPTOP)
        laptop.wait_for("#link", "Playing walk.csv")
        laptop.wait_until(
            "[...document.querySelectorAll('#session .value')].some((e) => e.textContent)",
            timeout_s=30,
        )
        assert not laptop.page.is_visible("#record-form")


def test_the_black_screen_lets_go_when_its_button_is_held(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any]
) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.play(between(BEGIN_S, 22.0))
    phone.wait_for("#now-label", "Standing")
    phone.page.click("#lock")
    is_locked = "document.getElementById('locked').open"
    phone.page.click("#unlock")  # a touch is not enough
    for _ in range(3):
        phone.page.keyboard.press("Escape")
    phone.page.wait_for_timeout(200)
    assert phone.page.evaluate(is_locked)
    phone.play(between(22.0, 65.0))  # it goes on
    phone.page.hover("#unlock")
    phone.page.mouse.down()
    phone.wait_until(f"!{is_locked}")
    phone.page.mouse.up()
    phone.wait_for("#now-label", "Sitting")
    phone.page.click("#stop")
