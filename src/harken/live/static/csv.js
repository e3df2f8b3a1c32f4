/** A session as a table. */

/** Times below count from somewhere else than 1970, as those of a recording that is played. */
const LEAST_EPOCH_S = 1e9;

/**
 * @param {import("./session.js").Session} session
 * @returns {string} CSV, a line for each answer
 */
export function sessionCsv(session) {
  const header = [
    "time_utc",
    "time_s",
    "activity",
    "confidence",
    "not_sure",
    "settling",
    ...session.labels.map((label) => `probability_${label}`),
  ];
  const lines = session.predictions.map((said) => [
    said.time_s > LEAST_EPOCH_S ? new Date(said.time_s * 1000).toISOString() : "",
    said.time_s.toFixed(3),
    said.smoothed_activity,
    session.confidence(said).toFixed(4),
    said.unsure,
    said.warm_up,
    ...said.probability.map((value) => value.toFixed(4)),
  ]);
  return [header, ...lines].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Offer a file to the browser. */
export function download(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
