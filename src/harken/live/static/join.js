/** How a phone comes to a page that a computer shows. */

import { ask } from "./api.js";
import { element, trouble } from "./screen.js";

/** @param {string | null} address where a phone can open the page; null: nowhere */
export async function showWayIn(address) {
  element("join-alone").hidden = address !== null;
  element("join-steps").hidden = address === null;
  if (address === null || !element("qr").hidden) return;
  element("address").textContent = element("address").href = address;
  try {
    const code = await ask("GET", "/v1/live/qr.svg");
    element("qr-code").src = URL.createObjectURL(await code.blob());
    element("qr").hidden = false;
  } catch (problem) {
    trouble(`The QR code cannot be shown: ${problem.message}`);
  }
}
