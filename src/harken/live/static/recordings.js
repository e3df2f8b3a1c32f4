/** Training data: recordings with labels, made with consent, shown and deleted. */

import { ask, askJson } from "./api.js";
import { download } from "./csv.js";
import { buttonOf, element, say as sayText, textOf } from "./screen.js";
import { activityClass, clock, moment, readable } from "./words.js";

/** While something is recorded, the list is asked for so often. */
const REFRESH_MS = 5000;

export class Recordings {
  /**
   * @param {number | null} keptDays for how long the service keeps them; null: it keeps none
   * @param {(message: object) => void} say to the service, in the session that is shown
   */
  constructor(keptDays, say) {
    this._say = say;
    this._session = null;
    this._isKept = false;
    /** Items of the list by the recording's name: one under somebody's finger stays. */
    this._items = new Map();
    this._startedMs = null;
    this._name = null;
    if (keptDays === null) return;
    this._isKept = true;
    document.querySelector(".kept").textContent = keptDays === 1 ? "a day" : `${keptDays} days`;
    element("record-form").addEventListener("submit", (event) => {
      event.preventDefault();
      say({ type: "record", consent: true, subject: element("subject").value });
    });
    element("record-stop").addEventListener("click", () => say({ type: "record", consent: false }));
    setInterval(() => this._tick(), 1000);
    setInterval(() => this._name && !document.hidden && this.list(), REFRESH_MS);
    this.list();
  }

  /** @param {import("./session.js").Session | null} session that could be recorded */
  show(session) {
    this._session = session;
    this.update();
  }

  /** Follow what the service says of the recording, whoever asked for it. */
  update() {
    const { recording, activity } = this._session?.label ?? {};
    if ((recording ?? null) !== this._name) {
      this._name = recording ?? null;
      this._startedMs = Date.now();
      element("consent").checked = false;
      this.list();
    }
    const isOn = this._name !== null && !this._session.isOver;
    element("labelling").hidden = !isOn;
    element("record-form").hidden = isOn || !this._session || this._session.isOver;
    if (isOn) this._showLabels(activity ?? null);
    element("record").hidden = !this._isKept || !(this._session || this._items.size);
    this._tick();
  }

  /** Ask for what there is, and show it. */
  async list() {
    try {
      const { recordings } = await askJson("GET", "/v1/recordings");
      const items = new Map();
      for (const about of recordings) {
        const item = this._items.get(about.name) ?? this._item(about);
        item.querySelector("strong").textContent = titleOf(about);
        item.querySelector(".hint").textContent = contentOf(about);
        items.set(about.name, item);
      }
      this._items = items;
      element("recordings-title").hidden = items.size === 0;
      element("recordings").replaceChildren(...items.values());
      this._hint("");
      this.update();
    } catch (problem) {
      this._hint(`The recordings cannot be shown: ${problem.message}`);
    }
  }

  _tick() {
    if (this._name === null || !this._session) return;
    const { subject, activity } = this._session.label;
    const what = activity ? readable(activity) : "without a label";
    const seconds = (Date.now() - this._startedMs) / 1000;
    sayText("record-state", `Recording ${subject}, ${what}`);
    // Shown, and not read out each second.
    element("record-state").dataset.since = clock(seconds);
  }

  _showLabels(activity) {
    const { labels } = this._session;
    const box = element("labels");
    if (box.dataset.labels !== labels.join()) {
      box.dataset.labels = labels.join();
      box.replaceChildren(...[...labels, null].map((label) => this._labelButton(labels, label)));
    }
    for (const button of box.children) {
      button.setAttribute("aria-pressed", String(button.dataset.label === (activity ?? "")));
    }
  }

  _labelButton(labels, label) {
    const button = buttonOf(label === null ? "none of these" : readable(label), () =>
      this._say({ type: "label", activity: label }),
    );
    button.className = activityClass(labels, label);
    button.dataset.label = label ?? "";
    return button;
  }

  _item({ name, subject, started_utc }) {
    const about = textOf("div", "", "");
    about.append(textOf("strong", "", ""), textOf("div", "hint", ""));
    const of = `the recording of ${subject}, ${moment(started_utc)}`;
    const get = buttonOf("Download", () => this._download(name));
    get.setAttribute("aria-label", `Download ${of}`);
    const remove = buttonOf("Delete", () => this._remove(name, remove));
    remove.setAttribute("aria-label", `Delete ${of}`);
    const buttons = textOf("div", "buttons", "");
    buttons.append(get, remove);
    const item = document.createElement("li");
    item.append(about, buttons);
    return item;
  }

  /** At the second tap it is deleted, so that none is by mistake. */
  async _remove(name, button) {
    if (!button.dataset.asked) {
      button.dataset.asked = "yes";
      button.textContent = "Really delete?";
      button.setAttribute("aria-label", `Really delete? ${button.getAttribute("aria-label")}`);
      return;
    }
    try {
      await ask("DELETE", pathOf(name));
      await this.list();
    } catch (problem) {
      this._hint(`It cannot be deleted: ${problem.message}`);
    }
  }

  async _download(name) {
    try {
      const response = await ask("GET", pathOf(name));
      download(name.replaceAll("/", "-"), await response.blob());
    } catch (problem) {
      this._hint(`It cannot be downloaded: ${problem.message}`);
    }
  }

  _hint(text) {
    sayText("record-hint", text);
    element("record-hint").hidden = !text;
  }
}

function titleOf({ subject, started_utc, duration_s }) {
  return `${subject}, ${moment(started_utc)}, ${clock(duration_s)}`;
}

function contentOf({ seconds, expires_utc }) {
  const labelled = Object.entries(seconds).map(([label, s]) => `${readable(label)} ${clock(s)}`);
  return `${labelled.join(", ") || "no labels"}; kept until ${moment(expires_utc)}`;
}

function pathOf(name) {
  return `/v1/recordings/${name.split("/").map(encodeURIComponent).join("/")}`;
}
