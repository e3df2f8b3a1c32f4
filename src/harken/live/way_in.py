"""How one comes to the page: by which address, with which certificate and which token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from harken.live.addresses import lan_addresses, names
from harken.live.certificate import fingerprint, kept_certificate
from harken.live.token import kept_token
from harken.serve.keys import Client, KeyRing
from harken.serve.limits import Limits
from harken.serve.origins import is_loopback
from harken.serve.server import address

_ANYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class WayIn:
    """How one comes to the page.

    Attributes
    ----------
    token : that requests must bring; None where only this machine can come
    cert, key : files of the certificate; None where the page comes by plain HTTP
    fingerprint : of a certificate that was made here, which browsers warn of
    """

    token: str | None
    cert: Path | None
    key: Path | None
    fingerprint: str | None
    _host: str
    _outer: str | None
    _origin: str | None

    def keys(self, limits: Limits) -> tuple[KeyRing, Client]:
        """Who may use the service: one client, who all are that come this way."""
        ring = KeyRing.open(limits) if self.token is None else KeyRing.of_token(self.token, limits)
        client = ring.whose(self.token)
        assert client is not None
        return ring, client

    def for_this_machine(self, port: int) -> str:
        """Where a browser on this machine opens the page."""
        host = "localhost" if self._host in (*_ANYWHERE, "127.0.0.1", "::1") else self._host
        return self._with_token(self._address(host, port))

    def for_phones(self, port: int) -> str | None:
        """Where a phone opens it; None where none can."""
        if self._origin is not None:
            return self._with_token(self._origin)
        return None if self._outer is None else self._with_token(self._address(self._outer, port))

    def _address(self, host: str, port: int) -> str:
        return address("http" if self.cert is None else "https", host, port)

    def _with_token(self, origin: str) -> str:
        # What follows "#" is never sent, so that no log holds it.
        return f"{origin}/" if self.token is None else f"{origin}/#token={self.token}"


def way_in(
    host: str,
    origins: Sequence[str],
    cert: Path | None,
    key: Path | None,
    *,
    new_token: bool = False,
) -> WayIn:
    """Settle the way in; what is made for it is kept in the user's folder for settings.

    Parameters
    ----------
    host : that the service listens on
    origins : by which a proxy calls it, if there is one; the first is what phones are told
    cert, key : of the user's own
    new_token : make another token than the one that is kept

    Raises
    ------
    InputError
        What must be kept cannot be.
    """
    folder = platformdirs.user_config_path("harken") / "live"
    for_all = not is_loopback(host)
    token = kept_token(folder, anew=new_token) if for_all or origins else None
    outer = None
    mark = None
    if for_all:
        addresses = lan_addresses() if host in _ANYWHERE else [host]
        outer = addresses[0] if addresses else None
        if cert is None:
            cert, key = kept_certificate(folder, {*names(), *addresses, "127.0.0.1"})
            mark = fingerprint(cert)
    origin = origins[0].rstrip("/") if origins else None
    return WayIn(token, cert, key, mark, host, outer, origin)
