/**
 * The device's side of a stream: its samples go to the service, each once and in order, whatever
 * happens to the connection or to the service.
 */

import { Connection } from "./connection.js";

const TICK_MS = 100;
/** Rows in one message: half a megabyte is the most that the service takes. */
const MOST_ROWS = 500;
/** A service that answers nothing for so long is not there any more. */
const SILENT_MS = 8000;

/**
 * What becomes of a stream.
 *
 * @typedef {object} Listener
 * @property {(message: object) => void} told a message has come
 * @property {(problem: Error | null) => void} connected null: it is; else what keeps it away
 * @property {(problem: Error) => void} refused it is over, since the service does not take it
 * @property {() => object} settings of the stream, should it have to begin
 */

export class DeviceStream {
  /**
   * @param {import("./buffer.js").SampleBuffer} buffer where samples are put
   * @param {Listener} listener
   * @param {string | null} session a stream that goes on, as after the page was loaded anew
   */
  constructor(buffer, listener, session = null) {
    this.session = session;
    this._buffer = buffer;
    this._listener = listener;
    this._width = 7;
    /** Numbers of samples: sent, answered for, and how the service's own ones differ. */
    this._sent = this._answered = 0;
    this._offset = null;
    /** What was said, after which sample; kept until it is answered. */
    this._said = [];
    /** What the service last said of the recording. */
    this._label = null;
    this._transport = null;
    this._nPredictions = 0;
    this._connection = new Connection({
      first: () => this._first(),
      begun: (answer, transport) => this._begun(answer, transport),
      told: (message) => this._told(message),
      lost: (problem) => this._lost(problem),
      refused: (problem) => this._refused(problem),
    });
  }

  start() {
    this._connection.run();
    this._timer = setInterval(() => this._pump(), TICK_MS);
  }

  /** Seconds of samples that the service has not taken yet. */
  get waitingS() {
    return this._answered < this._buffer.end ? this._buffer.secondsSince(this._answered) : 0;
  }

  /** Say something at this point of the stream: 'label', 'record' or 'finish'. */
  say(message) {
    this._said.push({ at: this._buffer.end, message, isSent: false });
    this._pump();
  }

  close() {
    clearInterval(this._timer);
    this._connection.close();
    this._transport = null;
  }

  _first() {
    if (this.session === null) return { type: "start", keep: true, ...this._listener.settings() };
    return { type: "resume", session: this.session, n_predictions: this._nPredictions };
  }

  _begun(answer, transport) {
    const goesOn = answer.type !== "started";
    const n = answer.n_samples;
    this.session = answer.session;
    this._width = answer.columns.length;
    if (!goesOn) {
      // What the service has lost, it gets again, as far back as there is any.
      if (this._label?.recording) this._recordOn(this._answered, this._label);
      this._offset = -this._buffer.first;
    } else if (this._offset === null || n - this._offset < this._buffer.first) {
      // After more than is kept, or in a page that is new, what there is follows on.
      this._offset = n - this._buffer.first;
    }
    this._sent = this._answered = n - this._offset;
    this._heardMs = performance.now();
    for (const said of this._said) said.isSent = false;
    this._transport = transport;
    this._told(answer);
    this._listener.connected(null);
    this._pump();
  }

  _told(message) {
    this._heardMs = performance.now();
    const { type, error } = message;
    const nSamples = message.n_samples ?? error?.n_samples;
    if (nSamples !== undefined) {
      this._answered = Math.max(this._answered, nSamples - this._offset);
      if (error?.code === "gap") this._sent = this._answered;
    }
    if (type === "predictions") this._nPredictions += message.predictions.length;
    else this._nPredictions = message.n_predictions ?? this._nPredictions;
    if (type === "label") this._label = message;
    else this._label = message.label ?? this._label;
    if ((type === "label" || type === "error") && this._said[0]?.isSent) this._said.shift();
    if (error?.code !== "gap") this._listener.told(message);
    this._pump();
  }

  /** Go on with a recording in a new stream, behind what the old one has of it. */
  _recordOn(at, { subject, activity }) {
    const messages = [
      { type: "record", consent: true, subject },
      { type: "label", activity },
    ];
    this._said.unshift(...messages.map((message) => ({ at, message, isSent: false })));
  }

  _lost(problem) {
    this._transport = null;
    this._listener.connected(problem);
  }

  _refused(problem) {
    this._transport = null;
    // A service that was started anew knows no session from before.
    const isNew = problem.status === 404 && this.session !== null;
    if (isNew) {
      this.session = null;
      this._nPredictions = 0;
    } else {
      this.close();
      this._listener.refused(problem);
    }
    return isNew;
  }

  _pump() {
    const transport = this._transport;
    if (!transport) return;
    const waitedMs = performance.now() - this._heardMs;
    if (this._answered < this._sent && waitedMs > SILENT_MS) {
      this._transport = null;
      this._connection.renew();
      return;
    }
    while (transport.ready) {
      const said = this._said.find(({ isSent }) => !isSent);
      if (said && said.at <= this._sent) {
        said.isSent = true;
        transport.say(said.message);
      } else if (this._sent < this._buffer.end) {
        const until = Math.min(said?.at ?? Infinity, this._buffer.end, this._sent + MOST_ROWS);
        const data = this._buffer.pack(this._sent, until, this._width);
        const from = this._sent + this._offset;
        if (this._sent === this._answered) this._heardMs = performance.now();
        this._sent = until;
        transport.samples(from, data);
      } else {
        return;
      }
    }
  }
}
