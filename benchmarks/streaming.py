"""Streams and long recordings: cost, memory, and whether they meet goals.

    python -m benchmarks.streaming

The signal path alone, with six channels, jittered times and both sensors on clocks of their own;
and `harken.Stream`, network included. Needs no archives.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harken.core.peak_memory import peak_mb
from harken.core.recording import Recording, Sensor
from harken.inference.predictor import Predictor
from harken.inference.stream import Stream
from harken.model import pretrained
from harken.signal.path import SignalPath, filter_recording
from harken.signal.windows import WindowSpec, cut

RATES_HZ = (50, 100)
HOUR_S = 3600
STREAMED = (pretrained.STREAM, pretrained.DEFAULT)
#: The goals.
MOST_US_A_SAMPLE = 20.0
MOST_US_RECOGNISED = 40.0
MOST_S_AN_HOUR = {50: 0.1, 100: 0.2}
MOST_DAY_MB = 1500.0
MOST_GROWTH_MB = 5.0


def sensors(rate_hz: int, duration_s: float, *, jitter: float = 0.2) -> tuple[Sensor, Sensor]:
    """Acceleration and angular velocity, made with little memory beyond the result."""
    rng = np.random.default_rng(0)
    n = int(duration_s * rate_hz)
    values = rng.standard_normal((n, 6))
    values *= 0.3
    values[:, 0] += 1
    acc_s, gyro_s = (clock(rng, n, rate_hz, jitter) for _ in range(2))
    return Sensor(acc_s, values[:, :3]), Sensor(gyro_s, values[:, 3:])


def clock(rng: np.random.Generator, n: int, rate_hz: int, jitter: float) -> NDArray[np.float64]:
    """Times of n samples, each off by at most `jitter` of a step."""
    time_s = rng.uniform(-jitter, jitter, n)
    time_s += np.arange(n)
    time_s /= rate_hz
    return time_s


def path_at(rate_hz: int) -> SignalPath:
    return SignalPath(acc_rate_hz=rate_hz, gyro_rate_hz=rate_hz, origin_s=0.0)


def push_in_messages(
    path: SignalPath, acc: Sensor, gyro: Sensor, n_message: int, offset_s: float = 0.0
) -> None:
    """Push all samples, a message at a time; what comes out is dropped."""
    for first in range(0, len(acc), n_message):
        part = slice(first, first + n_message)
        path.push(
            Sensor(acc.time_s[part] + offset_s, acc.values[part]),
            Sensor(gyro.time_s[part] + offset_s, gyro.values[part]),
        )


def verdict(found: float, most: float) -> str:
    return "met" if found < most else "MISSED"


def fastest_s(work: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of this process in the fastest of some rounds, the first of which does not count."""
    seconds = []
    for _ in range(rounds + 1):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds[1:])


