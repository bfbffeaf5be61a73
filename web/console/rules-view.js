// @ts-check
/** The policy: read again from its file, with what is wrong with it if anything is. */

import { find } from "../page/find.js";

/** @import { Desk } from "./desk.js" */

export class RulesView {
  section = find("rules", HTMLElement);
  #outcome = find("rules-outcome", HTMLElement);
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    find("rules-reload", HTMLButtonElement).addEventListener("click", () => desk.try(() => this.#reload()));
  }

  async show() {
    this.#outcome.hidden = true;
  }

  async #reload() {
    const { version } = await this.#desk.client.ask("POST", "policy/reload", {});
    this.#outcome.textContent = this.#desk.words.reloaded(version);
    this.#outcome.hidden = false;
  }
}
