"""`harken live` in a process of its own, and a real browser that opens its page."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harken.core.recording import Recording

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_WEARER = Path(__file__).with_name("wearer.js").read_text(encoding="utf-8")
#: How much faster than they were recorded samples are played.
SPEED = 25.0
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}


class Live:
    """`harken live` on a free port, with a folder of its own for recordings."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._arguments = arguments
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, after a first time on the same port."""
        self._log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "harken", "live", "--host", "127.0.0.1",
                "--port", str(self.port), "--recordings", str(self.folder / "recordings"),
                *self._arguments,
            ],
            stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"https?://[\w.]+:(\d+)", line):
                self.port = int(found[1])
                return
        pytest.fail(f"harken live ended: {(self.folder / 'log').read_text()}")

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.communicate(timeout=20)
        self._log.close()


@dataclass
class Tab:
    """A page of the browser that is open, and what its console said."""

    page: Any
    told: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector)).strip()

    def wait_for(self, selector: str, text: str, *, timeout_s: float = 30.0) -> None:
        """Wait until an element says exactly that."""
        until = time.monotonic() + timeout_s
        while (found := self.text(selector)) != text:
            assert time.monotonic() < until, f"{selector} says {found!r}, not {text!r}"
            self.page.wait_for_timeout(20)

    def wait_until(self, true: str, *, timeout_s: float = 30.0) -> None:
        """Wait until an expression is true in the page, which lets no text become code."""
        until = time.monotonic() + timeout_s
        while not self.page.evaluate(true):
            assert time.monotonic() < until, f"never so: {true}"
            self.page.wait_for_timeout(20)

    def play(self, rows: Any, speed: float = SPEED) -> None:
        """Let the page feel samples: (n, 7) seconds, g, rad/s."""
        self.page.evaluate("([rows, speed]) => wearer.play(rows, speed)", [rows.tolist(), speed])

    def ready(self) -> None:
        """The page knows the service, and what may be felt can be played to it."""
        self.page.wait_for_selector("#version:not(:empty)", state="attached")
        self.page.evaluate(_WEARER)

    def reload(self) -> None:
        self.page.reload()
        self.ready()
        self.page.evaluate("wearer.aheadMs = 60000")

    def start(self) -> None:
        """From the first page to standing still."""
        self.page.click("#begin")
        self.page.click("#ready")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's Chromium; nothing is downloaded.

    It ends with each file: as long as it is there, Playwright's event loop runs in this thread, and
    no other can.
    """
    path = os.environ.get("HARKEN_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        missing = (
            "needs a Chromium on the PATH (or in HARKEN_CHROMIUM) and `pip install playwright`"
        )
        if os.environ.get("HARKEN_REQUIRE_BROWSER"):
            pytest.fail(f"HARKEN_REQUIRE_BROWSER is set, but the test {missing}.")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Tab]]:
    """Open a page in a browser of its own: `opened(url, PHONE)`. None may complain in the end."""
    contexts, tabs = [], []

    def open_page(
        url: str, device: dict[str, Any], *, before: str = "", waits: bool = True, **more: Any
    ) -> Tab:
        context = chromium.new_context(**device, **more)
        contexts.append(context)
        context.set_default_timeout(30_000)
        tab = Tab(context.new_page())
        tabs.append(tab)
        tab.page.on("console", lambda said: _keep(tab, said))
        tab.page.on("pageerror", lambda error: tab.told.append(str(error)))
        if before:
            tab.page.add_init_script(before)
        tab.page.goto(url)
        if waits:
            tab.ready()
        return tab

    yield open_page
    told = [line for tab in tabs for line in tab.told]
    for context in contexts:
        context.close()
    assert not told


def _keep(tab: Tab, said: Any) -> None:
    if said.type in ("error", "warning"):
        tab.told.append(said.text)


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Live]:
    """Run `harken live` until the block ends."""
    live = Live(folder, *arguments)
    try:
        yield live
    finally:
        live.stop()


@pytest.fixture(scope="module")
def live(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One that the tests of a file share; after the browser, without which it is not needed."""
    with running(tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture(scope="module")
def own_live(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """One of a test's own: `with own_live("--replay", ...) as live:`."""
    return lambda *arguments: running(tmp_path_factory.mktemp("live"), *arguments)


@pytest.fixture(scope="session")
def person(hapt: list[Recording]) -> Any:
    """A test person's samples, (n, 7), from a moment on at which they stand still."""
    recording = next(one for one in hapt if one.subject == "20")
    assert recording.gyro is not None
    rows = np.column_stack([recording.acc.time_s, recording.acc.values, recording.gyro.values])
    standing = next(span for span in recording.spans if span.label == "STANDING")
    return rows[rows[:, 0] >= standing.start_s]


@pytest.fixture(scope="session")
def between(person: Any) -> Callable[[float, float], Any]:
    """That person's samples from one second of the recording to another."""
    return lambda from_s, to_s: person[(person[:, 0] >= from_s) & (person[:, 0] < to_s)]
