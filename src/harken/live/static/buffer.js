/** The last samples, each with its number, so that a lost connection loses none. */

/** Rows of samples: time in seconds, three of g, three of rad/s. */
export class SampleBuffer {
  /** @param {number} keptS how much of the past is kept, by the samples' own times */
  constructor(keptS = 60) {
    this.keptS = keptS;
    /** The number of the oldest sample that is kept. */
    this.first = 0;
    this._rows = [];
  }

  /** The number that the next sample will have: so many came in all. */
  get end() {
    return this.first + this._rows.length;
  }

  /** @param {number[][]} rows in order of time */
  push(rows) {
    this._rows.push(...rows);
    if (!this._rows.length) return;
    const oldestS = this._rows.at(-1)[0] - this.keptS;
    let old = 0;
    while (this._rows[old][0] < oldestS) old += 1;
    this._rows.splice(0, old);
    this.first += old;
  }

  /** How many seconds lie between a sample and the newest. */
  secondsSince(number) {
    const row = this._rows[Math.max(0, number - this.first)];
    return row ? this._rows.at(-1)[0] - row[0] : 0;
  }

  /**
   * Samples as the service reads them: float64 with the lowest byte first.
   *
   * @param {number} from
   * @param {number} to numbers of the first sample, and of the one after the last
   * @param {number} width columns of a row that are wanted
   * @returns {ArrayBuffer}
   */
  pack(from, to, width) {
    const rows = this._rows.slice(from - this.first, to - this.first);
    const view = new DataView(new ArrayBuffer(rows.length * width * 8));
    rows.forEach((row, i) => {
      for (let j = 0; j < width; j += 1) view.setFloat64(8 * (i * width + j), row[j], true);
    });
    return view.buffer;
  }
}
