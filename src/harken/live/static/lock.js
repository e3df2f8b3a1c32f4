/**
 * The screen stays on, and on demand is black and deaf to touch: a locked phone sends no motion.
 */

const HELD_MS = 1000;

const dialog = document.getElementById("locked");
const button = document.getElementById("unlock");

let wanted = false;
let sentinel = null;

/** Whether this browser can keep the screen on. */
export const canStayOn = "wakeLock" in navigator;

/** Keep the screen on, or no longer. */
export async function stayOn(on) {
  wanted = on;
  if (!on) {
    await sentinel?.release();
    sentinel = null;
  } else if (canStayOn && document.visibilityState === "visible") {
    try {
      sentinel = await navigator.wakeLock.request("screen");
    } catch {
      // Refused, as with a battery that is low; the screen goes off as it always does.
    }
  }
}

// It is lost whenever the page was out of sight.
document.addEventListener("visibilitychange", () => {
  if (wanted && document.visibilityState === "visible") stayOn(true);
});

/**
 * Cover the screen until its button was held for a second.
 *
 * @param {(isCovered: boolean) => void} covered is told when that begins and ends
 */
export function cover(covered) {
  const ended = new AbortController();
  const on = (target, kind, handler) =>
    target.addEventListener(kind, handler, { passive: false, signal: ended.signal });
  let timer = 0;
  const release = () => {
    clearTimeout(timer);
    button.classList.remove("held");
  };
  const uncover = () => {
    release();
    ended.abort();
    dialog.close();
    if (document.fullscreenElement) document.exitFullscreen();
    covered(false);
  };
  const hold = (event) => {
    if (event.type === "keydown" && (event.repeat || ![" ", "Enter"].includes(event.key))) return;
    event.preventDefault();
    release();
    button.classList.add("held");
    timer = setTimeout(uncover, HELD_MS);
  };
  for (const kind of ["pointerdown", "keydown"]) on(button, kind, hold);
  for (const kind of ["pointerup", "pointercancel", "keyup"]) on(window, kind, release);
  for (const kind of ["touchmove", "contextmenu"]) {
    on(dialog, kind, (event) => event.preventDefault());
  }
  // The key Escape, or the phone's way back, would close it.
  on(dialog, "close", () => dialog.showModal());
  dialog.showModal();
  // Without the browser's bars there is less to touch; not all phones have it.
  document.documentElement.requestFullscreen?.().catch(() => {});
  covered(true);
}
