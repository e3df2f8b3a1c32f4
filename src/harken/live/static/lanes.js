/** A list with a lane for each activity: its name, a graph, a value. */

import { wiped } from "./canvas.js";
import { textOf } from "./screen.js";
import { activityClass } from "./words.js";

export class Lanes {
  /** @param {HTMLUListElement} list */
  constructor(list) {
    this._list = list;
    this._lanes = new Map();
  }

  /**
   * @param {string[]} labels of the model, which settle the colours
   * @param {Map<string, string>} names of the lanes: keys, and what is read
   */
  set(labels, names) {
    const keys = [...names.keys()];
    if (keys.join() === [...this._lanes.keys()].join()) return;
    this._lanes = new Map();
    this._list.replaceChildren(
      ...keys.map((key) => {
        const item = document.createElement("li");
        item.className = activityClass(labels, key);
        const name = textOf("span", "name", names.get(key));
        const canvas = document.createElement("canvas");
        canvas.setAttribute("aria-hidden", "true");
        const value = textOf("span", "value", "");
        item.append(name, canvas, value);
        this._lanes.set(key, { item, canvas, value });
        return item;
      }),
    );
  }

  /** What stands at the end of a lane, and whether it is the one of now. */
  say(key, text, isNow) {
    const lane = this._lanes.get(key);
    lane.value.textContent = text;
    lane.item.classList.toggle("is-now", isNow);
  }

  /** @param {(key: string, area: object) => void} paint one lane, in its wiped canvas */
  draw(paint) {
    for (const [key, { canvas }] of this._lanes) {
      const area = wiped(canvas);
      if (area) paint(key, area);
    }
  }
}
