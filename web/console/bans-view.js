// @ts-check
/** Who stays outside, and letting them in again. */

import { find } from "../page/find.js";
import { draw } from "./draw.js";
import { describeMoment, describeSpan } from "./moments.js";

/** @import { Desk } from "./desk.js" */

/** @typedef {{ id: string, label: string, until_ms: number }} Ban */

export class BansView {
  section = find("bans", HTMLElement);
  #rows = find("bans-rows", HTMLElement);
  #count = find("bans-count", HTMLElement);
  #dialog = find("lift-dialog", HTMLDialogElement);
  #form = find("lift-form", HTMLFormElement);
  #desk;
  /** @type {Ban | null} */
  #chosen = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    find("lift-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#lift();
    });
  }

  async show() {
    const { client, words, language } = this.#desk;
    const { bans, count } = await client.ask("GET", "bans");
    this.#count.textContent = words.bansCount(count, bans.length);
    this.#rows.replaceChildren(...bans.map((/** @type {Ban} */ ban) => this.#row(ban, language)));
  }

  /** @param {Ban} ban @param {string} language */
  #row(ban, language) {
    const { words } = this.#desk;
    const rest = describeSpan(ban.until_ms - Date.now(), language);
    return draw(
      "tr",
      {},
      draw("td", {}, draw("code", {}, ban.id)),
      draw("td", {}, words.label(ban.label)),
      draw("td", {}, draw("time", { title: describeMoment(ban.until_ms, language) }, rest)),
      draw(
        "td",
        { class: "acts" },
        this.#desk.may("lift_bans") &&
          draw("button", { type: "button", class: "quiet", click: () => this.#choose(ban) }, words.liftBan),
      ),
    );
  }

  /** @param {Ban} ban */
  #choose(ban) {
    this.#chosen = ban;
    this.#form.reset();
    find("lift-about", HTMLElement).textContent = `${ban.id} · ${this.#desk.words.label(ban.label)}`;
    const reasons = this.#desk.reasons.map((reason) =>
      draw("option", { value: reason, selected: reason === "mistake" }, this.#desk.words.reason(reason)),
    );
    find("lift-reason", HTMLSelectElement).replaceChildren(...reasons);
    this.#dialog.showModal();
  }

  async #lift() {
    const { value: reason } = find("lift-reason", HTMLSelectElement);
    const { value: note } = find("lift-note", HTMLTextAreaElement);
    const { client, words } = this.#desk;
    this.#dialog.close();
    await this.#desk.try(async () => {
      await client.ask("POST", `bans/${this.#chosen?.id}/lift`, { reason, note });
      this.#desk.say(words.lifted);
      await this.show();
    });
  }
}
