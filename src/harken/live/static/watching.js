/** Watching: the streams that run, and one of them as its device sees it. */

import { askJson } from "./api.js";
import { Connection } from "./connection.js";
import { buttonOf, element, textOf } from "./screen.js";
import { readable } from "./words.js";

const REFRESH_MS = 2000;

/** A stream that is watched, as long as it runs. */
export class Watching {
  /**
   * @param {string} session its name
   * @param {object} listener as of `DeviceStream`, without settings
   */
  constructor(session, listener) {
    this._transport = null;
    this._connection = new Connection({
      first: () => ({ type: "watch", session }),
      begun: (answer, transport) => {
        this._transport = transport;
        listener.told(answer);
        listener.connected(null);
      },
      told: listener.told,
      lost: (problem) => {
        this._transport = null;
        listener.connected(problem);
      },
      refused: (problem) => {
        listener.refused(problem);
        return false;
      },
    });
  }

  start() {
    this._connection.run();
  }

  /** Say 'label' or 'record' for the wearer; lost while the connection is. */
  say(message) {
    this._transport?.say(message);
  }

  close() {
    this._connection.close();
  }
}

/** The samples of a message 'signals', in rows. */
export function rowsOf({ time_s, acc_g, gyro_rad_s }) {
  return time_s.map((s, i) => [s, ...acc_g[i], ...(gyro_rad_s?.[i] ?? [0, 0, 0])]);
}

/** The list of streams that run. */
export class StreamList {
  /**
   * @param {(session: string) => void} open is told which one is chosen
   * @param {(streams: object[]) => void} found is told what there is, each time it was asked for
   */
  constructor(open, found) {
    this._open = open;
    this._found = found;
    this._isShown = false;
    setInterval(() => this._isShown && !document.hidden && this._refresh(), REFRESH_MS);
  }

  /** Whether it is shown, and kept up to date. */
  show(isShown) {
    this._isShown = isShown;
    element("streams").hidden = true;
    if (isShown) this._refresh();
  }

  async _refresh() {
    let streams;
    try {
      ({ streams } = await askJson("GET", "/v1/streams"));
    } catch {
      return; // the next time it may be there
    }
    if (!this._isShown) return;
    element("streams").hidden = streams.length === 0;
    this._show(streams);
    this._found(streams);
  }

  _show(streams) {
    const list = element("stream-list");
    const text = JSON.stringify(streams);
    if (list.dataset.shown === text) return;
    list.dataset.shown = text;
    list.replaceChildren(
      ...streams.map((stream) => {
        const item = document.createElement("li");
        const button = buttonOf("Watch", () => this._open(stream.session));
        button.setAttribute("aria-label", `Watch: ${describe(stream)}`);
        item.append(textOf("span", "", describe(stream)), button);
        return item;
      }),
    );
  }
}

function describe({ activity, unsure, is_away, started_utc, model }) {
  const since = new Date(started_utc).toLocaleTimeString(undefined, { timeStyle: "short" });
  const known = unsure ? "not sure" : readable(activity ?? "starting");
  const what = is_away ? "away" : known;
  return `Since ${since}: ${what} (${model})`;
}
