/** From `devicemotion` events to samples as the service reads them. */

import { GravitySign } from "./gravity.js";
import { Ordering } from "./order.js";

const STANDARD_M_S2 = 9.80665;
const RADIANS = Math.PI / 180;
/** Older Safari counts milliseconds since 1970 where others count since the page was opened. */
const LEAST_EPOCH_MS = 1e12;

/** Why no motion will come here, whatever its user does; empty where it may. */
export function whyNoMotion() {
  if ("DeviceMotionEvent" in window) return "";
  return isSecureContext
    ? "This browser tells pages nothing of motion."
    : "Phones tell motion to secure pages only: open the address that begins with https.";
}

/**
 * Ask for motion and orientation, from within a tap.
 *
 * @returns {Promise<boolean>} whether motion may come
 */
export async function askPermission() {
  // Both before the first await: afterwards it would no longer count as the tap's.
  const answers = [window.DeviceMotionEvent, window.DeviceOrientationEvent].map((kind) =>
    kind?.requestPermission?.().catch(() => "denied"),
  );
  // A browser that does not ask allows it, as far as one can know.
  return (await Promise.all(answers))[0] !== "denied";
}

/** Listens to the device's sensors. */
export class Motion {
  constructor() {
    /** Whether angular velocity comes too; null until an event has come. */
    this.hasGyroscope = null;
    this._sign = new GravitySign(navigator.vendor.startsWith("Apple"));
    this._ordering = new Ordering();
    this._unsigned = [];
    this._onMotion = (event) => this._push(event);
    this._onOrientation = (event) => this._sign.orient(event.beta, event.gamma);
  }

  listen() {
    addEventListener("devicemotion", this._onMotion);
    addEventListener("deviceorientation", this._onOrientation);
  }

  stop() {
    removeEventListener("devicemotion", this._onMotion);
    removeEventListener("deviceorientation", this._onOrientation);
  }

  /**
   * @param {boolean} all also the newest few, which otherwise wait for some out of order
   * @returns {number[][]} new samples: seconds since 1970, g with gravity (+1 on z where it lies
   *   face up), rad/s; zeros where there is no gyroscope
   */
  take(all = false) {
    const { sign } = this._sign;
    if (sign === null) return [];
    for (const row of this._unsigned.splice(0)) {
      for (const i of [1, 2, 3]) row[i] *= sign;
      this._ordering.push(row);
    }
    return this._ordering.take(all);
  }

  _push({ timeStamp, accelerationIncludingGravity: acc, rotationRate: rate }) {
    const acceleration = [acc?.x, acc?.y, acc?.z];
    // A computer without sensors gives one event without values.
    if (!acceleration.every(Number.isFinite)) return;
    // By the text and in all browsers alpha is about x here, while of `deviceorientation` it is
    // about z: https://github.com/w3c/deviceorientation/issues/44
    const turning = [rate?.alpha, rate?.beta, rate?.gamma];
    this.hasGyroscope ??= turning.every(Number.isFinite);
    if (this.hasGyroscope && !turning.every(Number.isFinite)) return;
    this._sign.push(acceleration);
    const epoch = timeStamp > LEAST_EPOCH_MS ? 0 : performance.timeOrigin;
    this._unsigned.push([
      (epoch + timeStamp) / 1000,
      ...acceleration.map((value) => value / STANDARD_M_S2),
      ...turning.map((value) => (this.hasGyroscope ? value * RADIANS : 0)),
    ]);
  }
}
