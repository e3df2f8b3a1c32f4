"""Running the application on uvicorn."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from harken.core.errors import InputError
from harken.serve.limits import Limits
from harken.serve.protocols import protocols

#: Open files besides the connections: models, logs, the worker's pipes.
_OTHER_FILES = 64
#: Connections that may wait to be taken.
_BACKLOG = 1024


def server(
    app: ASGIApp,
    limits: Limits,
    *,
    ending: Callable[[], None],
    cert: str | Path | None = None,
    key: str | Path | None = None,
) -> uvicorn.Server:
    """A server of an application; `server.run(sockets=[listen(...)])` runs it until Ctrl-C.

    Parameters
    ----------
    ending : called when it begins to end, so that answers without end come to one
    cert, key : certificate chain and private key in PEM, for HTTPS

    Raises
    ------
    InputError
        They are no certificate and key.
    """
    _allow_open_files(limits.connections + _OTHER_FILES)
    http, websocket = protocols(limits)
    config = uvicorn.Config(
        app,
        http=http,
        ws=websocket,
        log_config=None,
        access_log=False,
        server_header=False,
        # Headers of a proxy are not believed: no decision here rests on them.
        proxy_headers=False,
        ssl_certfile=cert,
        ssl_keyfile=key,
        ws_max_size=limits.message_bytes,
        # A small message could unfold to a large one.
        ws_per_message_deflate=False,
        timeout_keep_alive=int(limits.keep_alive_s),
        timeout_graceful_shutdown=5,
        backlog=_BACKLOG,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # of the ssl module
        raise InputError(
            f"{cert} and {key} are no certificate and key that can be used: {error}."
        ) from None
    return _Server(config, ending)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Parameters
    ----------
    host : an address of this machine
    port : 0 takes a free one

    Raises
    ------
    InputError
        The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's waiting off where it sees that it is TCP; else an answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # So that a service that was killed can come back at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(
            f"The service cannot listen on {host} port {port}: {error.strerror}. Choose another "
            "with --host and --port; --port 0 takes a free one."
        ) from None
    return listener


def address(scheme: str, host: str, port: int) -> str:
    """An address as browsers take it."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _allow_open_files(n: int) -> None:
    """Let this process have so many files open, as far as it may."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n if hard == resource.RLIM_INFINITY else min(n, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
