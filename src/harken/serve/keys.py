"""API keys: who may use the service, and how much.

A key file is TOML with a table for each client. It holds no key, only its SHA-256; keys are random,
so that no slow hash is needed::

    [alice]
    key_sha256 = "9f86d08..."
    requests_per_s = 50         # these two and sessions may be left out
    burst = 100
    sessions = 5
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harken.core.errors import FormatError
from harken.core.json_fields import JsonFields
from harken.serve.buckets import Bucket
from harken.serve.limits import Limits

#: A file of keys is not larger.
_MOST_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Client:
    """Whoever holds a key.

    Attributes
    ----------
    name : for logs and metrics
    requests : its bucket of requests
    most_sessions : streams that it may have open at once
    n_sessions : streams that it has open
    """

    def __init__(self, name: str, requests: Bucket, most_sessions: int) -> None:
        self.name = name
        self.requests = requests
        self.most_sessions = most_sessions
        self.n_sessions = 0


class KeyRing:
    """The clients of a service by the hashes of their keys.

    Parameters
    ----------
    clients : pairs of a key's SHA-256 and its client
    anyone : stands for everybody, where no key is asked for
    """

    def __init__(
        self, clients: Iterable[tuple[str, Client]] = (), *, anyone: Client | None = None
    ) -> None:
        self._clients = dict(clients)
        self._anyone = anyone

    @classmethod
    def open(cls, limits: Limits) -> KeyRing:
        """Everybody may use the service, as one client."""
        return cls(anyone=_client("anyone", limits))

    @classmethod
    def of_token(cls, token: str, limits: Limits) -> KeyRing:
        """Whoever has this one key."""
        return cls([(_hash(token), _client("token", limits))])

    @classmethod
    def read(cls, path: str | Path, limits: Limits) -> KeyRing:
        """The clients of a key file.

        Raises
        ------
        FormatError
            There is no such file, or it is no key file.
        """
        try:
            return cls(_clients(_toml(Path(path)), limits))
        except ValueError as error:
            raise FormatError(
                f"{path} is no key file: {error}. `harken serve --new-key NAME` makes what belongs "
                "into one."
            ) from None

    def whose(self, key: str | None) -> Client | None:
        """The client of a key; None where it is none's."""
        if self._anyone is not None:
            return self._anyone
        # Looked up by hash: how long that takes tells nothing of any key.
        return None if key is None else self._clients.get(_hash(key))


def new_key() -> str:
    """256 random bits, of letters that headers and addresses can carry."""
    return secrets.token_urlsafe(32)


def key_file_entry(name: str, key: str) -> str:
    """What a key file says of a new client.

    Raises
    ------
    FormatError
        It is no name of a client.
    """
    if not _NAME.fullmatch(name):
        raise FormatError(
            f"A client cannot be called {name!r}; use up to 64 letters, digits, - and _."
        )
    return f'[{name}]\nkey_sha256 = "{_hash(key)}"\n'


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _client(
    name: str,
    limits: Limits,
    per_s: float | None = None,
    burst: float | None = None,
    sessions: int | None = None,
) -> Client:
    bucket = Bucket(per_s or limits.requests_per_s, burst or limits.burst)
    return Client(name, bucket, limits.sessions_per_key if sessions is None else sessions)


def _toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FormatError(f"The key file {path} cannot be read: {error.strerror}.") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    return tomllib.loads(content.decode())


def _clients(found: dict[str, Any], limits: Limits) -> list[tuple[str, Client]]:
    pairs = []
    for name, table in found.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:50]!r} cannot be the name of a client")
        about = JsonFields(table, repr(name))
        digest = about.text("key_sha256")
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"'key_sha256' of {name!r} is not 64 hexadecimal digits")
        per_s = (
            None if about.is_absent("requests_per_s") else about.number("requests_per_s", 1e-3, 1e6)
        )
        burst = None if about.is_absent("burst") else about.whole("burst", 1, 10**6)
        sessions = None if about.is_absent("sessions") else about.whole("sessions", 0, 10**6)
        about.done()
        pairs.append((digest, _client(name, limits, per_s, burst, sessions)))
    if not pairs:
        raise ValueError("it has no clients")
    if len(dict(pairs)) < len(pairs):
        raise ValueError("two clients have the same key")
    return pairs
