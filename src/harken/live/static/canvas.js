/** Canvases as sharp as the screen, in the colours of the style sheet. */

let found = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  found = new Map();
});

/** A colour of the style sheet, by the name of its variable. */
export function colour(name) {
  if (!found.has(name)) {
    found.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  }
  return found.get(name);
}

/**
 * A canvas wiped clean.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {{context: CanvasRenderingContext2D, width: number, height: number} | null} with sizes
 *   in CSS pixels; null while it is not shown
 */
export function wiped(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return null;
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
