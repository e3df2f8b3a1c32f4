/**
 * Times of events put right: browsers deliver some late and several at once, out of order, or twice.
 */

/** So long is waited for one that comes out of order. */
const HELD_S = 0.05;
/** Intervals between events by which the device's rate is judged. */
const JUDGED = 64;
/** A longer interval is a pause, and tells nothing of the rate. */
const PAUSE_S = 0.5;

export class Ordering {
  constructor() {
    this._held = [];
    this._last = null;
    this._intervals = [];
  }

  /** @param {number[]} row a sample, its time in seconds first */
  push(row) {
    if (Number.isFinite(row[0])) this._held.push(row);
  }

  /**
   * @param {boolean} all also those that one out of order might still precede
   * @returns {number[][]} samples whose times increase
   */
  take(all = false) {
    this._held.sort((a, b) => a[0] - b[0]);
    const until = all ? Infinity : (this._held.at(-1)?.[0] ?? 0) - HELD_S;
    const n = this._held.filter((row) => row[0] <= until).length;
    const rows = this._held.splice(0, n).filter((row, i, given) => this._isNew(row, given[i - 1]));
    if (rows.length) this._spread(rows);
    return rows;
  }

  _isNew(row, before) {
    if (this._last !== null && row[0] <= this._last) return false;
    return !before || row.some((value, i) => value !== before[i]);
  }

  /** Samples that came at once were taken one after the other, up to when they came. */
  _spread(rows) {
    const step = this._judge(rows);
    let start = 0;
    for (let i = 1; i <= rows.length; i += 1) {
      if (i < rows.length && rows[i][0] - rows[i - 1][0] < step / 2) continue;
      const before = start > 0 ? rows[start - 1][0] : this._last;
      const [end, count] = [rows[i - 1][0], i - start];
      const space = before === null ? step : Math.min(step, (end - before) / count);
      for (let k = start; k < i; k += 1) rows[k][0] = end - (i - 1 - k) * space;
      start = i;
    }
    this._last = rows.at(-1)[0];
  }

  /** @returns {number} seconds from one of the device's samples to the next, about */
  _judge(rows) {
    const times = [this._last, ...rows.map((row) => row[0])].filter((s) => s !== null);
    const intervals = times.slice(1).map((s, i) => s - times[i]);
    this._intervals.push(...intervals.filter((s) => s <= PAUSE_S));
    this._intervals.splice(0, this._intervals.length - JUDGED);
    const spanS = this._intervals.reduce((sum, s) => sum + s, 0);
    return Math.min(0.1, Math.max(0.005, spanS / Math.max(1, this._intervals.length)));
  }
}
