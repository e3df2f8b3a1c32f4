"""Downloads from a real server: whole, refused, cut off, or something else altogether."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harken import datasets
from harken.core.errors import ArchiveError, DownloadError
from harken.datasets import uci_har


class Publisher(ThreadingHTTPServer):
    """Serves `archive` at /whole.zip, the half of it at /half.zip, a page at /page.zip."""

    def __init__(self, archive: bytes) -> None:
        self.archive = archive
        super().__init__(("127.0.0.1", 0), _Handler)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        archive = self.server.archive
        body = {
            "/whole.zip": archive,
            "/half.zip": archive[: len(archive) // 2],
            "/page.zip": b"<html>Please log in to this network</html>",
        }.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(archive if self.path == "/half.zip" else body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publisher(uci_har_zip: Path) -> Iterator[Publisher]:
    server = Publisher(uci_har_zip.read_bytes())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no archive anywhere else."""
    monkeypatch.setenv("HARKEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARKEN_DATA", raising=False)
    return tmp_path / "cache"


def serve_at(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    monkeypatch.setattr(uci_har, "URLS", urls)


def test_the_second_address_serves_when_the_first_does_not(
    publisher: Publisher, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_at(monkeypatch, publisher.url("gone.zip"), publisher.url("whole.zip"))
    assert len(datasets.load("uci-har")) == 10_299
    assert {file.name for file in cache.iterdir()} == {
        "UCI HAR Dataset.zip",
        "uci-har-windows-v2.npz",
    }


def test_a_page_in_place_of_the_archive_is_not_kept(
    publisher: Publisher, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_at(monkeypatch, publisher.url("page.zip"))
    with pytest.raises(ArchiveError, match=r"(?s)not a whole zip file.*was deleted"):
        datasets.load("uci-har")
    assert list(cache.iterdir()) == []
    serve_at(monkeypatch, publisher.url("whole.zip"))
    assert len(datasets.load("uci-har")) == 10_299


@pytest.mark.parametrize("name", ["half.zip", "gone.zip"])
def test_what_the_publisher_answered_is_told(
    publisher: Publisher, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    serve_at(monkeypatch, publisher.url(name))
    with pytest.raises(DownloadError, match=r"(?s)could not be downloaded.*--data DIR") as error:
        datasets.load("uci-har")
    assert ("404" in str(error.value)) == (name == "gone.zip")
    assert list(cache.iterdir()) == []


def test_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_at(monkeypatch, "http://127.0.0.1:9/nobody-listens.zip")
    with pytest.raises(DownloadError, match="is there a network"):
        datasets.load("uci-har")
    assert list(cache.iterdir()) == []
