// @ts-check
/** The desk as one person has it: who they are, what they may do, and how their pages speak to them. */

import { find } from "../page/find.js";
import { DeskClient, Problem } from "./desk-client.js";

/** @import { Tongue } from "../page/tongue.js" */
/** @import { DeskWords } from "../i18n/desk-en.js" */

/** @typedef {{ name: string, role: string, may: string[] }} Me */

/** Long enough to be read twice. */
const SAID_MS = 8_000;

/** Gone with the tab, and never where another tab finds it. */
const REMEMBERED = "visavis.desk.token";

export class Desk {
  client = new DeskClient("");
  /** @type {Me} */
  me = { name: "", role: "", may: [] };
  /** The operator's reasons for a decision. @type {string[]} */
  reasons = [];
  #tongue;
  #onLoss;
  #said = find("said", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #fading;

  /** @param {Tongue<DeskWords>} tongue @param {() => void} onLoss the token is good no more */
  constructor(tongue, onLoss) {
    this.#tongue = tongue;
    this.#onLoss = onLoss;
  }

  get words() {
    return this.#tongue.words;
  }

  get language() {
    return this.#tongue.language;
  }

  /** The token of this tab, if somebody signed in with it. */
  static remembered() {
    return sessionStorage.getItem(REMEMBERED) ?? "";
  }

  /** @param {string} token */
  async signIn(token) {
    const client = new DeskClient(token);
    this.me = await client.ask("GET", "me");
    this.reasons = (await client.ask("GET", "reasons")).reasons;
    this.client = client;
    sessionStorage.setItem(REMEMBERED, token);
  }

  signOut() {
    sessionStorage.removeItem(REMEMBERED);
    this.client = new DeskClient("");
    this.me = { name: "", role: "", may: [] };
  }

  /** @param {string} action */
  may(action) {
    return this.me.may.includes(action);
  }

  /** Says something that a screen reader says, too. @param {string} text @param {"said" | "trouble"} [kind] */
  say(text, kind = "said") {
    clearTimeout(this.#fading);
    this.#said.textContent = text;
    this.#said.dataset.kind = kind;
    this.#said.hidden = false;
    this.#fading = setTimeout(() => this.hush(), SAID_MS);
  }

  hush() {
    clearTimeout(this.#fading);
    this.#said.hidden = true;
    this.#said.textContent = "";
  }

  /** Does something, and says why if it cannot be done. @param {() => Promise<unknown>} work */
  async try(work) {
    try {
      await work();
      return true;
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      if (cause.status === 401) this.#onLoss();
      this.say(this.words.problem(cause.code, cause.detail), "trouble");
      return false;
    }
  }
}
