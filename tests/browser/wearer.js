/**
 * Stands in for a phone's sensors: devicemotion and deviceorientation events made from a recording,
 * as coarse as browsers give them. Defines `wearer` in a page.
 *
 * Times of events lie as far apart as the recording's samples, however fast these are played: an
 * event's timeStamp cannot be given, so it is defined on each event.
 */
globalThis.wearer = {
  /** 1, or -1 for a device with the other sign of gravity, as iOS has it. */
  sign: 1,
  orients: true,
  /** So far this device's clock is ahead: samples that are played fast run away from it. */
  aheadMs: 0,

  /** What the next event looks like, where a test wants another. */
  bend: (event) => [event],

  /**
   * @param {number[][]} rows seconds, three of g, three of rad/s
   * @param {number} speed times as fast as they were recorded
   */
  async play(rows, speed) {
    this.originMs ??= performance.now() + this.aheadMs - 1000 * rows[0][0];
    const [startMs, startS] = [performance.now(), rows[0][0]];
    for (let i = 0; i < rows.length; ) {
      const untilS = startS + ((performance.now() - startMs) / 1000) * speed;
      for (; i < rows.length && rows[i][0] <= untilS; i += 1) this.move(rows[i]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },

  move([s, ...values]) {
    const acc = values.slice(0, 3).map((g) => this.sign * round(9.80665 * g));
    const turn = values.slice(3).map((rate) => round((180 / Math.PI) * rate));
    if (this.orients) dispatchEvent(orientation(values));
    const event = {
      timeStamp: this.originMs + 1000 * s,
      accelerationIncludingGravity: { x: acc[0], y: acc[1], z: acc[2] },
      rotationRate: { alpha: turn[0], beta: turn[1], gamma: turn[2] },
    };
    for (const { timeStamp, ...rest } of this.bend(event)) {
      const made = new DeviceMotionEvent("devicemotion", { interval: 20, ...rest });
      Object.defineProperty(made, "timeStamp", { value: timeStamp });
      dispatchEvent(made);
    }
  },
};

function round(value) {
  return Math.round(10 * value) / 10;
}

/** By the W3C's text, whatever the sign of the acceleration. */
function orientation([x, y, z]) {
  const gamma = Math.atan2(-x, Math.abs(z)) * Math.sign(z || 1);
  const beta = Math.atan2(y, z / Math.cos(gamma));
  const degrees = (angle) => (180 / Math.PI) * angle;
  return new DeviceOrientationEvent("deviceorientation", {
    alpha: 0,
    beta: degrees(beta),
    gamma: degrees(gamma),
  });
}
