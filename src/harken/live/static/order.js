/**
 * Times of events put right: browsers deliver some late and several at once, out of order, or twice.
 */

/** So long is waited for one that comes out of order. */
const HELD_S = 0.05;
/** Events by which the device's rate is judged. */
const JUDGED = 64;

export class Ordering {
  constructor() {
    this._held = [];
    this._last = null;
    this._times = [];
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
    this._times.push(...rows.map((row) => row[0]));
    this._times.splice(0, this._times.length - JUDGED);
    const spanS = this._times.at(-1) - this._times[0];
    const step = Math.min(0.1, Math.max(0.005, spanS / Math.max(1, this._times.length - 1)));
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
}
