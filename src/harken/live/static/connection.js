/** A connection that comes again: by WebSocket, or by requests and events where that is refused. */

import { ask, Refused, Unreachable } from "./api.js";
import { HttpTransport } from "./http.js";
import { SocketTransport } from "./socket.js";

const WAITS_MS = [300, 700, 1500, 3000, 5000];
/** Statuses of a service that may take it later: it is too busy, or the stream was idle. */
const LATER = new Set([408, 429, 500, 502, 503, 504]);

/** Whether WebSockets come about here; null until one was tried. */
let socketsWork = null;

/**
 * What a connection is for.
 *
 * @typedef {object} Owner
 * @property {() => object} first the message that begins it, each time
 * @property {(answer: object, transport: object) => void} begun it is there, with its first answer
 * @property {(message: object) => void} told a message has come
 * @property {(problem: Error) => void} lost it is not there, and will be tried again
 * @property {(problem: Refused) => boolean} refused whether to begin anew at once all the same
 */

export class Connection {
  /** @param {Owner} owner */
  constructor(owner) {
    this._owner = owner;
    this._over = false;
    this._tries = 0;
    this._transport = null;
  }

  /** Connect, and go on until it is closed or refused for good. */
  async run() {
    while (!this._over) {
      try {
        throw await this._once();
      } catch (problem) {
        this._transport = null;
        if (this._over) return;
        const isFinal = problem instanceof Refused && !LATER.has(problem.status);
        if (!isFinal) {
          this._owner.lost(problem);
          await this._wait();
        } else if (!this._owner.refused(problem)) {
          return;
        }
      }
    }
  }

  close() {
    this._over = true;
    this._transport?.close();
    this._awake?.();
  }

  /** Try again, for this one does not answer: its end may be long in coming. */
  renew() {
    this._transport?.close();
    this._end?.(new Unreachable("The service does not answer."));
  }

  /** One connection from its beginning to its end; gives what ended it. */
  async _once() {
    let isOpen = true;
    const ended = new Promise((resolve) => {
      this._end = (problem) => {
        isOpen = false;
        resolve(problem);
      };
    });
    const handlers = {
      message: (message) => isOpen && this._owner.told(message),
      closed: this._end,
    };
    const { transport, answer } = await open(this._owner.first(), handlers);
    this._transport = transport;
    if (this._over) transport.close();
    else this._owner.begun(answer, transport);
    this._tries = 0;
    return ended;
  }

  _wait() {
    const ms = WAITS_MS[Math.min(this._tries, WAITS_MS.length - 1)];
    this._tries += 1;
    return new Promise((resolve) => {
      this._awake = resolve;
      setTimeout(resolve, ms * (0.8 + 0.4 * Math.random()));
      addEventListener("online", resolve, { once: true });
    });
  }
}

async function open(first, handlers) {
  if (typeof WebSocket !== "function") socketsWork = false;
  if (socketsWork !== false) {
    const transport = new SocketTransport(handlers);
    try {
      const answer = await transport.open(first);
      socketsWork = true;
      return { transport, answer };
    } catch (problem) {
      if (problem instanceof Refused || transport.opened || socketsWork) throw problem;
      // Throws where the service is not there either, which says nothing of WebSockets.
      await ask("GET", "/healthz");
      socketsWork = false;
    }
  }
  const transport = new HttpTransport(handlers);
  try {
    return { transport, answer: await transport.open(first) };
  } catch (problem) {
    transport.close();
    throw problem instanceof TypeError ? new Unreachable(problem.message) : problem;
  }
}
