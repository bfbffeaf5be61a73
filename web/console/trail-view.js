// @ts-check
/** The audit log, the newest line first. */

import { find } from "../page/find.js";
import { draw } from "./draw.js";
import { describeMoment } from "./moments.js";

/** @import { Desk } from "./desk.js" */

/**
 * @typedef {object} Line
 * @property {number} sequence
 * @property {number} time_ms
 * @property {string} actor
 * @property {string} session
 * @property {string} label
 * @property {number} score
 * @property {string} version
 * @property {string} action
 * @property {string} reason
 */

export class TrailView {
  section = find("trail", HTMLElement);
  #rows = find("trail-rows", HTMLElement);
  #more = find("trail-more", HTMLButtonElement);
  #form = find("trail-form", HTMLFormElement);
  #desk;
  /** @type {number | null} */
  #next = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#more.addEventListener("click", () => desk.try(() => this.#load(this.#next)));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void desk.try(() => this.show());
    });
  }

  async show() {
    this.#rows.replaceChildren();
    await this.#load(null);
  }

  /** @param {number | null} before */
  async #load(before) {
    const asked = new URLSearchParams();
    const fields = new FormData(this.#form);
    for (const name of ["actor", "action"]) {
      const value = String(fields.get(name) ?? "").trim();
      if (value) asked.set(name, value);
    }
    if (before !== null) asked.set("before", String(before));
    const { lines, next } = await this.#desk.client.ask("GET", `trail?${asked}`);
    this.#rows.append(...lines.map((/** @type {Line} */ line) => drawLine(line, this.#desk)));
    this.#next = next;
    this.#more.hidden = next === null;
    find("trail-empty", HTMLElement).hidden = this.#rows.childElementCount > 0;
  }
}

/** @param {Line} line @param {Desk} desk */
export function drawLine(line, { words, language }) {
  const seen = line.label === "neutral" ? "" : words.label(line.label);
  const session = line.session ? words.session(line.session) : "";
  return draw(
    "tr",
    { "data-action": line.action },
    draw("td", { class: "number" }, line.sequence),
    draw("td", {}, draw("time", {}, describeMoment(line.time_ms, language))),
    draw("td", {}, line.actor),
    draw("td", {}, draw("code", {}, line.action)),
    draw("td", {}, [session, seen, line.reason].filter(Boolean).join(" · ")),
  );
}