def cost_of_a_stream() -> None:
    print("\nA stream in messages of 100 ms")
    for rate_hz in RATES_HZ:
        acc, gyro = sensors(rate_hz, 120)
        used_s = fastest_s(
            lambda r=rate_hz, a=acc, g=gyro: push_in_messages(path_at(r), a, g, r // 10)
        )
        us = 1e6 * used_s / len(acc)
        print(
            f"  {rate_hz:>3} Hz{us:>10.1f} µs a sample of 6 channels"
            f"   (goal < {MOST_US_A_SAMPLE:g}: {verdict(us, MOST_US_A_SAMPLE)})",
            flush=True,
        )


def recognise_in_messages(
    stream: Stream, acc: Sensor, gyro: Sensor, n_message: int, offset_s: float = 0.0
) -> int:
    """Push all samples, a message at a time; how many answers came."""
    n_answers = 0
    for first in range(0, len(acc), n_message):
        part = slice(first, first + n_message)
        n_answers += len(
            stream.push(acc.time_s[part] + offset_s, acc.values[part], gyro.values[part])
        )
    return n_answers


def cost_of_recognition() -> None:
    print("\nRecognised in messages of 100 ms, the processor's time")
    for model in STREAMED:
        predictor = Predictor(model)
        for rate_hz in RATES_HZ:
            acc, gyro = sensors(rate_hz, 120)

            used_s = fastest_s(
                lambda p=predictor, r=rate_hz, a=acc, g=gyro: recognise_in_messages(
                    Stream(p, mounting="as-worn", rate_hz=r), a, g, r // 10
                )
            )
            us = 1e6 * used_s / len(acc)
            print(
                f"  {model:<18} {rate_hz:>3} Hz{us:>10.1f} µs a sample"
                f"   (goal < {MOST_US_RECOGNISED:g}: {verdict(us, MOST_US_RECOGNISED)})",
                flush=True,
            )


def cost_of_an_hour() -> None:
    print("\nAn hour at once, the processor's time")
    for rate_hz in RATES_HZ:
        recording = Recording(*sensors(rate_hz, HOUR_S))
        even = Recording(*sensors(rate_hz, HOUR_S, jitter=0.0))
        for name, one in (("even", even), ("jittered", recording)):
            used_s, most_s = fastest_s(lambda r=one: filter_recording(r)), MOST_S_AN_HOUR[rate_hz]
            goal = f"   (goal < {most_s:g}: {verdict(used_s, most_s)})" if name == "even" else ""
            print(f"  {rate_hz:>3} Hz, {name:<10}{used_s:>10.3f} s{goal}", flush=True)


def memory_of_a_stream() -> None:
    print("\nPeak memory of a process that streams in messages of 1 s")
    for rate_hz in RATES_HZ:
        found = in_a_process("stream", rate_hz)
        growth = found["day_mb"] - found["hour_mb"]
        print(
            f"  {rate_hz:>3} Hz{found['hour_mb']:>8.0f} MB after an hour"
            f"{found['day_mb']:>8.0f} MB after 24 hours"
            f"   (goal: no growth: {verdict(growth, MOST_GROWTH_MB)})",
            flush=True,
        )


def memory_of_recognition() -> None:
    print("\nPeak memory of a process that recognises in messages of 1 s at 50 Hz")
    for model in STREAMED:
        found = in_a_process(f"recognise:{model}", 50)
        growth = found["day_mb"] - found["hour_mb"]
        print(
            f"  {model:<18}{found['hour_mb']:>8.0f} MB after an hour"
            f"{found['day_mb']:>8.0f} MB after 24 hours"
            f"   (goal: no growth: {verdict(growth, MOST_GROWTH_MB)})",
            flush=True,
        )


def a_day_to_windows() -> None:
    print("\nA recording of 24 hours to windows, in a process of its own")
    for rate_hz in RATES_HZ:
        found = in_a_process("day", rate_hz)
        print(
            f"  {rate_hz:>3} Hz{found['seconds']:>8.1f} s{found['n_windows']:>9,.0f} windows"
            f"   {found['input_mb']:.0f} MB with the input, {found['peak_mb']:.0f} MB at the peak"
            f"   (goal < {MOST_DAY_MB:g}: {verdict(found['peak_mb'], MOST_DAY_MB)})",
            flush=True,
        )


def in_a_process(what: str, rate_hz: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.streaming", what, str(rate_hz)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_stream(rate_hz: int) -> dict[str, float]:
    path = path_at(rate_hz)
    acc, gyro = sensors(rate_hz, HOUR_S)
    peaks = []
    for hour in range(24):
        push_in_messages(path, acc, gyro, rate_hz, offset_s=hour * HOUR_S)
        peaks.append(peak_mb())
    return {"hour_mb": peaks[0], "day_mb": peaks[-1]}


def measure_recognition(model: str, rate_hz: int) -> dict[str, float]:
    stream = Stream(model, mounting="as-worn", rate_hz=rate_hz)
    acc, gyro = sensors(rate_hz, HOUR_S)
    peaks = []
    for hour in range(24):
        recognise_in_messages(stream, acc, gyro, rate_hz, offset_s=hour * HOUR_S)
        peaks.append(peak_mb())
    return {"hour_mb": peaks[0], "day_mb": peaks[-1]}


def measure_day(rate_hz: int) -> dict[str, float]:
    recording = Recording(*sensors(rate_hz, 24 * HOUR_S))
    input_mb, began = peak_mb(), time.perf_counter()
    windows = cut(filter_recording(recording), WindowSpec())
    return {
        "seconds": time.perf_counter() - began,
        "n_windows": len(windows),
        "input_mb": input_mb,
        "peak_mb": peak_mb(),
    }


def main() -> None:
    if sys.argv[1:]:
        what, _, model = sys.argv[1].partition(":")
        measure = {
            "stream": measure_stream,
            "recognise": partial(measure_recognition, model),
            "day": measure_day,
        }[what]
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    for part in (
        cost_of_a_stream,
        cost_of_recognition,
        cost_of_an_hour,
        memory_of_a_stream,
        memory_of_recognition,
        a_day_to_windows,
    ):
        part()


if __name__ == "__main__":
    main()
