"""The page itself: small, from here alone, and for everybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harken

from .conftest import LAPTOP, PHONE, Live, Tab

BEGIN_S = 11.9
STATIC = Path(harken.__file__).parent / "live" / "static"

#: Contrast of each visible text with what lies behind it (WCAG 2.2, 1.4.3), in the page.
CONTRASTS = """
() => {
  const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => [0.2126, 0.7152, 0.0722]
    .reduce((sum, weight, i) => sum + weight * channel(rgb[i] / 255), 0);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if ((found[3] ?? 1) === 1) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility()) continue;
    const [a, b] = [numbers(getComputedStyle(element).color), behind(element)]
      .map(light).sort((one, other) => other - one);
    found.push([text.slice(0, 60), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}
"""
#: Colours that are drawn, with the card behind them.
DRAWN = """
() => {
  const style = getComputedStyle(document.documentElement);
  const names = [0, 1, 2, 3, 4, 5].map((i) => `--activity-${i}`);
  return ["--card", "--soft", "--axis-x", "--axis-y", "--axis-z", ...names]
    .map((name) => [name, style.getPropertyValue(name).trim()]);
}
"""


def test_it_is_small() -> None:
    files = list(STATIC.iterdir())
    assert {file.suffix for file in files} == {".html", ".css", ".js", ".svg"}
    assert sum(file.stat().st_size for file in files) < 100_000


def test_it_fetches_nothing_from_elsewhere(live: Live, opened: Callable[..., Tab]) -> None:
    page = opened("about:blank", PHONE, waits=False).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(live.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    page.wait_for_selector("#begin", state="visible")
    assert len(asked) > 20
    assert all(url.startswith(live.url) for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_and_has_a_name(
    live: Live, opened: Callable[..., Tab], between: Callable[..., Any], scheme: str
) -> None:
    laptop = opened(live.url, LAPTOP, color_scheme=scheme)
    check(laptop, ["This device does have sensors"])
    phone = opened(live.url, PHONE, color_scheme=scheme)
    phone.page.click("summary")
    check(phone, ["Where do you wear it?", "Model", "Start"])
    phone.page.click("#begin")
    check(phone, ["I stand still now", "Cancel"])
    phone.page.click("#ready")
    phone.play(between(BEGIN_S, 30.0))
    phone.page.fill("#subject", "anna")
    check(phone, ["Lock screen", "Stop", "Save CSV", "Whose movements?", "Start recording"])
    phone.page.check("#consent")
    phone.page.click("#record-start")
    phone.page.click("#labels button >> nth=0")
    phone.page.wait_for_selector("#labels [aria-pressed=true]")
    phone.page.wait_for_selector("#recordings li")
    check(phone, ["walking", "none of these", "Stop recording"])
    phone.page.click("#lock")
    check(phone, ["Hold to unlock"])
    phone.page.hover("#unlock")
    phone.page.mouse.down()
    phone.page.wait_for_selector("#locked", state="hidden")
    phone.page.mouse.up()
    phone.page.click("#stop")
    phone.wait_for("#now-label", "Session over")
    check(phone, ["Back"])
    phone.page.click("#recordings >> text=Delete")
    phone.page.click("#recordings >> text=Really delete?")
    phone.page.wait_for_selector("#recordings li", state="detached")


def check(tab: Tab, names: list[str]) -> None:
    """What is visible by now can be read, and each control has a name."""
    poor = {text: ratio for text, ratio in tab.page.evaluate(CONTRASTS) if ratio < 4.5}
    assert not poor
    session = tab.page.context.new_cdp_session(tab.page)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "checkbox", "combobox", "link", "textbox", "image", "DisclosureTriangle")
    found = [
        node["name"]["value"]
        for node in tree
        if not node["ignored"] and node["role"]["value"] in roles
    ]
    assert all(found)
    assert not [name for name in names if not any(name in one for one in found)]
    # Nothing is wider than the screen.
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out(live: Live, opened: Callable[..., Tab], scheme: str) -> None:
    colours = dict(opened(live.url, PHONE, color_scheme=scheme).page.evaluate(DRAWN))
    card = luminance(colours.pop("--card"))
    for name, colour in colours.items():
        low, high = sorted((card, luminance(colour)))
        least = 4.5 if name == "--soft" else 3.0  # text; else WCAG 2.2, 1.4.11
        assert (high + 0.05) / (low + 0.05) >= least, name


def luminance(colour: str) -> float:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_narrow_screen_is_wide_enough(live: Live, opened: Callable[..., Tab]) -> None:
    narrow = opened(live.url, PHONE | {"viewport": {"width": 320, "height": 568}})
    assert narrow.page.evaluate("document.documentElement.scrollWidth") == 320


STAYS = """
async () => {
  document.getElementById("begin").click();
  const tops = [];
  for (const end = performance.now() + 500; performance.now() < end; ) {
    await new Promise(requestAnimationFrame);
    const { height, top } = document.getElementById("ready").getBoundingClientRect();
    if (height) tops.push(top);
  }
  return [Math.min(...tops), Math.max(...tops)];
}
"""


def test_the_button_stays_where_it_appeared(live: Live, opened: Callable[..., Tab]) -> None:
    """A finger that is on its way would miss it."""
    first, last = opened(live.url, PHONE).page.evaluate(STAYS)
    assert first == last


def test_without_motion_it_is_said_why(live: Live, opened: Callable[..., Tab]) -> None:
    phone = opened(live.url, PHONE)
    phone.start()
    phone.page.wait_for_selector("#trouble:text('No motion comes')")
    phone.page.click("#cancel")
    refusing = "DeviceMotionEvent.requestPermission = () => Promise.resolve('denied')"
    refused = opened(live.url, PHONE, before=refusing)
    refused.page.click("#begin")
    refused.page.wait_for_selector("#trouble:text('not allowed')")
    assert refused.page.is_visible("#begin")
