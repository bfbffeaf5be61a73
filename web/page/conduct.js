// @ts-check
/** What a visitor is told of the rules while they talk: a warning, a picture that is stopped. */

import { find } from "./find.js";

/** @import { Events } from "../client/contract.js" */
/** @import { Tongue } from "./tongue.js" */

/** Long enough to be read twice. */
const WARNING_MS = 15_000;

export class Conduct {
  #tongue;
  #warning = find("warning", HTMLElement);
  #own = find("own-blocked", HTMLElement);
  #partner = find("partner-blocked", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #fading;

  /** @param {Tongue} tongue */
  constructor(tongue) {
    this.#tongue = tongue;
  }

  /** Nothing has been said yet. */
  begin() {
    this.#hush();
    this.#own.hidden = true;
    this.forgetPartner();
  }

  /** Nobody is there, so that nobody's picture is stopped. */
  forgetPartner() {
    this.#partner.hidden = true;
  }

  /** @param {string} label */
  warn(label) {
    const { words } = this.#tongue;
    this.#say(`${words.seen(label)} ${words.warned}`);
    this.#fading = setTimeout(() => this.#hush(), WARNING_MS);
  }

  /** @param {Events["blocked"]["detail"]} detail */
  block({ whose, blocked, label, caseCode }) {
    const { words } = this.#tongue;
    if (whose === "partner") {
      this.#partner.textContent = words.partnerBlocked;
      this.#partner.hidden = !blocked;
      return;
    }
    this.#own.textContent = words.ownBlocked;
    this.#own.hidden = !blocked;
    this.#hush();
    // Why stands where there is room for it, for as long as it lasts.
    const code = caseCode && words.caseCode(caseCode);
    if (blocked) this.#say([label && words.seen(label), words.ownBlockedDetail, code].filter(Boolean).join(" "));
  }

  /** @param {string} text */
  #say(text) {
    clearTimeout(this.#fading);
    this.#warning.textContent = text;
    this.#warning.hidden = false;
  }

  #hush() {
    clearTimeout(this.#fading);
    this.#warning.hidden = true;
    this.#warning.textContent = "";
  }
}
