/** Graphs of what was recognised: probabilities of the last minute, and the whole session. */

import { colour } from "./canvas.js";
import { activityClass } from "./words.js";

const MINUTE_S = 60;
/** How much of its colour an answer has that should not be trusted. */
const FAINT = 0.35;

/** The probability of one activity as an area; into what `wiped` gives. */
export function drawProbability({ context, width, height }, session, label, untilS) {
  const index = session.labels.indexOf(label);
  const x = (s) => width * (1 - (untilS - s) / MINUTE_S);
  drawBase(context, width, height);
  context.fillStyle = colour(`--${activityClass(session.labels, label)}`);
  for (const stretch of stretches(session, untilS - MINUTE_S)) {
    context.globalAlpha = isFaint(stretch[0]) ? FAINT : 1;
    context.beginPath();
    context.moveTo(x(stretch[0].time_s - session.hopS), height - 1);
    for (const { time_s, probability } of stretch) {
      const top = height - 1 - probability[index] * (height - 2);
      context.lineTo(x(time_s - session.hopS), top);
      context.lineTo(x(time_s), top);
    }
    context.lineTo(x(stretch.at(-1).time_s), height - 1);
    context.fill();
  }
  context.globalAlpha = 1;
}

function isFaint({ unsure, warm_up }) {
  return unsure || warm_up;
}

/** Answers from a time on, in stretches without a gap that are drawn alike. */
function stretches({ predictions, hopS }, fromS) {
  const found = [];
  for (const said of predictions.filter(({ time_s }) => time_s >= fromS)) {
    const before = found.at(-1)?.at(-1);
    const follows = before && said.time_s - before.time_s < 1.5 * hopS;
    if (follows && isFaint(before) === isFaint(said)) found.at(-1).push(said);
    else found.push([said]);
  }
  return found;
}

/** When one activity went on in the session; null stands for not sure, or settling. */
export function drawBouts({ context, width, height }, session, activity) {
  const [fromS, toS] = session.spanS;
  const x = (s) => (width * (s - fromS)) / Math.max(toS - fromS, MINUTE_S);
  drawBase(context, width, height);
  context.fillStyle = colour(`--${activityClass(session.labels, activity)}`);
  for (const bout of session.bouts) {
    if (bout.activity !== activity) continue;
    const from = x(bout.fromS);
    context.beginPath();
    context.roundRect(from, 4, Math.max(1.5, x(bout.toS) - from), height - 8, 2.5);
    context.fill();
  }
}

function drawBase(context, width, height) {
  context.fillStyle = colour("--line");
  context.fillRect(0, height - 1, width, 1);
}
