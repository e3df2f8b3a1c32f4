"""What the tests share: the real archives where they are at hand, and a cache of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harken import datasets
from harken.core.recording import Recording
from harken.signal.windows import Windows


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither read nor change the cache of whoever runs the tests."""
    os.environ["HARKEN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real archives; skips the test where there is none and none is required."""
    folder = os.environ.get("HARKEN_DATA")
    if folder:
        return Path(folder)
    if os.environ.get("HARKEN_REQUIRE_DATA"):
        pytest.fail("HARKEN_REQUIRE_DATA is set, but HARKEN_DATA names no folder of archives.")
    pytest.skip("needs the real archives: set HARKEN_DATA to their folder")


@pytest.fixture(scope="session")
def uci_har_zip(data_folder: Path) -> Path:
    return data_folder / "UCI HAR Dataset.zip"


@pytest.fixture(scope="session")
def uci_har(data_folder: Path) -> Windows:
    return datasets.load("uci-har", data=data_folder)


@pytest.fixture(scope="session")
def hapt(data_folder: Path) -> list[Recording]:
    return datasets.load_recordings("hapt", data=data_folder)
