"""Modules of the page that only compute, in the browser for which they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from .conftest import Live, Tab


@pytest.fixture(scope="module")
def page(live: Live, chromium: Any) -> Iterator[Any]:
    context = chromium.new_context()
    tab = Tab(context.new_page())
    tab.page.goto(live.url)
    tab.ready()
    yield tab.page
    context.close()


ORDERED = """
async ([events, ends]) => {
  const { Ordering } = await import("/static/order.js");
  const ordering = new Ordering();
  const out = [];
  events.forEach((row, i) => {
    ordering.push(row);
    if (ends.includes(i)) out.push(...ordering.take());
  });
  return [...out, ...ordering.take(true)];
}
"""


def ordered(page: Any, times: list[float], ends: list[int]) -> Any:
    """Times and numbers of events as they are put right; a handful ends at each of `ends`."""
    return np.array(page.evaluate(ORDERED, [[[t, i] for i, t in enumerate(times)], ends]))


def test_events_out_of_order_are_put_in_order(page: Any) -> None:
    times = [0.02 * i for i in range(100)]
    times[40], times[41] = times[41], times[40]
    found = ordered(page, times, [41, 70])
    assert found[:, 1].tolist() == [*range(40), 41, 40, *range(42, 100)]
    np.testing.assert_allclose(found[:, 0], np.arange(100) * 0.02, atol=1e-9)


def test_events_that_come_twice_or_too_late_are_left_out(page: Any) -> None:
    rows = [[0.02 * i, i] for i in range(50)]
    twice = [*rows[:30], rows[29], *rows[30:], [0.1, 99]]
    found = np.array(page.evaluate(ORDERED, [twice, [20, 45]]))
    assert found[:, 1].tolist() == list(range(50))


def test_events_that_come_at_once_are_spread_over_the_pause_before(page: Any) -> None:
    """A page that was busy for 0.3 s gets 15 events at its end."""
    times = [0.02 * i for i in range(100)]
    late = [*times[:50], *[times[64]] * 15, *times[65:]]
    found = ordered(page, late, list(range(0, 100, 5)))
    assert found[:, 1].tolist() == list(range(100))
    np.testing.assert_allclose(found[:, 0], times, atol=0.011)
    assert np.diff(found[:, 0]).min() > 0


@pytest.mark.parametrize("pause_s", [0.3, 2.0, 60.0])
@pytest.mark.parametrize("handful", [5, 30, 100])
def test_after_a_pause_samples_keep_their_times(page: Any, pause_s: float, handful: int) -> None:
    """They are not spread over it: a phone that was put away gave no samples then."""
    times = [*(0.02 * i for i in range(100)), *(2.0 + pause_s + 0.02 * i for i in range(150))]
    found = ordered(page, times, [*range(4, 100, 5), *range(99 + handful, 250, handful)])
    assert found[:, 1].tolist() == list(range(250))
    np.testing.assert_allclose(found[:, 0], times, atol=1e-9)


def test_coarse_clocks_are_made_fine(page: Any) -> None:
    """As of browsers that count in tenths of a second."""
    times = np.arange(200) / 60
    coarse = (np.ceil(times * 10) / 10).tolist()
    found = ordered(page, coarse, list(range(5, 200, 6)))
    assert len(found) == 200
    assert np.diff(found[:, 0]).min() > 0.002
    assert np.abs(found[:, 0] - times)[70:].max() < 0.11


MOTION = """
async ([sign, orients, isApple]) => {
  const vendor = isApple ? "Apple Computer, Inc." : "Google Inc.";
  Object.defineProperty(navigator, "vendor", { value: vendor, configurable: true });
  const { Motion } = await import("/static/motion.js");
  const motion = new Motion();
  motion.listen();
  wearer.sign = sign;
  wearer.orients = orients;
  wearer.originMs = undefined;
  const rows = Array.from({ length: 120 }, (_, i) => [i / 50, 0.1, -0.2, 0.97, 0.5, -0.6, 0.7]);
  await wearer.play(rows, 1000);
  motion.stop();
  return [motion.take(true), motion.hasGyroscope];
}
"""


@pytest.mark.parametrize(
    ("sign", "orients", "is_apple"),
    [(1, True, False), (-1, True, False), (-1, True, True), (1, True, True),
     (1, False, False), (-1, False, True)],
)  # fmt: skip
def test_units_and_the_sign_of_gravity(page: Any, sign: int, orients: bool, is_apple: bool) -> None:
    rows, has_gyroscope = page.evaluate(MOTION, [sign, orients, is_apple])
    found = np.array(rows)
    assert has_gyroscope
    assert found.shape == (120, 7)
    expected = np.array([0.1, -0.2, 0.97, 0.5, -0.6, 0.7])
    # What browsers leave of it: tenths of m/s² and of degrees a second.
    coarse = np.array([0.0052] * 3 + [0.0009] * 3)
    assert (np.abs(found[:, 1:] - expected) < coarse).all()
    np.testing.assert_allclose(np.diff(found[:, 0]), 0.02, atol=1e-3)
    assert abs(found[-1, 0] - page.evaluate("Date.now() / 1000")) < 60


def test_events_without_values_are_passed_over(page: Any) -> None:
    found = page.evaluate("""async () => {
      const { Motion } = await import("/static/motion.js");
      const motion = new Motion();
      motion.listen();
      dispatchEvent(new DeviceMotionEvent("devicemotion", {}));
      const acceleration = { x: 0, y: 0, z: 9.8 };
      for (let i = 0; i < 100; i += 1) {
        dispatchEvent(new DeviceMotionEvent("devicemotion",
          { accelerationIncludingGravity: acceleration }));
      }
      return [motion.hasGyroscope, motion.take(true).length > 0];
    }""")
    assert found == [False, True]


def test_the_buffer_keeps_a_minute_and_counts_all(page: Any) -> None:
    first, end, packed, seconds = page.evaluate("""async () => {
      const { SampleBuffer } = await import("/static/buffer.js");
      const buffer = new SampleBuffer(60);
      for (let i = 0; i < 5000; i += 1) buffer.push([[i / 32, i, 0, 0, 0, 0, -i]]);
      const packed = [...new Float64Array(buffer.pack(4000, 4002, 7))];
      return [buffer.first, buffer.end, packed, buffer.secondsSince(4950)];
    }""")
    assert end == 5000
    assert first == 5000 - (60 * 32 + 1)
    assert packed == [125.0, 4000, 0, 0, 0, 0, -4000, 125.03125, 4001, 0, 0, 0, 0, -4001]
    assert seconds == 49 / 32


def test_answers_of_a_new_service_follow_those_of_the_old_one(page: Any) -> None:
    bouts, totals = page.evaluate("""async () => {
      const { Session } = await import("/static/session.js");
      const session = new Session();
      const says = (time_s, smoothed_activity, more = {}) => ({ time_s, smoothed_activity,
        probability: [0.5, 0.5], unsure: false, warm_up: false, transition: null, ...more });
      session.take({ type: "started", labels: ["a", "b"], hop_s: 1, n_samples: 0 });
      session.take({ type: "predictions", predictions:
        [says(3, "a", { warm_up: true }), says(4, "a"), says(5, "a"), says(6, "b")] });
      session.take({ type: "started", labels: ["a", "b"], hop_s: 1, n_samples: 0 });
      session.take({ type: "predictions", predictions:
        [says(4.9, "b", { warm_up: true }), says(5.9, "b"), says(6.9, "b"), says(20, "a")] });
      return [session.bouts.map(({ activity, toS }) => [activity, toS]), [...session.totals]];
    }""")
    assert bouts == [[None, 3], ["a", 5], ["b", 6.9], ["a", 20]]
    assert dict(totals) == pytest.approx({"a": 3, "b": 1.9})


def test_a_session_as_a_table(page: Any) -> None:
    text = page.evaluate("""async () => {
      const { Session } = await import("/static/session.js");
      const { sessionCsv } = await import("/static/csv.js");
      const session = new Session();
      const said = { time_s: 1.6e9, probability: [0.25, 0.75], activity: "b",
        smoothed_activity: 'a,"', unsure: true, warm_up: false, transition: null };
      session.take({ type: "started", labels: ['a,"', "b"], hop_s: 1, n_samples: 0 });
      session.take({ type: "predictions", predictions: [said, { ...said, time_s: 1.6e9 + 1 }] });
      return sessionCsv(session);
    }""")
    assert text.split("\r\n") == [
        'time_utc,time_s,activity,confidence,not_sure,settling,"probability_a,""",probability_b',
        '2020-09-13T12:26:40.000Z,1600000000.000,"a,""",0.2500,true,false,0.2500,0.7500',
        '2020-09-13T12:26:41.000Z,1600000001.000,"a,""",0.2500,true,false,0.2500,0.7500',
        "",
    ]
