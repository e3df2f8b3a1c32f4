/** The page: what is shown when, and who tells whom. */

import { askJson, takeKey } from "./api.js";
import { choices, offerChoices } from "./choices.js";
import { download, sessionCsv } from "./csv.js";
import { Dashboard } from "./dashboard.js";
import { showWayIn } from "./join.js";
import { canStayOn, cover, stayOn } from "./lock.js";
import { askPermission, whyNoMotion } from "./motion.js";
import { Recordings } from "./recordings.js";
import { element, link, mended, say, trouble, view } from "./screen.js";
import { Session } from "./session.js";
import { Signals } from "./signals.js";
import { allowSound } from "./sound.js";
import { rowsOf, StreamList, Watching } from "./watching.js";
import { showStep, Wearing } from "./wearing.js";

/** The stream of this phone, by which it is found again when the page was loaded anew. */
const OPEN_SESSION = "harken.session";
const RETRY_MS = 2000;

/** Phones have touch screens; whether there are sensors only shows when they are listened to. */
const isPhone = navigator.maxTouchPoints > 0 && matchMedia("(pointer: coarse)").matches;

const dashboard = new Dashboard();
const streams = new StreamList(watch, (found) => {
  const here = found.filter((stream) => !stream.is_away);
  // A laptop opens the only one by itself, unless that was left by hand.
  if (here.length === 1 && !element("join").hidden && !wasLeft) watch(here[0].session);
});
let about = null;
let recordings = null;
/** What is shown: a session, and who brings its samples. */
let shown = null;
let wasLeft = false;

async function main() {
  takeKey();
  try {
    about = await askJson("GET", "/v1/live");
  } catch (problem) {
    if (problem.status === 401) {
      trouble("This page needs its key: open it by the address or the QR code in the terminal.");
    } else {
      trouble(`${problem.message} Is harken live running?`);
      setTimeout(main, RETRY_MS);
    }
    return;
  }
  trouble("");
  say("version", about.version);
  recordings = new Recordings(about.recordings?.kept_days ?? null, (message) =>
    shown?.source.say(message),
  );
  offerChoices(about);
  if (about.replay) watch(about.replay.session);
  else home();
}

/** The page when no session is shown: to begin one, or to fetch a phone. */
function home() {
  shown = null;
  stayOn(false);
  link("");
  trouble(isPhone ? whyNoMotion() : "");
  view(isPhone ? "start" : "join");
  streams.show(true);
  recordings.show(null);
  element("go-on").hidden = sessionStorage.getItem(OPEN_SESSION) === null;
  if (!isPhone) showWayIn(about.address);
}

/** Wear this device: begin a session, or go on with one that is known. */
async function wear(known = null) {
  allowSound();
  if (!(await askPermission())) {
    trouble(
      "The browser was not allowed to tell motion. On an iPhone close all tabs of this page, open it anew, and allow it.",
    );
    return;
  }
  trouble("");
  stayOn(true);
  streams.show(false);
  const [session, signals] = [new Session(), new Signals()];
  let startTrouble = "";
  const listener = {
    ...listenerOf(session),
    told: (message) => {
      if (message.type === "error" && !session.hasBegun) startTrouble = message.error.message;
      take(session, message);
      if (!session.isOver) sessionStorage.setItem(OPEN_SESSION, session.name);
    },
    moved: (rows) => signals.push(rows),
    ticked: (isMoving) => {
      if (source.step) showStep(source.step, startTrouble);
      else if (element("run").hidden) showRun(true);
      if (isMoving) mended("motion");
      else trouble(whyNoMotion() || NO_MOTION, "motion");
      if (element("link").className === "lost") sayLost(source.waitingS);
    },
  };
  const source = new Wearing(session, choices(about), listener, known);
  view("prepare");
  show(session, signals, source, false);
  recordings.show(null);
}

const NO_MOTION =
  "No motion comes. A page in the background gets none; in Chrome on Android see Site settings, Motion sensors.";

/** Watch a session of another device. */
function watch(name) {
  shown?.source.close();
  const [session, signals] = [new Session(), new Signals()];
  const listener = {
    ...listenerOf(session),
    told: (message) => {
      if (message.type === "signals") signals.push(rowsOf(message));
      else take(session, message);
    },
  };
  trouble("");
  streams.show(false);
  show(session, signals, new Watching(name, listener), name === about.replay?.session);
  showRun(false);
}

function show(session, signals, source, isReplay) {
  shown = { session, source, isReplay };
  dashboard.show(session, signals);
  source.start();
}

/** @param {boolean} isDevice whether the samples are this device's own */
function showRun(isDevice) {
  view("run");
  element("lock").hidden = element("stop").hidden = !isDevice;
  element("back").hidden = isDevice;
  recordings.show(shown.isReplay ? null : shown.session);
}

/** Take a message of the service. */
function take(session, message) {
  session.take(message);
  if (shown?.session !== session) return;
  if (message.type === "error" && session.hasBegun) trouble(message.error.message);
  if (message.type === "away" || message.type === "back") sayOpen(session);
  if (session.isOver) {
    shown.source.close();
    trouble("");
    end("", "Over");
  }
  dashboard.update();
  recordings.update();
}

/** Nothing more comes. */
function end(kind, text) {
  stayOn(false);
  sessionStorage.removeItem(OPEN_SESSION);
  showRun(false);
  link(kind, text);
  streams.show(true);
}

function listenerOf(session) {
  return {
    connected: (problem) => {
      if (shown?.session !== session) return;
      if (problem) sayLost(shown.source.waitingS);
      else sayOpen(session);
    },
    refused: (problem) => {
      if (shown?.session !== session) return;
      end("lost", "Not connected");
      const known = { 404: "This session is over.", 409: "This session goes on in another window." };
      trouble(known[problem.status] ?? problem.message);
    },
  };
}

function sayOpen(session) {
  const isDevice = shown.source instanceof Wearing;
  const isAway = session.isAway && !isDevice;
  if (isAway) link("lost", "The phone is away");
  else if (shown.isReplay) link("open", `Playing ${about.replay.name}`);
  else link("open", isDevice ? "Connected" : "Watching");
  dashboard.isStale = isAway;
  dashboard.update();
}

/** @param {number | undefined} waitingS what a device has kept */
function sayLost(waitingS) {
  link("lost", waitingS >= 1 ? `Connection lost, ${Math.round(waitingS)} s kept` : "Connection lost");
  if (dashboard.isStale) return;
  dashboard.isStale = true;
  dashboard.update();
}

function leave() {
  wasLeft = true;
  shown?.source.close();
  home();
}

const pressed = {
  "go-on": () => wear(sessionStorage.getItem(OPEN_SESSION)),
  sensors: () => view("start"),
  ready: () => shown?.source.begin(),
  cancel: () => {
    shown?.source.finish();
    sessionStorage.removeItem(OPEN_SESSION);
    home();
  },
  back: leave,
  stop: () => shown?.source.finish(),
  lock: () => {
    say(
      "locked-label",
      canStayOn
        ? "Harken goes on. The screen is black to save the battery."
        : "Harken goes on, as long as the phone does not lock by itself: see its settings.",
    );
    cover((isCovered) => {
      dashboard.isCovered = isCovered;
    });
  },
  csv: () => {
    const when = new Date().toISOString().slice(0, 16).replaceAll(/[:T]/g, "-");
    download(`harken-${when}.csv`, sessionCsv(shown.session));
  },
};
for (const [id, act] of Object.entries(pressed)) element(id).addEventListener("click", act);
element("start-form").addEventListener("submit", (event) => {
  event.preventDefault();
  wear();
});

main();
