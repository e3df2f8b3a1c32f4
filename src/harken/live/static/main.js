/**
 * The page: what is shown when, and who tells whom.
 */

import { ask, askJson, takeKey } from "./api.js";
import { download, sessionCsv } from "./csv.js";
import { Dashboard } from "./dashboard.js";
import { canStayOn, cover, stayOn } from "./lock.js";
import { askPermission, isOffered } from "./motion.js";
import { Recordings } from "./recordings.js";
import { Session } from "./session.js";
import { Signals } from "./signals.js";
import { allowSound } from "./sound.js";
import { rowsOf, StreamList, Watching } from "./watching.js";
import { showStep, Wearing } from "./wearing.js";
import { readable } from "./words.js";

const element = (id) => document.getElementById(id);
/** The stream of this phone, by which it is found again when the page was loaded anew. */
const OPEN_SESSION = "harken.session";

/** Phones have touch screens; whether there are sensors only shows when they are listened to. */
const isPhone = navigator.maxTouchPoints > 0 && matchMedia("(pointer: coarse)").matches;

const dashboard = new Dashboard();
let about = null;
let recordings = null;
let streams = null;
/** What is shown: a session, its signals, and who brings them. */
let shown = null;
/** A stream that was left by hand is not opened by itself again. */
let wasLeft = false;

async function main() {
  takeKey();
  try {
    about = await askJson("GET", "/v1/live");
  } catch (problem) {
    const isKey = problem.status === 401;
    trouble(
      isKey
        ? "This page needs its key: open it by the address or the QR code in the terminal."
        : `${problem.message} Is harken live still running?`,
    );
    if (!isKey) setTimeout(main, 2000);
    return;
  }
  trouble("");
  element("version").textContent = about.version;
  recordings = new Recordings(about.recordings?.kept_days ?? null, (message) =>
    shown?.source.say(message),
  );
  streams = new StreamList(watch, (found) => {
    const isOnly = found.length === 1 && !isPhone && !wasLeft;
    if (isOnly && element("start").hidden) watch(found[0].session);
  });
  fillChoices();
  if (about.replay) watch(about.replay.session);
  else home();
}

/** The page when no session is shown: to begin one, or to fetch a phone. */
function home() {
  shown?.source.close();
  shown = null;
  stayOn(false);
  view(isPhone ? "start" : "join");
  link("");
  trouble(isPhone ? insecure() : "");
  recordings.show(null);
  element("go-on").hidden = sessionStorage.getItem(OPEN_SESSION) === null;
  if (!isPhone) showJoin();
}

function view(name) {
  for (const id of ["start", "join", "prepare", "run"]) element(id).hidden = id !== name;
  streams.show(name === "start" || name === "join");
}

function insecure() {
  if (isOffered()) return "";
  return isSecureContext
    ? "This browser tells pages nothing of motion."
    : "Phones tell motion to secure pages only: open the address that begins with https.";
}

async function showJoin() {
  element("join-alone").hidden = about.address !== null;
  element("join-steps").hidden = about.address === null;
  if (about.address === null || !element("qr").hidden) return;
  element("address").textContent = element("address").href = about.address;
  try {
    const code = await ask("GET", "/v1/live/qr.svg");
    element("qr-code").src = URL.createObjectURL(await code.blob());
    element("qr").hidden = false;
  } catch (problem) {
    trouble(`The QR code cannot be shown: ${problem.message}`);
  }
}

function fillChoices() {
  const usable = about.models.filter(({ stream }) => stream);
  const models = element("model");
  models.replaceChildren(...usable.map(({ name }) => new Option(name, name)));
  models.value = about.default;
  const chosen = () => usable.find(({ name }) => name === models.value);
  const follow = () => {
    const places = chosen().placements;
    element("placement").replaceChildren(...places.map((p) => new Option(readable(p), p)));
    element("model-hint").textContent = chosen().description;
    element("placement-hint").textContent =
      places.length === 1
        ? `This model knows phones at the ${readable(places[0])}: on the belt or in a snug pocket there.`
        : "";
  };
  models.addEventListener("change", follow);
  follow();
}

function chosenSettings() {
  const model = element("model").value;
  const without = about.models.find(({ reads_gyroscope }) => reads_gyroscope === false);
  return {
    model,
    withoutGyroscope: without?.name ?? null,
    placement: element("placement").value,
    mounting: element("mounting").value,
    sounds: element("sounds").checked,
  };
}

