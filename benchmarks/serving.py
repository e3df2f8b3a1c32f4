"""A service under load and under abuse: figures beside their goals.

    python -m benchmarks.serving [--seconds 10] [--stream-seconds 60] [--only predict]

Starts `harken serve` as a process of its own and loads it from this one, over loopback. Windows and
samples are random numbers: what is recognised does not matter here. Needs no archives.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import load
from benchmarks.load import Times
from benchmarks.serving_streams import N_PHONES, streams
from benchmarks.streaming import verdict
from harken.serve.keys import key_file_entry, new_key

#: The goals.
MOST_P50_MS, FEWEST_WINDOWS_PER_S = 3.0, 2000.0
N_CLIENTS, N_WINDOWS = 32, 32
TOO_MUCH_BYTES = 16 * 2**20
N_CONNECTIONS = 1000
_FORM = "multipart/form-data; boundary=b"
BINARY = "application/octet-stream"


class Server:
    """`harken serve` in a process of its own, with one key that has no limit worth the name."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.key = new_key()
        keys = folder / f"{secrets.token_hex(4)}.toml"
        limits = "requests_per_s = 1000000\nburst = 1000000\nsessions = 100000\n"
        keys.write_text(key_file_entry("load", self.key) + limits)
        began = time.perf_counter()
        self.log = (folder / f"log-{secrets.token_hex(4)}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harken", "serve", "--port", str(port), "--keys", str(keys)],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.port = int(line.partition("http://127.0.0.1:")[2].split()[0])
        self.started_s = time.perf_counter() - began

    def memory_mb(self) -> float:
        """Resident memory in 10^6 bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def faults(self) -> int:
        """Lines of the log that tell of a fault of the service's own."""
        self.log.seek(0)
        return sum(
            json.loads(line)["level"] == "error" for line in self.log if line.startswith("{")
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        assert self.process.stdout is not None
        self.process.stdout.close()


def windows(n: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 128, 9)).astype("<f4")


def binary(server: Server, n: int) -> bytes:
    path = f"/v1/predict?shape={n},128,9"
    return load.request(path, windows(n).tobytes(), BINARY, server.key)


def as_json(server: Server, n: int) -> bytes:
    body = json.dumps({"x": np.round(windows(n).astype(float), 6).tolist()}).encode()
    return load.request("/v1/predict", body, "application/json", server.key)


async def many(server: Server, sent: bytes, n_clients: int, seconds: float) -> Times:
    """Some clients at once, each with one request after the other."""
    times = Times()
    until_s = time.perf_counter() + seconds
    asking = [
        load.ask_again_and_again(server.port, sent, times, until_s=until_s)
        for _ in range(n_clients)
    ]
    await asyncio.gather(*asking)
    return times


async def predictions(server: Server, seconds: float) -> None:
    print("\nPOST /v1/predict, one window, one client")
    await many(server, binary(server, 1), 1, 0.5)
    for name, sent in (("binary", binary(server, 1)), ("JSON", as_json(server, 1))):
        found = await many(server, sent, 1, seconds / 2)
        goal = f"goal < {MOST_P50_MS:g}: {verdict(found.ms(50), MOST_P50_MS)}"
        print(f"  {name:<8}{found.line()}   ({goal})", flush=True)
    print(f"\n{N_CLIENTS} clients at once, {N_WINDOWS} windows a request")
    for name, sent in (
        ("binary", binary(server, N_WINDOWS)),
        ("JSON", as_json(server, N_WINDOWS)),
    ):
        found = await many(server, sent, N_CLIENTS, seconds)
        rate = len(found.seconds) * N_WINDOWS / seconds
        goal = f"goal >= {FEWEST_WINDOWS_PER_S:g}: {_reached(rate)}" if name == "binary" else ""
        print(f"  {name:<8}{rate:>8.0f} windows/s, {found.line()}   {goal and f'({goal})'}")
    print(f"  memory of the server: {server.memory_mb():.0f} MB", flush=True)


