"""harken serve: a model behind HTTP and WebSocket."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harken import pretrained
from harken.cli.output import console, example

if TYPE_CHECKING:
    from harken.serve.keys import KeyRing
    from harken.serve.limits import Limits

EXAMPLE = example("harken serve", "harken serve --host 0.0.0.0 --keys keys.toml")

#: What the extra "serve" brings, as it is imported.
_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client")


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="A model file, or one that ships; NAME=FILE gives it a name. Several may be "
            "given; the first is the default.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 is the whole network, and needs a key or a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may use it, see --new-key.")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Make a key for a client, print what goes into --keys, and end."
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="A web page's origin that may use it, as https://har.example."
        ),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Certificate, for HTTPS; with --key.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="PEM", help="The certificate's private key.")
    ] = None,
) -> None:
    """Serve models over HTTP and WebSocket: predictions, live streams, metrics.

    Its log goes to standard error, a line of JSON for each request. Ctrl-C ends it.
    """
    _one_thread_for_algebra()
    _refuse_without_extra()
    if new_key is not None:
        _print_new_key(new_key)
        return
    if (cert is None) != (key is None):
        raise typer.BadParameter("--cert and --key belong together.")
    from harken.serve import logs
    from harken.serve.app import create_app
    from harken.serve.limits import Limits
    from harken.serve.origins import Origins
    from harken.serve.server import listen, server
    from harken.serve.service import Service
    from harken.serve.shelf import Shelf

    limits = Limits()
    ring, token = _keys(keys, host, limits)
    origins = Origins(host, origin or ())
    shelf = Shelf(model or list(pretrained.SHIPPED))
    service = Service(shelf, ring, origins, limits)
    running = server(create_app(service), limits, ending=service.sessions.close, cert=cert, key=key)
    listener = listen(host, port)
    _say_where(host, listener.getsockname()[1], token, secure=cert is not None)
    logs.configure()
    running.run(sockets=[listener])


def _one_thread_for_algebra() -> None:
    """Before NumPy is loaded, which starts the threads: for a few windows they cost more than all
    else together."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _refuse_without_extra() -> None:
    from harken.errors import MissingExtraError

    for module in _NEEDED:
        if find_spec(module) is None:
            raise MissingExtraError(module, "serve", "The service")


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


def _say_where(host: str, port: int, token: str | None, *, secure: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    address = f"http{'s' if secure else ''}://{shown}:{port}"
    console().print(f"Harken serves at {address} (Ctrl-C ends it)", soft_wrap=True, markup=False)
    if token is not None:
        console().print(f"Token, made for this run: {token}", soft_wrap=True, markup=False)
        if not secure:
            console().print(
                "Without --cert and --key whoever is on the network can read it on its way."
            )
