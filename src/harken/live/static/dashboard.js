/** The view of a session that runs: what is being done now, how sure that is, and what was. */

import { drawBouts, drawProbability } from "./history.js";
import { Lanes } from "./lanes.js";
import { element, say, textOf } from "./screen.js";
import { activityClass, brief, clock, percent, readable } from "./words.js";

const FRAME_MS = 33;
/** For those who want no motion: so often the graphs are drawn. */
const CALM_FRAME_MS = 1000;
/** The lane of what is neither: the model was not sure, or settling. */
const NOT_SURE = "";

export class Dashboard {
  constructor() {
    this._minute = new Lanes(element("minute"));
    this._bouts = new Lanes(element("session"));
    this._calm = matchMedia("(prefers-reduced-motion: reduce)");
    this._drawnMs = 0;
    /** Nothing is drawn while nobody sees it. */
    this.isCovered = false;
    /** Whether what is shown is of before: nothing new comes at the moment. */
    this.isStale = false;
    this._frame = (nowMs) => {
      this._draw(nowMs);
      requestAnimationFrame(this._frame);
    };
    requestAnimationFrame(this._frame);
    addEventListener("resize", () => {
      this._drawnS = null;
    });
  }

  /**
   * @param {import("./session.js").Session} session
   * @param {import("./signals.js").Signals} signals
   */
  show(session, signals) {
    this._session = session;
    this._signals = signals;
    this.isStale = false;
    this._drawnS = null;
    this.update();
  }

  /** Say in words what the session tells by now. */
  update() {
    const session = this._session;
    const { labels } = session;
    const names = labels.map((label) => [label, brief(label, labels)]);
    this._minute.set(labels, new Map(names));
    this._bouts.set(labels, new Map([...names, [NOT_SURE, "not sure"]]));
    this._sayNow(session);
    const { last, totals } = session;
    const [fromS, toS] = session.spanS;
    const isKnown = last && !last.unsure && !last.warm_up && !session.isOver;
    let knownS = 0;
    for (const label of labels) {
      const isNow = isKnown && last.smoothed_activity === label;
      const probability = last?.probability[labels.indexOf(label)];
      this._minute.say(label, last ? percent(probability) : "", isNow);
      this._bouts.say(label, totals.get(label) ? clock(totals.get(label)) : "", isNow);
      knownS += totals.get(label);
    }
    const unknownS = session.bouts.reduce((sum, bout) => sum + bout.toS - bout.fromS, 0) - knownS;
    if (labels.length) this._bouts.say(NOT_SURE, unknownS > 0.5 ? clock(unknownS) : "", false);
    const shownS = Math.max(60, toS - fromS);
    element("session-middle").textContent = clock(shownS / 2);
    element("session-to").textContent = clock(shownS);
    element("notes").replaceChildren(
      ...[`model ${session.model}`, ...session.notes].map((note) => textOf("li", "", note)),
    );
    this._drawnS = null;
  }

  _sayNow(session) {
    const now = said(session);
    const { last } = session;
    const shown = now.activity ?? now.perhaps;
    element("hero").className = `card ${activityClass(session.labels, now.activity)}`;
    element("hero").classList.toggle("is-stale", this.isStale && !session.isOver);
    say("now-label", now.label);
    say("now-perhaps", now.perhaps ? `perhaps ${readable(now.perhaps)}` : "");
    say("now-detail", this.isStale && !session.isOver ? `Last known: ${now.detail}` : now.detail);
    const icon = now.activity === null ? (now.perhaps ? "unsure" : "waiting") : iconOf(shown);
    element("now-icon").setAttribute("href", `#icon-${icon}`);
    const confidence = last && shown ? session.confidence(last) : 0;
    element("bar").hidden = !shown;
    element("now-bar").style.transform = `scaleX(${confidence.toFixed(3)})`;
  }

  _draw(nowMs) {
    const frameMs = this._calm.matches ? CALM_FRAME_MS : FRAME_MS;
    if (!this._session || this.isCovered || nowMs - this._drawnMs < frameMs) return;
    this._drawnMs = nowMs;
    const untilS = this._signals.shownS(nowMs) ?? this._session.last?.time_s ?? 0;
    if (untilS === this._drawnS) return;
    this._signals.draw(element("acc"), "acc", untilS);
    this._signals.draw(element("gyro"), "gyro", untilS);
    this._minute.draw((label, area) => drawProbability(area, this._session, label, untilS));
    if (this._drawnS === null) {
      this._bouts.draw((label, area) => drawBouts(area, this._session, label || null));
    }
    this._drawnS = untilS;
  }
}

/** What is to be said of now: a label, or why there is none. */
function said(session) {
  const { last } = session;
  if (session.isOver) {
    const [fromS, toS] = session.spanS;
    return { label: "Session over", activity: null, detail: `It took ${clock(toS - fromS)}.` };
  }
  if (!session.hasBegun) {
    return { label: "Listening", activity: null, detail: "The wearer stands still for three seconds." };
  }
  if (!last || last.warm_up) {
    return { label: "Settling", activity: null, detail: "The filters need about five seconds." };
  }
  const activity = last.smoothed_activity;
  const sure = percent(session.confidence(last));
  if (last.unsure) return { label: "Not sure", activity: null, perhaps: activity, detail: `${sure} probable` };
  return {
    label: readable(activity),
    activity,
    detail: `${sure} probable, for ${clock(session.sinceS)}`,
  };
}

/** The icon of a label that ends like one: "walking upstairs" is drawn as "upstairs". */
function iconOf(activity) {
  const name = readable(activity).split(" ").at(-1);
  return element(`icon-${name}`) ? name : "other";
}
