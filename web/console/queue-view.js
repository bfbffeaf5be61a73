// @ts-check
/** The queue, alive: what presses most comes first, and nobody takes what another has. */

import { find } from "../page/find.js";
import { Problem } from "./desk-client.js";
import { draw } from "./draw.js";
import { describeSpan } from "./moments.js";

/** @import { Desk } from "./desk.js" */
/** @import { CaseRow } from "./desk-contract.js" */

/** How soon the line to the server is tried again, and how long it may take at most. */
const AGAIN_MS = [1_000, 2_000, 5_000, 10_000];

/** Events that come together are one reading. */
const TOGETHER_MS = 150;

/** Ages grow by themselves. */
const AGES_MS = 10_000;

export class QueueView {
  section = find("queue", HTMLElement);
  #rows = find("queue-rows", HTMLElement);
  #count = find("queue-count", HTMLElement);
  #empty = find("queue-empty", HTMLElement);
  #next = find("queue-next", HTMLButtonElement);
  #class = find("queue-class", HTMLSelectElement);
  #desk;
  #line = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reading;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #aging;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#next.addEventListener("click", () => this.takeNext());
    this.#class.addEventListener("change", () => desk.try(() => this.#read()));
  }

  async show() {
    this.hide();
    find("queue-classes", HTMLElement).hidden = !this.#desk.may("child_safety");
    this.#line = new AbortController();
    void this.#listen(this.#line.signal);
    this.#aging = setInterval(() => this.#soon(), AGES_MS);
    await this.#read();
  }

  hide() {
    this.#line.abort();
    clearTimeout(this.#reading);
    clearInterval(this.#aging);
  }

  shortcuts() {
    return [{ key: "n", word: this.#desk.words.takeNext, run: () => this.takeNext() }];
  }

  /** The most pressing case that nobody has. */
  takeNext() {
    const { client, words } = this.#desk;
    void this.#desk.try(async () => {
      const taken = await client.ask("POST", "next", {});
      if (taken) location.hash = `#case/${taken.id}`;
      else this.#desk.say(words.nothingWaits);
    });
  }

  #query() {
    return this.#desk.may("child_safety") && this.#class.value ? `?class=${this.#class.value}` : "";
  }

  async #read() {
    const { words, language } = this.#desk;
    const { cases, open, oldest_age_ms } = await this.#desk.client.ask("GET", `queue${this.#query()}`);
    const age = oldest_age_ms ? describeSpan(oldest_age_ms, language) : "";
    this.#count.textContent = words.queueCount(open, age);
    this.#empty.hidden = cases.length > 0;
    this.#rows.replaceChildren(...cases.map((/** @type {CaseRow} */ row) => this.#row(row)));
  }

  /** @param {CaseRow} row */
  #row(row) {
    const { words, language, me } = this.#desk;
    const isOthers = row.lease !== null && row.lease.by !== me.name;
    const facts = [
      words.origin(row.origin),
      row.status === "open" ? "" : words.status(row.status),
      row.reports > 0 ? words.reports(row.reports) : "",
    ];
    return draw(
      "li",
      { "data-case": row.id, class: isOthers ? "taken" : "" },
      draw(
        "a",
        { href: `#case/${row.id}`, class: "case-row" },
        drawSeverity(row.severity, words.severity(row.severity)),
        draw(
          "span",
          { class: "what" },
          draw("strong", {}, words.label(row.label)),
          row.class === "child_safety" && draw("span", { class: "class" }, words.childSafety),
          draw("span", { class: "facts" }, facts.filter(Boolean).join(" · ")),
        ),
        draw("span", { class: "lease" }, row.lease ? words.has(row.lease.by) : ""),
        draw("span", { class: "age" }, describeSpan(row.age_ms, language)),
      ),
    );
  }

  #soon() {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => this.#desk.try(() => this.#read()), TOGETHER_MS);
  }

  /** Hears when the queue changes, for as long as it is shown. @param {AbortSignal} signal */
  async #listen(signal) {
    for (let tries = 0; !signal.aborted; ) {
      try {
        await this.#desk.client.listen("events", () => (tries = 0, this.#soon()), signal);
      } catch (cause) {
        if (cause instanceof Problem && [401, 403].includes(cause.status)) return;
      }
      const pause = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)];
      tries += 1;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (!signal.aborted) this.#soon();
    }
  }
}

/** Five marks, as many of them full as it presses. @param {number} severity @param {string} name */
export function drawSeverity(severity, name) {
  const marks = [1, 2, 3, 4, 5].map((mark) => draw("i", { class: mark <= severity ? "full" : "" }));
  return draw("span", { class: `severity severity-${severity}`, role: "img", "aria-label": name, title: name }, marks);
}
