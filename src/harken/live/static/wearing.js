/**
 * The device that is worn: from the tap on Start to standing still, with samples on their way.
 */

import { SampleBuffer } from "./buffer.js";
import { DeviceStream } from "./device.js";
import { Motion } from "./motion.js";
import { beep } from "./sound.js";

const element = (id) => document.getElementById(id);
const TICK_MS = 100;
/** Seconds in which the phone is put where it is worn. */
const PUT_AWAY_S = 10;
/** Seconds of standing still that the service asks for. */
const STILL_S = 3;
/** Without a sample for so long something is in the way. */
const NO_MOTION_MS = 3000;

/**
 * What the device tells.
 *
 * @typedef {object} Listener
 * @property {(message: object) => void} told as of `DeviceStream`
 * @property {(problem: Error | null) => void} connected likewise
 * @property {(problem: Error) => void} refused likewise
 * @property {(rows: number[][]) => void} moved new samples
 * @property {(isMissing: boolean) => void} still no sample has come for a while, or they do again
 * @property {() => void} begins the samples go to the service from now on
 */

export class Wearing {
  /**
   * @param {import("./session.js").Session} session
   * @param {{model: string, withoutGyroscope: string | null, placement: string, mounting: string,
   *   sounds: boolean}} chosen
   * @param {Listener} listener
   * @param {string | null} known a stream that goes on
   */
  constructor(session, chosen, listener, known = null) {
    this._session = session;
    this._chosen = chosen;
    this._listener = listener;
    this._known = known;
    this._motion = new Motion();
    this._buffer = new SampleBuffer();
    this._stream = null;
    this._movedMs = performance.now();
    this._stillFromS = null;
    this._said = "";
  }

  /** Seconds of samples that the service has not taken yet. */
  get waitingS() {
    return this._stream?.waitingS ?? 0;
  }

  /** Listen, and begin: at once with a stream that goes on, else when the phone was put away. */
  start() {
    this._motion.listen();
    this._timer = setInterval(() => this._tick(), TICK_MS);
    if (this._known !== null) this.begin();
    else this._putAwayMs = performance.now() + PUT_AWAY_S * 1000;
  }

  /** Send from here on. */
  begin() {
    if (this._stream) return;
    this._motion.take(true);
    this._movedMs = performance.now();
    this._stream = new DeviceStream(
      this._buffer,
      {
        told: (message) => this._told(message),
        connected: this._listener.connected,
        refused: this._listener.refused,
        settings: () => this._settings(),
      },
      this._known,
    );
    this._stream.start();
    if (this._chosen.sounds && this._known === null) beep([440]);
    this._listener.begins();
  }

  say(message) {
    this._stream?.say(message);
  }

  /** End the session; the service's last answers still come. */
  finish() {
    this._motion.stop();
    this._take(true);
    clearInterval(this._timer);
    this._stream?.say({ type: "finish" });
  }

  /** Let go of everything. */
  close() {
    this._motion.stop();
    clearInterval(this._timer);
    this._stream?.close();
  }

  /** What is to be done now, and for how many seconds; null once the start is over. */
  get step() {
    if (this._stream === null) {
      const leftS = Math.max(0, (this._putAwayMs - performance.now()) / 1000);
      return { name: "put-away", leftS, ofS: PUT_AWAY_S };
    }
    if (this._session.hasBegun || this._session.isOver) return null;
    const newestS = this._newestS ?? this._stillFromS ?? 0;
    const leftS = Math.max(0, STILL_S - (newestS - (this._stillFromS ?? newestS)));
    return { name: "still", leftS, ofS: STILL_S };
  }

  _settings() {
    const { model, withoutGyroscope, placement, mounting } = this._chosen;
    const lacksGyroscope = this._motion.hasGyroscope === false && withoutGyroscope !== null;
    return {
      model: lacksGyroscope ? withoutGyroscope : model,
      placement,
      // A service that was started anew need not ask to stand still again.
      mounting: this._session.mounting ?? mounting,
    };
  }

  _tick() {
    if (this._stream === null && performance.now() >= this._putAwayMs) this.begin();
    if (this._stream !== null) this._take(false);
    this._listener.still(performance.now() - this._movedMs > NO_MOTION_MS);
  }

  _take(all) {
    const rows = this._motion.take(all);
    if (!rows.length) return;
    this._movedMs = performance.now();
    this._stillFromS ??= rows[0][0];
    this._newestS = rows.at(-1)[0];
    this._buffer.push(rows);
    this._listener.moved(rows);
  }

  _told(message) {
    const { hasBegun } = this._session;
    // The wearer moved: what comes next is taken for the start.
    if (message.type === "error" && !hasBegun) {
      this._stillFromS = null;
      if (this._chosen.sounds) beep([300, 220]);
    }
    this._listener.told(message);
    if (!hasBegun && this._session.hasBegun && this._chosen.sounds) beep([660, 880]);
  }
}

/** Show a step of the start. */
export function showStep(step, trouble) {
  const isStill = step.name === "still";
  const title = isStill ? "Stand still" : "Put the phone where you wear it";
  if (element("prepare-title").textContent !== title) element("prepare-title").textContent = title;
  element("ready").hidden = isStill;
  element("countdown").textContent = String(Math.ceil(step.leftS));
  element("ring").style.strokeDashoffset = String(100 * (1 - step.leftS / step.ofS));
  element("prepare-hint").textContent = isStill
    ? trouble || "These three seconds tell which way is up."
    : "Then stand still. It counts down by itself.";
}
