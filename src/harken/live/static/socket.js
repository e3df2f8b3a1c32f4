/** A stream by WebSocket. */

import { protocols, Refused, Unreachable } from "./api.js";

const OPEN_MS = 4000;
/** Bytes that may wait in the browser before it gets more. */
const MOST_WAITING = 2 ** 18;
/** The service closes with the status that HTTP would have, plus this. */
const CLOSE_CODE = 4000;

export class SocketTransport {
  /** @param {{message: (told: object) => void, closed: (problem: Error) => void}} handlers */
  constructor(handlers) {
    this._handlers = handlers;
    this._refusal = {};
    /** Whether a connection came about: where none ever does, the browser refuses them. */
    this.opened = false;
  }

  /** Samples need not wait for the answer to those before. */
  get waits() {
    return false;
  }

  /** Whether it takes more samples now. */
  get ready() {
    return this._socket.readyState === WebSocket.OPEN && this._socket.bufferedAmount < MOST_WAITING;
  }

  /**
   * @param {object} first the message that begins the conversation
   * @returns {Promise<object>} its answer
   */
  open(first) {
    return new Promise((resolve, reject) => {
      try {
        this._socket = new WebSocket(new URL("/v1/stream", location.href), protocols());
      } catch {
        reject(new Unreachable("This browser opens no WebSocket."));
        return;
      }
      this._settle = { resolve, reject };
      this._timer = setTimeout(() => this._socket.close(), OPEN_MS);
      this._socket.onopen = () => {
        this.opened = true;
        this._socket.send(JSON.stringify(first));
      };
      this._socket.onmessage = ({ data }) => this._told(JSON.parse(data));
      this._socket.onclose = ({ code, reason }) => this._closed(code, reason);
    });
  }

  /** @param {number} _from how many samples came before, which the service counts by itself */
  samples(_from, data) {
    this._socket.send(data);
  }

  say(message) {
    this._socket.send(JSON.stringify(message));
  }

  close() {
    this._socket.close();
  }

  _told(message) {
    if (message.type === "error") this._refusal = message.error;
    if (!this._settle) {
      this._handlers.message(message);
    } else if (message.type !== "error") {
      clearTimeout(this._timer);
      this._settle.resolve(message);
      this._settle = null;
    }
  }

  _closed(code, reason) {
    clearTimeout(this._timer);
    const problem =
      code > CLOSE_CODE && code < CLOSE_CODE + 1000
        ? new Refused(code - CLOSE_CODE, { code: reason, ...this._refusal })
        : new Unreachable("The connection is lost.");
    if (this._settle) this._settle.reject(problem);
    else this._handlers.closed(problem);
    this._settle = null;
  }
}
