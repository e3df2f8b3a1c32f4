/** The last seconds of the signals, drawn as they come. */

import { colour, wiped } from "./canvas.js";

const SHOWN_S = 10;
/** Lines of the scale to choose from, so that it does not follow each sample; g or rad/s. */
const LINES = [1, 2, 4, 8, 20, 40];
/** How far beyond its lines the scale goes. */
const BEYOND = 1.9;
const FIRST_COLUMN = { acc: 1, gyro: 4 };
const AXES = ["x", "y", "z"];
const MARGIN = { left: 32, right: 16, y: 9 };
/** A pause in which the line is broken. */
const PAUSE_S = 0.25;

/** The samples of the last seconds, and how far they are shown. */
export class Signals {
  constructor() {
    this._rows = [];
    this._shownS = null;
    this._atMs = 0;
  }

  /** @param {number[][]} rows as of a device: seconds, three of g, three of rad/s */
  push(rows) {
    if (!rows.length) return;
    const last = this._rows.at(-1);
    if (last && rows[0][0] < last[0]) this._rows = [];
    this._rows.push(...rows);
    const oldestS = this._rows.at(-1)[0] - SHOWN_S - 2;
    let old = 0;
    while (this._rows[old][0] < oldestS) old += 1;
    this._rows.splice(0, old);
  }

  /**
   * Up to when they are shown: samples come in handfuls, and time should pass evenly.
   *
   * @param {number} nowMs
   * @returns {number | null} seconds on the device's clock
   */
  shownS(nowMs) {
    const newest = this._rows.at(-1)?.[0];
    if (newest === undefined) return null;
    const passedS = (nowMs - this._atMs) / 1000;
    this._atMs = nowMs;
    const next = (this._shownS ?? newest) + passedS;
    // Behind by too much it is caught up with, and it never runs ahead.
    const isNear = next > newest - 0.6 && next - passedS <= newest;
    this._shownS = isNear ? Math.min(next, newest) : newest;
    return this._shownS;
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {"acc" | "gyro"} kind
   * @param {number} untilS
   */
  draw(canvas, kind, untilS) {
    const area = wiped(canvas);
    if (!area) return;
    const first = FIRST_COLUMN[kind];
    const rows = this._rows.filter((row) => row[0] > untilS - SHOWN_S && row[0] <= untilS);
    const largest = Math.max(0, ...rows.flatMap((row) => row.slice(first, first + 3).map(Math.abs)));
    const line = LINES.find((one) => one * BEYOND >= largest) ?? LINES.at(-1);
    const x = (s) => area.width - MARGIN.right - ((untilS - s) / SHOWN_S) * plotWidth(area);
    const half = area.height / 2;
    const y = (value) => half - (value / (line * BEYOND)) * (half - MARGIN.y);
    drawScale(area, line, y);
    const ends = AXES.map((axis, i) => {
      drawLine(area.context, rows, first + i, x, y, colour(`--axis-${axis}`));
      return { axis, y: rows.length ? y(rows.at(-1)[first + i]) : null };
    });
    if (rows.length) drawNames(area, ends);
  }
}

function plotWidth(area) {
  return area.width - MARGIN.left - MARGIN.right;
}

function drawScale({ context, width }, line, y) {
  context.strokeStyle = colour("--line");
  context.fillStyle = colour("--soft");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const value of [-line, 0, line]) {
    const at = Math.round(y(value)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, at);
    context.lineTo(width - MARGIN.right, at);
    context.stroke();
    context.fillText(String(value), MARGIN.left - 6, at);
  }
}

function drawLine(context, rows, column, x, y, stroke) {
  context.strokeStyle = stroke;
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  context.beginPath();
  rows.forEach((row, i) => {
    const follows = i > 0 && row[0] - rows[i - 1][0] < PAUSE_S;
    if (follows) context.lineTo(x(row[0]), y(row[column]));
    else context.moveTo(x(row[0]), y(row[column]));
  });
  context.stroke();
}

/** Each line bears its name at its end; names that would overlap are moved apart. */
function drawNames({ context, width, height }, ends) {
  const placed = [...ends].sort((a, b) => a.y - b.y);
  for (let i = 1; i < placed.length; i += 1) {
    placed[i].y = Math.max(placed[i].y, placed[i - 1].y + 12);
  }
  const over = Math.max(0, placed.at(-1).y - (height - 7));
  context.font = "bold 13px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { axis, y } of placed) {
    context.fillStyle = colour(`--axis-${axis}`);
    context.fillText(axis, width - MARGIN.right + 5, y - over);
  }
}
