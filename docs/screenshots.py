"""Make the pictures of the live page: docs/figures/live-phone.png and live-laptop.png.

    python docs/screenshots.py

It plays the simulated person of examples/walk.csv through `harken live` for two minutes; no person
took part. It needs Chromium, and `pip install -e '.[dev]'`.
"""

from __future__ import annotations

import io
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

FIGURES = Path(__file__).with_name("figures")
WALK = Path(__file__).parents[1] / "examples" / "walk.csv"
PLAYED_S = 104
#: By file: width and height in CSS pixels, pixels of the picture for each, and the theme.
PICTURES = {"live-phone.png": (390, 844, 2, "light"), "live-laptop.png": (1280, 800, 1, "dark")}


@contextmanager
def replay() -> Iterator[str]:
    """The address of a page that plays the recording."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harken", "live", "--port", "0", "--replay", str(WALK)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0]
                return
        raise SystemExit("harken live did not start.")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def take_pictures(browser: Browser, url: str) -> None:
    """Open the page in both sizes, let it play, and picture it."""
    pages = {}
    for name, (width, height, scale, theme) in PICTURES.items():
        pages[name] = browser.new_page(
            viewport={"width": width, "height": height}, device_scale_factor=scale,
            color_scheme=theme, is_mobile=width < 600, has_touch=width < 600,
        )  # fmt: skip
        pages[name].goto(url)
    for page in pages.values():
        page.wait_for_timeout(1000 * PLAYED_S / len(pages))
    for name, page in pages.items():
        picture = Image.open(io.BytesIO(page.screenshot()))
        # Few colours are enough, and a third of the bytes.
        picture.convert("RGB").quantize(200).save(FIGURES / name, optimize=True)


def main() -> None:
    """Make both."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no chromium on the PATH.")
    with replay() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        take_pictures(browser, url)
        browser.close()


if __name__ == "__main__":
    main()
