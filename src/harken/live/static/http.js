/**
 * A stream by requests and server-sent events, for browsers that refuse a WebSocket, as some do
 * where a certificate was accepted by hand.
 */

import { ask, askJson, Refused, Unreachable } from "./api.js";

/** Without an event for so long the connection is taken for dead: the service sends some always. */
const SILENT_MS = 25_000;

export class HttpTransport {
  /** @param {{message: (told: object) => void, closed: (problem: Error) => void}} handlers */
  constructor(handlers) {
    this._handlers = handlers;
    this._busy = false;
    this._stop = new AbortController();
  }

  /** Samples wait for the answer to those before: requests may overtake one another. */
  get waits() {
    return true;
  }

  /** Whether it takes more samples now. */
  get ready() {
    return !this._busy;
  }

  /**
   * @param {object} first the message that begins the conversation, as by WebSocket
   * @returns {Promise<object>} its answer
   */
  async open(first) {
    if (first.type !== "start") {
      this._path = `/v1/streams/${encodeURIComponent(first.session)}`;
      return this._listen();
    }
    const started = await askJson("POST", "/v1/streams", { json: first });
    this._path = `/v1/streams/${encodeURIComponent(started.session)}`;
    await this._listen();
    return started;
  }

  /** @param {number} from how many samples of the stream came before these */
  async samples(from, data) {
    await this._post(`${this._path}/samples?from=${from}`, { binary: data });
  }

  async say(message) {
    await this._post(`${this._path}/messages`, { json: message });
  }

  close() {
    this._stop.abort();
  }

  async _post(path, given) {
    this._busy = true;
    try {
      const answer = await askJson("POST", path, given);
      this._busy = false;
      this._handlers.message(answer);
    } catch (problem) {
      this._busy = false;
      if (this._stop.signal.aborted) return;
      // What is wrong with samples is told, and the stream goes on, as by WebSocket.
      if (problem instanceof Refused && [409, 422, 507].includes(problem.status)) {
        this._handlers.message({ type: "error", error: problem.about });
      } else {
        this._end(problem);
      }
    }
  }

  /** Read events until they end; gives the first one. */
  async _listen() {
    this._isAlive();
    const response = await ask("GET", `${this._path}/events`, { signal: this._stop.signal });
    const events = eventsOf(response.body.getReader());
    const { value } = await events.next();
    if (!value) throw new Unreachable("The connection is lost.");
    this._rest(events);
    return value;
  }

  async _rest(events) {
    for await (const event of events) {
      this._isAlive();
      if (event !== null) this._handlers.message(event);
    }
    this._end(new Unreachable("The connection is lost."));
  }

  _isAlive() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._stop.abort(), SILENT_MS);
  }

  _end(problem) {
    if (this._ended) return;
    this._ended = true;
    clearTimeout(this._timer);
    this._stop.abort();
    this._handlers.closed(problem);
  }
}

/** The messages of server-sent events; null for those that only keep the connection alive. */
async function* eventsOf(reader) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop();
      for (const block of blocks) {
        const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        yield data.length ? JSON.parse(data.map((line) => line.slice(5)).join("\n")) : null;
      }
    }
  } catch {
    // Cut off; what came is given.
  }
}
