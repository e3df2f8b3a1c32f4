/** How things are said. */

/** A label as people write it: "WALKING_UPSTAIRS" is "walking upstairs". */
export function readable(label) {
  return label.replaceAll("_", " ").toLowerCase();
}

/** The last word of a label, where that is enough to know it by: "upstairs". */
export function brief(label, labels) {
  const last = (one) => readable(one).split(" ").at(-1);
  return labels.filter((one) => last(one) === last(label)).length > 1 ? readable(label) : last(label);
}

/** Seconds as 0:07, 12:30 or 1:02:03. */
export function clock(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  const tail = String(s % 60).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

export function percent(probability) {
  return `${Math.round(100 * probability)} %`;
}

/** A moment as its reader would write it; from the service it comes in UTC. */
export function moment(utc) {
  return new Date(utc).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** @returns {string} the class that gives a label its colour */
export function activityClass(labels, activity) {
  const index = labels.indexOf(activity);
  return index < 0 ? "activity-none" : `activity-${index % 6}`;
}
