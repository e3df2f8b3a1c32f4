"""By which names and addresses other machines reach this one."""

from __future__ import annotations

import ipaddress
import socket

#: An address that is kept for documentation (RFC 5737): nothing is sent to it.
_ELSEWHERE = ("192.0.2.1", 9)


def lan_addresses() -> list[str]:
    """IPv4 addresses of this machine in its networks; first the one that leads out."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # which only picks the way that a packet would take
            found.append(probe.getsockname()[0])
        except OSError:
            pass  # no network leads out
    try:
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            found.append(address[0])
    except OSError:
        pass  # its own name is not known
    usable = (text for text in found if not ipaddress.ip_address(text).is_loopback)
    return list(dict.fromkeys(usable))


def names() -> list[str]:
    """Names of this machine, as others may call it."""
    name = socket.gethostname().lower()
    local = name if name.endswith(".local") else f"{name.partition('.')[0]}.local"
    return list(dict.fromkeys(text for text in ("localhost", name, local) if _is_host(text)))


def _is_host(text: str) -> bool:
    """Whether it can stand in a certificate."""
    return text.isascii() and 0 < len(text) <= 64 and not text.startswith(".")
