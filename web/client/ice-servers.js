// @ts-check
/** The operator's STUN and TURN servers, for whom nothing else reaches the media port. */

import { accessToken } from "./access.js";

/** @import { Wish } from "./visavis.js" */

/** Most visitors need none of them: who waits longer goes on without. */
const PATIENCE_MS = 2_000;

/** After so long a server that did not answer is asked again, with the next offer. */
const AGAIN_MS = 10_000;

export class IceServers {
  /** @type {string} */
  #url;
  /** What was asked for last. @type {Promise<RTCIceServer[]> | null} */
  #list = null;
  /** Until when it is worth something, on the clock of `Date.now`. */
  #freshUntil = 0;

  /** @param {string} signalUrl of the server's signaling WebSocket */
  constructor(signalUrl) {
    const url = new URL("./ice-servers", signalUrl);
    url.protocol = url.protocol === "wss:" ? "https:" : "http:";
    this.#url = url.href;
  }

  /**
   * The servers, asked for again where what opens them will not do so much longer.
   * @param {Wish} wish
   * @returns {Promise<RTCIceServer[]>} none where the server does not answer
   */
  list(wish) {
    if (!this.#list || Date.now() > this.#freshUntil) {
      this.#freshUntil = Infinity;
      this.#list = this.#ask(wish);
    }
    return this.#list;
  }

  /** @param {Wish} wish */
  async #ask(wish) {
    try {
      const { token } = await accessToken(wish);
      /** @type {Record<string, string>} */
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(this.#url, { headers, signal, credentials: "omit" });
      if (!response.ok) throw new Error(`${response.status}`);
      const { ice_servers, lifetime_s } = await response.json();
      this.#freshUntil = Date.now() + (lifetime_s * 1_000) / 2;
      return ice_servers;
    } catch {
      this.#freshUntil = Date.now() + AGAIN_MS;
      return [];
    }
  }
}
