"""Which pages may talk to the service.

A browser lets any page open a WebSocket to any address, and an attacker's name may lead to
127.0.0.1 (DNS rebinding); Origin and Host tell. Programs send no Origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from harken.core.errors import FormatError

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what is bound to it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Origins:
    """The hosts by which the service may be called, and the origins of pages that may call it.

    Parameters
    ----------
    bound_to : the address that the service listens on; on a loopback address it answers only to
        this machine's own names and those of `allowed`
    allowed : further origins, as "https://har.example"

    Raises
    ------
    FormatError
        One of them is no origin.
    """

    def __init__(self, bound_to: str, allowed: Iterable[str] = ()) -> None:
        parts = {origin: urlsplit(origin) for origin in allowed}
        for origin, part in parts.items():
            if part.scheme not in ("http", "https") or not part.netloc or part.path.strip("/"):
                raise FormatError(f"{origin!r} is no origin; expected such as https://har.example.")
        self._origins = {f"{part.scheme}://{part.netloc}".lower() for part in parts.values()}
        self._hosts = {part.netloc.lower() for part in parts.values()}
        self._own_names_only = is_loopback(bound_to)

    def host_is_known(self, host: str) -> bool:
        """Whether a request's Host is the service's own."""
        if not self._own_names_only:
            return True
        name = host.lower()
        return name in self._hosts or _without_port(name) in _LOOPBACK_NAMES

    def allows(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin may send a request to this Host."""
        if origin is None or origin.lower() in self._origins:
            return True
        scheme, _, netloc = origin.lower().partition("://")
        return scheme in ("http", "https") and netloc == host.lower()


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
