"""harken live: a page that recognises the phone that opens it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harken.cli.output import ColumnsOption, MountingOption, PlacementOption, console, example
from harken.cli.serving import (
    CertOption,
    KeyOption,
    ModelsOption,
    OriginsOption,
    PortOption,
    check_pair,
    prepare,
)
from harken.model import pretrained

if TYPE_CHECKING:
    from harken.live.replay import Replay
    from harken.serve.shelf import Shelf

EXAMPLE = example("harken live --host 0.0.0.0", "harken live --replay walk.csv")


def live(
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 is the whole network: phones can come, by HTTPS "
            "and with a token."
        ),
    ] = "127.0.0.1",
    port: PortOption = 8000,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play a recording through the page, in real time."),
    ] = None,
    columns: ColumnsOption = None,
    placement: PlacementOption = None,
    mounting: MountingOption = "estimate",
    model: ModelsOption = None,
    recordings: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="Where training data is kept that people record on the page."
        ),
    ] = Path("harken-recordings"),
    keep_days: Annotated[
        int, typer.Option(min=1, max=3650, help="For how long they are kept.")
    ] = 30,
    origin: OriginsOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
    new_token: Annotated[
        bool,
        typer.Option("--new-token", help="Make a new token; phones with the old one are out."),
    ] = False,
    log: Annotated[
        bool, typer.Option("--log", help="Log each request on standard error, as harken serve.")
    ] = False,
) -> None:
    """Wear the phone and see what it does: serve a page that recognises who opens it.

    Phones give motion to pages that come by HTTPS alone. On a network a certificate is made and
    kept for this machine; a browser warns of it once. Ctrl-C ends it.
    """
    prepare(("cryptography", "segno"))
    check_pair(cert, key)
    import logging

    from harken.live.app import create_live_app
    from harken.live.page import PUBLIC, Live
    from harken.live.way_in import way_in
    from harken.serve import logs
    from harken.serve.limits import Limits
    from harken.serve.origins import Origins
    from harken.serve.recordings import Recordings
    from harken.serve.server import listen, server
    from harken.serve.service import Service
    from harken.serve.shelf import Shelf

    limits = Limits()
    origins = Origins(host, origin or ())
    shelf = Shelf(model or list(pretrained.SHIPPED))
    playing = None if replay is None else _replay(replay, shelf, columns, placement, mounting)
    way = way_in(host, origin or (), cert, key, new_token=new_token)
    kept = Recordings(recordings, kept_days=keep_days)
    ring, client = way.keys(limits)
    service = Service(shelf, ring, origins, limits, public=PUBLIC, recordings=kept)
    listener = listen(host, port)
    port = listener.getsockname()[1]
    app = create_live_app(service, Live(way.for_phones(port), playing), client)
    running = server(app, limits, ending=service.sessions.close, cert=way.cert, key=way.key)
    _say(way.for_this_machine(port), way.for_phones(port), way.fingerprint)
    logs.configure(level=logging.INFO if log else logging.WARNING)
    running.run(sockets=[listener])


def _replay(
    file: Path, shelf: Shelf, columns: str | None, placement: str | None, mounting: str
) -> Replay:
    from harken.core.errors import FormatError
    from harken.core.recording import Recording
    from harken.live.replay import Replay
    from harken.preparation import Settings
    from harken.readers import read

    settings = Settings.of_words(columns, placement, mounting)
    recording = read(file, columns=settings.columns)
    if not isinstance(recording, Recording):
        raise FormatError(f"{file} holds windows; only a recording can be played.")
    return Replay(recording, shelf, settings)


def _say(here: str, for_phones: str | None, fingerprint: str | None) -> None:
    out = console()
    out.print(f"Harken listens at {here} (Ctrl-C ends it)", soft_wrap=True, markup=False)
    if for_phones is None:
        out.print("For phones: harken live --host 0.0.0.0", soft_wrap=True, markup=False)
        return
    out.print(f"For a phone:      {for_phones}", soft_wrap=True, markup=False)
    if _shows_blocks():
        # Codes are dark on light, whatever the terminal's own colours are.
        out.print(_code(for_phones), soft_wrap=True, markup=False, style="white on black")
    if fingerprint is not None:
        out.print(
            "The browser will warn once that it does not know the certificate, which was made on "
            f"this machine. Its SHA-256 begins with {fingerprint[:23]}.",
            soft_wrap=True, markup=False,
        )  # fmt: skip


def _shows_blocks() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _code(text: str) -> str:
    """A QR code in half blocks; what is to be light is drawn."""
    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False, error="l").terminal(drawn, border=2, compact=True)
    return drawn.getvalue().rstrip("\n")
