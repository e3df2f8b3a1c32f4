/**
 * Which sign a device gives to gravity: by the W3C's text +z where it lies face up; some iOS
 * versions have it the other way round. The device's orientation tells.
 */

/** Summed agreement, in g, that settles it: a dozen events of a device at rest. */
const ENOUGH_G = 12;
/** After so many events without an orientation it will not come. */
const MOST_EVENTS = 90;
const STANDARD_M_S2 = 9.80665;

export class GravitySign {
  /** @param {boolean} likelyTurned what to take where nothing tells */
  constructor(likelyTurned) {
    /** 1 or -1, by which accelerations are multiplied; null until that is known. */
    this.sign = null;
    this._likely = likelyTurned ? -1 : 1;
    this._up = null;
    this._sumG = 0;
    this._events = 0;
  }

  /**
   * @param {number | null} beta
   * @param {number | null} gamma angles of `deviceorientation`, in degrees
   */
  orient(beta, gamma) {
    if (!Number.isFinite(beta) || !Number.isFinite(gamma)) return;
    const [b, c] = [(beta * Math.PI) / 180, (gamma * Math.PI) / 180];
    // The vertical in the device's axes: the last row of Rz(alpha) Rx(beta) Ry(gamma).
    this._up = [-Math.cos(b) * Math.sin(c), Math.sin(b), Math.cos(b) * Math.cos(c)];
  }

  /** @param {number[]} acceleration with gravity, in m/s², as the device gave it */
  push(acceleration) {
    if (this.sign !== null) return;
    this._events += 1;
    if (this._up) {
      const up = this._up;
      this._sumG += up.reduce((sum, u, i) => sum + u * acceleration[i], 0) / STANDARD_M_S2;
    }
    if (Math.abs(this._sumG) >= ENOUGH_G) this.sign = Math.sign(this._sumG);
    else if (this._events >= MOST_EVENTS) this.sign = Math.sign(this._sumG) || this._likely;
  }
}
