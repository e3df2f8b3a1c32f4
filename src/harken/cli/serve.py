"""harken serve: a model behind HTTP and WebSocket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harken.cli.output import console, example
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
    from harken.serve.keys import KeyRing
    from harken.serve.limits import Limits

EXAMPLE = example("harken serve", "harken serve --host 0.0.0.0 --keys keys.toml")


def serve(
    model: ModelsOption = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 is the whole network, and needs a key or a token."
        ),
    ] = "127.0.0.1",
    port: PortOption = 8000,
    keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may use it, see --new-key.")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Make a key for a client, print what goes into --keys, and end."
        ),
    ] = None,
    origin: OriginsOption = None,
    cert: CertOption = None,
    key: KeyOption = None,
) -> None:
    """Serve models over HTTP and WebSocket: predictions, live streams, metrics.

    Its log goes to standard error, a line of JSON for each request. Ctrl-C ends it.
    """
    prepare()
    if new_key is not None:
        _print_new_key(new_key)
        return
    check_pair(cert, key)
    from harken.serve import logs
    from harken.serve.app import create_app
    from harken.serve.limits import Limits
    from harken.serve.origins import Origins
    from harken.serve.server import address, listen, server
    from harken.serve.service import Service
    from harken.serve.shelf import Shelf

    limits = Limits()
    ring, token = _keys(keys, host, limits)
    origins = Origins(host, origin or ())
    shelf = Shelf(model or list(pretrained.SHIPPED))
    service = Service(shelf, ring, origins, limits)
    running = server(create_app(service), limits, ending=service.sessions.close, cert=cert, key=key)
    listener = listen(host, port)
    where = address("http" if cert is None else "https", host, listener.getsockname()[1])
    _say_where(where, token, secure=cert is not None)
    logs.configure()
    running.run(sockets=[listener])


def _keys(file: Path | None, host: str, limits: Limits) -> tuple[KeyRing, str | None]:
    """Who may use it; and the token that was made, where the network is open and no file is."""
    from harken.serve.keys import KeyRing, new_key
    from harken.serve.origins import is_loopback

    if file is not None:
        return KeyRing.read(file, limits), None
    if is_loopback(host):
        return KeyRing.open(limits), None
    token = new_key()
    return KeyRing.of_token(token, limits), token


def _print_new_key(name: str) -> None:
    from harken.serve.keys import key_file_entry, new_key

    key = new_key()
    entry = key_file_entry(name, key)
    console(to_stderr=True).print(
        f"The key of {name}, which is shown this once: {key}", soft_wrap=True, markup=False
    )
    console().print(entry, end="", soft_wrap=True, markup=False)


def _say_where(where: str, token: str | None, *, secure: bool) -> None:
    console().print(f"Harken serves at {where} (Ctrl-C ends it)", soft_wrap=True, markup=False)
    if token is not None:
        console().print(f"Token, made for this run: {token}", soft_wrap=True, markup=False)
        if not secure:
            console().print(
                "Without --cert and --key whoever is on the network can read it on its way."
            )