def _reached(rate: float) -> str:
    return "met" if rate >= FEWEST_WINDOWS_PER_S else "MISSED"


async def abuse(server: Server) -> None:
    print("\nAbuse, beside somebody who asks of one window 50 times a second")
    sent = binary(server, 1)
    async with load.bystander(server.port, sent) as alone:
        await asyncio.sleep(3)
    print(f"  {'nobody else':<34}bystander: {alone.line()}", flush=True)
    port, key = server.port, server.key
    head = f"Host: {load.HOST}\r\nAuthorization: Bearer {key}\r\n\r\n"
    unread = f"GET /v1/models/pretrained HTTP/1.1\r\n{head}".encode()
    rng = np.random.default_rng(0)
    upgrade = (
        "GET /v1/stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{head}"
    ).encode()
    garbage = [start + rng.bytes(5000) for start in (b"", upgrade) for _ in range(100)]
    for name, doing in (
        ("clients that never read", _all(load.never_read(port, unread, 15) for _ in range(5))),
        (
            "16 MiB, told or in chunks",
            _all(
                load.send_too_much(port, key, TOO_MUCH_BYTES, chunked=i % 2 > 0) for i in range(20)
            ),
        ),
        ("garbage, also over WebSocket", _all(load.send_garbage(port, data) for data in garbage)),
        (f"{N_CONNECTIONS} connections at once", load.hold_connections(port, N_CONNECTIONS, 5)),
    ):
        async with load.bystander(port, sent) as times:
            found = await doing
            await asyncio.sleep(0.5)
        print(f"  {name:<34}bystander: {times.line()}", flush=True)
        print(f"  {'':<34}{_told(found)}; memory {server.memory_mb():.0f} MB", flush=True)
    print(f"  faults of the service in its log: {server.faults()}")


async def _all(doing: object) -> list[object]:
    found: list[object] = await asyncio.gather(*doing)  # type: ignore[call-overload]
    return found


def _told(found: object) -> str:
    """What came of it, each thing with how often."""
    things = found if isinstance(found, list) else [f"{found} opened"]
    said = [
        (thing.decode(errors="replace").strip() or "closed") if isinstance(thing, bytes) else thing
        for thing in things
    ]
    return ", ".join(f"{said.count(thing)} x {thing}" for thing in sorted(set(said), key=str))


async def killed(server: Server, folder: Path) -> Server:
    """Kill -9 in the midst of requests; how long until a new one answers."""
    print("\nkill -9 in mid-session, and a new start on the same port")
    pid = server.process.pid
    table = b"time_s,ax,ay,az\n" + b"0,1,0,0\n" * 300_000
    upload = load.request("/v1/predict", _form(table), _FORM, server.key)
    asking = asyncio.create_task(load.Client(server.port).ask(upload))
    await asyncio.sleep(0.7)
    server.kill()
    asking.cancel()
    again = Server(folder, server.port)
    client = load.Client(again.port)
    status, _ = await client.ask(binary(again, 1))
    await client.ask(load.request("/v1/predict", _form(b"x"), _FORM, again.key))
    client.close()
    left = list(Path(tempfile.gettempdir()).glob(f"harken-serve-{pid}-*"))
    print(f"  answers {status} after {again.started_s:.1f} s; uploads left behind: {len(left)}")
    return again


def _form(content: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n"


async def run(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder)
        print(f"Server started in {server.started_s:.1f} s, {server.memory_mb():.0f} MB")
        if arguments.only in (None, "predict"):
            await predictions(server, arguments.seconds)
        if arguments.only in (None, "streams"):
            await streams(server, arguments.phones, 60 * arguments.minutes)
        if arguments.only in (None, "abuse"):
            await abuse(server)
            server = await killed(server, folder)
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--minutes", type=float, default=1, help="how long phones stream")
    parser.add_argument("--phones", type=int, default=N_PHONES)
    parser.add_argument("--only", choices=["predict", "streams", "abuse"])
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