/** Wear this device: begin a session, or go on with one. */
async function wear(known = null) {
  allowSound();
  if (!(await askPermission())) {
    trouble(
      "The browser was not allowed to tell motion. Load this page again and allow it; on an iPhone close all tabs of this page first.",
    );
    return;
  }
  trouble("");
  stayOn(true);
  const [session, signals] = [new Session(), new Signals()];
  let startTrouble = "";
  const source = new Wearing(session, chosenSettings(), {
    ...listener(session),
    told: (message) => {
      if (message.type === "error" && !session.hasBegun) startTrouble = message.error.message;
      tell(session, signals, message);
      if (session.name !== null) sessionStorage.setItem(OPEN_SESSION, session.name);
    },
    moved: (rows) => signals.push(rows),
    still: (isMissing) => {
      const { step } = source;
      if (step && shown?.source === source) {
        view("prepare");
        showStep(step, startTrouble);
      } else if (shown?.source === source && element("run").hidden) {
        showRun("device");
      }
      if (isMissing && source.waitingS === 0 && isPhone) trouble(noMotion());
      else if (element("trouble").dataset.kind === "motion") trouble("");
      if (element("link").classList.contains("lost")) linkLost(source.waitingS);
    },
    begins: () => {},
  }, known);
  shown = { session, signals, source };
  dashboard.show(session, signals);
  recordings.show(session);
  source.start();
}

function noMotion() {
  element("trouble").dataset.kind = "motion";
  return (
    insecure() ||
    "No motion comes from this device. In Chrome on Android see Site settings, Motion sensors; a page in the background gets none."
  );
}

/** Watch a session of another device. */
function watch(name) {
  shown?.source.close();
  const [session, signals] = [new Session(), new Signals()];
  const source = new Watching(name, {
    ...listener(session),
    told: (message) => {
      if (message.type === "signals") signals.push(rowsOf(message));
      else tell(session, signals, message);
    },
  });
  shown = { session, signals, source };
  showRun("watcher");
  dashboard.show(session, signals);
  recordings.show(session);
  source.start();
}

function showRun(role) {
  view("run");
  element("run").dataset.role = role;
  const isDevice = role === "device";
  element("lock").hidden = element("stop").hidden = !isDevice;
  element("back").hidden = isDevice;
}

function tell(session, signals, message) {
  session.take(message);
  if (message.type === "error" && session.hasBegun) trouble(message.error.message);
  if (shown?.session !== session) return;
  dashboard.update();
  recordings.update();
  if (session.isAway) link("lost", "The phone is away");
  else if (message.type === "back") link("open", "Watching");
  if (session.isOver) over();
}

function over() {
  stayOn(false);
  sessionStorage.removeItem(OPEN_SESSION);
  shown.source.close();
  link("", "Over");
  showRun("over");
  element("lock").hidden = element("stop").hidden = true;
  element("back").hidden = false;
}

function listener(session) {
  return {
    connected: (problem) => {
      if (problem) linkLost(shown?.source.waitingS ?? 0);
      else if (session.isAway) link("lost", "The phone is away");
      else link("open", element("run").dataset.role === "watcher" ? "Watching" : "Connected");
    },
    refused: (problem) => {
      link("lost", "Not connected");
      const isTaken = problem.status === 409;
      const isGone = problem.status === 404;
      trouble(
        isTaken
          ? "This session goes on in another window."
          : isGone
            ? "This session is over."
            : problem.message,
      );
      element("back").hidden = false;
      element("lock").hidden = element("stop").hidden = true;
      sessionStorage.removeItem(OPEN_SESSION);
    },
  };
}

function linkLost(waitingS) {
  const kept = waitingS >= 1 ? `: ${Math.round(waitingS)} s kept, of 60` : "";
  link("lost", `Connection lost${kept}`);
}

function link(kind, text = "") {
  const state = element("link");
  if (state.textContent !== text) state.textContent = text;
  state.className = kind;
}

function trouble(text) {
  const box = element("trouble");
  if (!text) delete box.dataset.kind;
  if (box.textContent !== text) box.textContent = text;
  box.hidden = !text;
}

element("start-form").addEventListener("submit", (event) => {
  event.preventDefault();
  wear();
});
element("go-on").addEventListener("click", () => wear(sessionStorage.getItem(OPEN_SESSION)));
element("sensors").addEventListener("click", () => view("start"));
element("ready").addEventListener("click", () => shown?.source.begin());
element("cancel").addEventListener("click", home);
element("back").addEventListener("click", () => {
  wasLeft = true;
  home();
});
element("stop").addEventListener("click", () => shown?.source.finish());
element("lock").addEventListener("click", () => {
  element("locked-label").textContent = canStayOn
    ? "Harken goes on. The screen is black to save the battery."
    : "Harken goes on. Keep the phone from locking by itself: this browser cannot.";
  cover((isCovered) => {
    dashboard.isCovered = isCovered;
  });
});
element("csv").addEventListener("click", () => {
  const when = new Date().toISOString().slice(0, 16).replaceAll(/[:T]/g, "-");
  download(`harken-${when}.csv`, sessionCsv(shown.session));
});

main();
