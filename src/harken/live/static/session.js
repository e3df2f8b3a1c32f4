/** What is known of a session: what was recognised so far, and how it stands now. */

/**
 * One answer of the service; docs/stream.md tells what its fields mean.
 *
 * @typedef {{time_s: number, probability: number[], activity: string, smoothed_activity: string,
 *   unsure: boolean, warm_up: boolean}} Prediction
 */

/**
 * A stretch of one activity; `activity` is null where the model was not sure or settling.
 *
 * @typedef {{activity: string | null, fromS: number, toS: number}} Bout
 */

export class Session {
  constructor() {
    this.name = null;
    this.model = "";
    /** @type {string[]} */
    this.labels = [];
    this.hopS = 1.28;
    /** @type {Prediction[]} */
    this.predictions = [];
    /** @type {Bout[]} */
    this.bouts = [];
    this.delayS = null;
    /** @type {string[]} */
    this.notes = [];
    /** The rotation from the device's axes into the model's, once it is known. */
    this.mounting = null;
    this.label = { recording: null, subject: null, activity: null };
    this.isAway = false;
    this.isOver = false;
  }

  /** Whether the start is over: rate and mounting are known. */
  get hasBegun() {
    return this.delayS !== null;
  }

  /** @returns {Prediction | undefined} */
  get last() {
    return this.predictions.at(-1);
  }

  /** When its first answer begins, and its last one ends. */
  get spanS() {
    if (!this.predictions.length) return [0, 0];
    return [this.predictions[0].time_s - this.hopS, this.last.time_s];
  }

  /** @param {object} message of the service, of any kind */
  take(message) {
    const { type } = message;
    this.name = message.session ?? this.name;
    this.model = message.model ?? this.model;
    this.labels = message.labels ?? this.labels;
    this.hopS = message.hop_s ?? this.hopS;
    this.delayS = message.delay_s ?? this.delayS;
    this.notes = message.notes ?? this.notes;
    this.mounting = message.mounting ?? this.mounting;
    if (type === "label") this.label = message;
    else if (message.label) this.label = message.label;
    if (type === "away" || type === "back") this.isAway = type === "away";
    else this.isAway = message.is_away ?? this.isAway;
    if (type === "finished") this.isOver = true;
    for (const prediction of message.predictions ?? []) this._add(prediction);
  }

  /** For how long the activity of now has gone on, in seconds. */
  get sinceS() {
    const bout = this.bouts.at(-1);
    return bout ? bout.toS - bout.fromS : 0;
  }

  /** How long each activity took in all: seconds by label. */
  get totals() {
    const totals = new Map(this.labels.map((label) => [label, 0]));
    for (const { activity, fromS, toS } of this.bouts) {
      if (activity !== null) totals.set(activity, (totals.get(activity) ?? 0) + toS - fromS);
    }
    return totals;
  }

  /** @param {Prediction} prediction */
  confidence(prediction) {
    return prediction.probability[this.labels.indexOf(prediction.smoothed_activity)];
  }

  /** After a restart of the service some come again; those that were there first stay. */
  _add(prediction) {
    const before = this.last;
    if (before && prediction.time_s < before.time_s + this.hopS / 2) return;
    this.predictions.push(prediction);
    const isKnown = !prediction.unsure && !prediction.warm_up;
    const activity = isKnown ? prediction.smoothed_activity : null;
    const bout = this.bouts.at(-1);
    const fromS = prediction.time_s - this.hopS;
    const follows = bout && fromS - bout.toS < this.hopS / 2;
    if (follows && bout.activity === activity) bout.toS = prediction.time_s;
    else this.bouts.push({ activity, fromS: follows ? bout.toS : fromS, toS: prediction.time_s });
  }
}
