/** Requests to the service, with the key that the page was opened with. */

const STORED = "harken.key";
const PATIENCE_MS = 10_000;

let key = null;

/** The service said no: HTTP's status, and the error as it told it. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, message?: string}} about
   */
  constructor(status, about = {}) {
    super(about.message ?? `The service answered with ${status}.`);
    this.status = status;
    this.code = about.code ?? "http";
    this.about = about;
  }
}

/** Nothing came back: no network, or no service. */
export class Unreachable extends Error {}

/** Take the key out of the visible address, and keep it as long as this tab. */
export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  key = sessionStorage.getItem(STORED);
}

/** What a WebSocket names as its protocols: it can send no header. */
export function protocols() {
  return key === null ? ["harken.v1"] : ["harken.v1", `harken.key.${key}`];
}

/**
 * One request.
 *
 * @param {string} method
 * @param {string} path
 * @param {{json?: object, binary?: ArrayBuffer, signal?: AbortSignal}} [given] with a signal it
 *   may take as long as it likes
 * @returns {Promise<Response>} of a request that succeeded
 * @throws {Refused | Unreachable}
 */
export async function ask(method, path, { json, binary, signal } = {}) {
  const headers = key === null ? {} : { Authorization: `Bearer ${key}` };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (binary !== undefined) headers["Content-Type"] = "application/octet-stream";
  const body = binary ?? (json === undefined ? undefined : JSON.stringify(json));
  const patience = new AbortController();
  const timer = signal ? 0 : setTimeout(() => patience.abort(), PATIENCE_MS);
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body,
      cache: "no-store",
      signal: signal ?? patience.signal,
    });
  } catch {
    throw new Unreachable("The service cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) throw new Refused(response.status, await errorOf(response));
  return response;
}

/** One request whose answer is JSON. */
export async function askJson(method, path, given) {
  const response = await ask(method, path, given);
  try {
    return await response.json();
  } catch {
    throw new Unreachable("The answer broke off.");
  }
}

async function errorOf(response) {
  try {
    return (await response.json()).error ?? {};
  } catch {
    return {};
  }
}
