"""Requests to a service over one connection that is kept open."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from harken.core.errors import ContractError, FormatError, InputError, ServiceError

#: Errors that a service tells in the library's own words, by the code that it gives them.
_KINDS: dict[str, type[InputError]] = {"contract": ContractError, "format": FormatError}
#: What a connection that the service has closed meanwhile makes of the next request.
_STALE = (http.client.RemoteDisconnected, ConnectionError)


class Connection:
    """A service at an address. Threads may share it; their requests go one after the other.

    Parameters
    ----------
    url : such as http://127.0.0.1:8000
    key : an API key, where the service asks for one
    ca_file : certificates to trust in place of the system's, in PEM; for one that was self-made
    timeout_s : for which an answer is waited for

    Raises
    ------
    FormatError
        It is no such address.
    """

    def __init__(
        self, url: str, key: str | None, ca_file: str | Path | None, timeout_s: float
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FormatError(
                f"{url!r} is no address of a service; expected such as http://127.0.0.1:8000."
            )
        self.url = url.rstrip("/")
        self.is_secure = parts.scheme == "https"
        self.timeout_s = timeout_s
        self.tls = ssl.create_default_context(cafile=ca_file) if self.is_secure else None
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._lock = threading.Lock()
        self._http: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Any:
        """What JSON says at a path."""
        return self._json(self._request("GET", path, None, {}))

    def post(self, path: str, body: bytes, kind: str, query: dict[str, str] | None = None) -> Any:
        """What JSON is answered to a body of this type."""
        asked = f"{path}?{urlencode(query)}" if query else path
        return self._json(self._request("POST", asked, body, {"Content-Type": kind}))

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        with self._lock:
            self._drop()

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise not_understood(self.url) from None

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        with self._lock:
            fresh = self._http is None
            try:
                status, answer = self._send(method, path, body, headers)
            except _STALE as error:
                self._drop()
                if fresh:
                    raise unreachable(self.url, error) from None
                status, answer = self._once_more(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                raise unreachable(self.url, error) from None
        if status >= 400:
            raise refused(status, answer, self.url)
        return answer

    def _once_more(self, *request: Any) -> tuple[int, bytes]:
        """Over a new connection: a prediction may be asked for twice."""
        try:
            return self._send(*request)
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise unreachable(self.url, error) from None

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        if self._http is None:
            self._http = self._open()
        self._http.request(method, self._prefix + path, body, self.headers | headers)
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def _open(self) -> http.client.HTTPConnection:
        if self.tls is not None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self.timeout_s, context=self.tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout_s)

    def _drop(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None


def unreachable(url: str, error: Exception) -> ServiceError:
    """Nothing answers, or what does is no HTTP."""
    why = (error.strerror if isinstance(error, OSError) else None) or str(error) or "no answer"
    return ServiceError(f"The service at {url} cannot be reached: {why}.")


def not_understood(url: str) -> ServiceError:
    """What answers is no service of Harken's."""
    return ServiceError(
        f"The answer of {url} is not that of a service of Harken's. Is the address right?",
        code="not-understood",
    )


def refusal(about: Any, status: int, url: str) -> InputError:
    """The error that a service tells: {"code": ..., "message": ...}."""
    if not isinstance(about, dict) or not isinstance(about.get("message"), str):
        return not_understood(url)
    message, code = about["message"], str(about.get("code"))
    kind = _KINDS.get(code)
    return ServiceError(message, status, code) if kind is None else kind(message)


def refused(status: int, answer: bytes, url: str) -> InputError:
    """The error that an answer of HTTP tells."""
    try:
        about = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ServiceError(f"{url} answered with status {status}.", status, "not-understood")
    return refusal(about, status, url)
