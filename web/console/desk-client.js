// @ts-check
/** What the desk's pages ask of the server: requests with a token, answers or problems. */

/** Why a request was not done, as the server says it (RFC 9457), or that it cannot be reached. */
export class Problem extends Error {
  /** @param {number} status 0 where no answer came @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail || code);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

export class DeskClient {
  #token;
  #fetch;

  /** @param {string} token @param {typeof globalThis.fetch} [fetcher] */
  constructor(token, fetcher = (...parameters) => fetch(...parameters)) {
    this.#token = token;
    this.#fetch = fetcher;
  }

  /**
   * @param {"GET" | "POST" | "DELETE"} method
   * @param {string} path under /v1/console/
   * @param {object} [body]
   * @returns {Promise<any>} the answer's JSON; null where it has none
   */
  async ask(method, path, body) {
    const response = await this.#send(method, path, body);
    return response.status === 204 ? null : response.json();
  }

  /**
   * A file of the desk: a picture, an export.
   * @param {string} path @param {"GET" | "POST"} [method] @returns {Promise<Blob>}
   */
  async file(path, method = "GET") {
    return (await this.#send(method, path)).blob();
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {AbortSignal} [signal] */
  async #send(method, path, body, signal) {
    /** @type {Record<string, string>} */
    const headers = { authorization: `Bearer ${this.#token}` };
    if (body) headers["content-type"] = "application/json";
    /** @type {RequestInit} */
    const request = { method, headers, cache: "no-store", credentials: "omit" };
    if (body) request.body = JSON.stringify(body);
    if (signal) request.signal = signal;
    let response;
    try {
      response = await this.#fetch(`/v1/console/${path}`, request);
    } catch {
      throw new Problem(0, "unreachable", "");
    }
    if (response.ok) return response;
    const said = await response.json().catch(() => ({}));
    throw new Problem(response.status, String(said.code ?? "unknown"), String(said.detail ?? ""));
  }

  /**
   * Hears the events of the desk until the signal stops it or the line breaks. `EventSource` would be
   * made for it, but it sends no header.
   * @param {string} path
   * @param {(event: { event: string, data: string }) => void} hear
   * @param {AbortSignal} signal
   */
  async listen(path, hear, signal) {
    const response = await this.#send("GET", path, undefined, signal);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let kept = "";
    for (;;) {
      const piece = await reader?.read();
      if (!piece || piece.done) return;
      const [events, rest] = splitEvents(kept + piece.value);
      kept = rest;
      for (const event of events) hear(event);
    }
  }
}

/**
 * The whole events of a text/event-stream, and what is left of one that is not whole yet.
 * @param {string} text
 * @returns {[events: { event: string, data: string }[], rest: string]}
 */
export function splitEvents(text) {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const events = blocks.map(readEvent).filter(({ event, data }) => event !== "" || data !== "");
  return [events, rest];
}

/** @param {string} block */
function readEvent(block) {
  let event = "";
  /** @type {string[]} */
  const data = [];
  for (const line of block.split("\n")) {
    const [, field = "", value = ""] = /^(\w*):? ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return { event, data: data.join("\n") };
}
