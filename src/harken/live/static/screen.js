/**
 * What is on the screen beside a session: which part of the page, the connection, what went wrong.
 */

export const element = (id) => document.getElementById(id);

/** Set a text; where nothing has changed nothing is read out again. */
export function say(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

/** Show one part of the page: "start", "join", "prepare" or "run". */
export function view(name) {
  for (const id of ["start", "join", "prepare", "run"]) element(id).hidden = id !== name;
}

/** @param {"" | "open" | "lost"} kind of connection */
export function link(kind, text = "") {
  say("link", text);
  element("link").className = kind;
}

/**
 * Tell what went wrong; an empty text takes it back.
 *
 * @param {string} text
 * @param {string} [kind] by which `mended` takes this one back and no other
 */
export function trouble(text, kind = "") {
  say("trouble", text);
  element("trouble").hidden = !text;
  element("trouble").dataset.kind = kind;
}

export function mended(kind) {
  if (element("trouble").dataset.kind === kind) trouble("");
}

/** @returns {HTMLButtonElement} */
export function buttonOf(text, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", pressed);
  return button;
}

/** @returns {HTMLElement} */
export function textOf(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
