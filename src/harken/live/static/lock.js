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
  let timer = 0;
  const hold = (event) => {
    if (event.type === "keydown" && (event.repeat || ![" ", "Enter"].includes(event.key))) return;
    event.preventDefault();
    clearTimeout(timer);
    button.classList.add("held");
    timer = setTimeout(() => dialog.close(), HELD_MS);
  };
  const release = () => {
    clearTimeout(timer);
    button.classList.remove("held");
  };
  const handlers = [
    [button, "pointerdown", hold],
    [button, "keydown", hold],
    [button, "keyup", release],
    [button, "contextmenu", (event) => event.preventDefault()],
    [window, "pointerup", release],
    [window, "pointercancel", release],
    // Escape and a swipe back would close it.
    [dialog, "cancel", (event) => event.preventDefault()],
    [dialog, "touchmove", (event) => event.preventDefault()],
  ];
  for (const [target, kind, handler] of handlers) {
    target.addEventListener(kind, handler, { passive: false });
  }
  dialog.addEventListener(
    "close",
    () => {
      release();
      for (const [target, kind, handler] of handlers) target.removeEventListener(kind, handler);
      if (document.fullscreenElement) document.exitFullscreen();
      covered(false);
    },
    { once: true },
  );
  dialog.showModal();
  // Without the browser's bars there is less to touch; not all phones have it.
  document.documentElement.requestFullscreen?.().catch(() => {});
  covered(true);
}
