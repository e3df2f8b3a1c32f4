/** The device that is worn: from the tap on Start to standing still, with samples on their way. */

import { SampleBuffer } from "./buffer.js";
import { DeviceStream } from "./device.js";
import { Motion } from "./motion.js";
import { element, say } from "./screen.js";
import { beep } from "./sound.js";

const TICK_MS = 100;
/** Seconds in which the phone is put where it is worn. */
const PUT_AWAY_S = 10;
/** Seconds of standing still that the service asks for. */
const STILL_S = 3;
/** Without a sample for so long something is in the way. */
const NO_MOTION_MS = 3000;
/** So long the service has for its last answers. */
const LAST_MS = 3000;

/**
 * What the device tells, beside what `DeviceStream` does.
 *
 * @typedef {object} Listener
 * @property {(rows: number[][]) => void} moved new samples
 * @property {(isMoving: boolean) => void} ticked ten times a second; whether samples come
 */

export class Wearing {
  /**
   * @param {import("./session.js").Session} session
   * @param {import("./choices.js").Chosen} chosen
   * @param {Listener & import("./device.js").Listener} listener
   * @param {string | null} known a stream that goes on
   */
  constructor(session, chosen, listener, known) {
    this._session = session;
    this._chosen = chosen;
    this._listener = listener;
    this._known = known;
    this._motion = new Motion();
    this._buffer = new SampleBuffer();
    this._stream = null;
    this._begins = known !== null;
    this._movedMs = performance.now();
    this._putAwayMs = this._movedMs + PUT_AWAY_S * 1000;
    this._stillFromS = null;
    this._newestS = 0;
  }

  /** Seconds of samples that the service has not taken yet. */
  get waitingS() {
    return this._stream?.waitingS ?? 0;
  }

  start() {
    this._motion.listen();
    this._timer = setInterval(() => this._tick(), TICK_MS);
    // At once, for texts that come later would move the button from under a finger.
    this._tick();
  }

  /** The phone is where it is worn: what it feels counts from now on. */
  begin() {
    if (this._begins) return;
    this._motion.take(true);
    this._begins = true;
    this._beep([440]);
  }

  /** Say something of what comes after what was felt by now. */
  say(message) {
    if (this._stream === null) return;
    this._take(true);
    this._stream.say(message);
  }

  /** End the session; the service's last answers still come. */
  finish() {
    this._motion.stop();
    clearInterval(this._timer);
    this.say({ type: "finish" });
    setTimeout(() => this.close(), LAST_MS);
  }

  /** Let go of everything. */
  close() {
    this._motion.stop();
    clearInterval(this._timer);
    this._stream?.close();
  }

  /** What is to be done now, and for how many seconds; null once the start is over. */
  get step() {
    if (!this._begins) {
      const leftS = (this._putAwayMs - performance.now()) / 1000;
      return { isStill: false, leftS: Math.max(0, leftS), ofS: PUT_AWAY_S };
    }
    if (this._session.hasBegun || this._session.isOver) return null;
    const passedS = this._stillFromS === null ? 0 : this._newestS - this._stillFromS;
    return { isStill: true, leftS: Math.max(0, STILL_S - passedS), ofS: STILL_S };
  }

  _tick() {
    if (performance.now() >= this._putAwayMs) this.begin();
    if (this._begins) this._take(false);
    this._listener.ticked(performance.now() - this._movedMs < NO_MOTION_MS);
  }

  _take(all) {
    const rows = this._motion.take(all);
    if (!rows.length) return;
    this._movedMs = performance.now();
    this._stillFromS ??= rows[0][0];
    this._newestS = rows.at(-1)[0];
    this._buffer.push(rows);
    this._listener.moved(rows);
    if (this._stream === null) this._open();
  }

  /** Not before the first sample: it tells whether there is a gyroscope. */
  _open() {
    const { model, withoutGyroscope, placement, mounting } = this._chosen;
    const settings = () => ({
      model: this._motion.hasGyroscope ? model : (withoutGyroscope ?? model),
      placement,
      // A service that was started anew need not ask to stand still again.
      mounting: this._session.mounting ?? mounting,
    });
    const listener = { ...this._listener, settings, told: (message) => this._told(message) };
    this._stream = new DeviceStream(this._buffer, listener, this._known);
    this._stream.start();
  }

  _told(message) {
    const wasStart = !this._session.hasBegun;
    this._listener.told(message);
    if (wasStart && message.type === "error") {
      // The wearer moved: what comes next is taken for the start.
      this._stillFromS = null;
      this._beep([300, 220]);
    } else if (wasStart && this._session.hasBegun) {
      this._beep([660, 880]);
    }
  }

  _beep(notes) {
    if (this._chosen.sounds) beep(notes);
  }
}

/**
 * Show a step of the start.
 *
 * @param {{isStill: boolean, leftS: number, ofS: number}} step
 * @param {string} trouble why it begins anew, if it does
 */
export function showStep({ isStill, leftS, ofS }, trouble) {
  const again = isStill && trouble;
  const title = isStill ? "Stand still" : "Put the phone where you wear it";
  say("prepare-title", again ? "Once more, stand still" : title);
  element("ready").hidden = isStill;
  say("countdown", leftS > 0 ? String(Math.ceil(leftS)) : "…");
  element("ring").style.strokeDashoffset = String(100 * (1 - leftS / ofS));
  const hint = isStill ? "These three seconds tell which way is up." : "Then stand still.";
  say("prepare-hint", again || hint);
}
