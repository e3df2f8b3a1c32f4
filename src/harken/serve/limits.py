"""What one client may ask of the service, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a service; each has a margin over what honest use needs.

    Attributes
    ----------
    connections : open at once; those beyond are told to come back later
    header_s : seconds until a connection's request must have come
    body_s : seconds until its body must have come
    send_s : seconds for which an answer may wait for a client that does not read it
    keep_alive_s : seconds for which a connection may lie idle between two requests
    json_bytes, body_bytes, upload_bytes : largest body that is JSON, float32 windows, a recording
    windows : most in one request
    waiting_windows : most that wait for the network; requests beyond are told to come back later
    upload_s, upload_memory_bytes : what reading and recognising one recording may take
    waiting_uploads : most recordings that wait for their turn
    requests_per_s, burst : of each key, over time and at once
    sessions, sessions_per_key : open streams, of all and of each key
    lag_s : no further stream begins while the service is so far behind
    message_bytes : largest message of a stream: a minute at 100 Hz has 336 kB
    idle_s : seconds until a stream without messages is closed
    away_s : seconds for which a stream that is kept waits for its device
    samples_per_s, samples_burst : of each stream, over time and at once, as after a reconnect
    """

    connections: int = 4000
    header_s: float = 10.0
    body_s: float = 30.0
    send_s: float = 10.0
    keep_alive_s: float = 30.0
    json_bytes: int = 4 * 2**20
    body_bytes: int = 8 * 2**20
    upload_bytes: int = 64 * 2**20
    windows: int = 2048
    waiting_windows: int = 8192
    upload_s: float = 60.0
    upload_memory_bytes: int = 2 * 2**30
    waiting_uploads: int = 16
    requests_per_s: float = 2000.0
    burst: int = 4000
    sessions: int = 500
    sessions_per_key: int = 500
    lag_s: float = 0.5
    message_bytes: int = 512 * 2**10
    idle_s: float = 60.0
    away_s: float = 600.0
    samples_per_s: float = 500.0
    samples_burst: int = 30_000
