// @ts-check
/** How the work goes: what was done each day, what was taken back, and a month for publication. */

import { find } from "../page/find.js";
import { drawBars } from "./bars.js";
import { draw } from "./draw.js";
import { save } from "./save.js";

/** @import { Desk } from "./desk.js" */

/**
 * @typedef {{ day: string, counts: Record<string, number> }} DayCounts
 * @typedef {{ label: string, by_machine: number, by_people: number, reversed: number }} LabelCounts
 * @typedef {{ count: number, p50_ms: number | null, p95_ms: number | null }} Spread
 * @typedef {{
 *   visitor_seconds: number, covered_ratio: number | null, covered_for_ms: number,
 *   first_verdict: Spread, action: Spread, verdicts: { version: string, label: string, count: number }[],
 * }} Looking
 */

/** What is drawn, from the bottom up, and which of the log's actions it is made of. */
export const PARTS = /** @type {const} */ ({
  warned: ["warn"],
  stopped: ["blur"],
  ended: ["end", "cooldown", "ban"],
  reported: ["report"],
  reversed: ["unblur", "readmit"],
});

const DAY_MS = 86_400_000;

export class FiguresView {
  section = find("figures", HTMLElement);
  #plot = find("figures-plot", HTMLElement);
  #legend = find("figures-legend", HTMLElement);
  #rows = find("figures-rows", HTMLElement);
  #days = find("figures-days", HTMLSelectElement);
  #export = find("export", HTMLFormElement);
  #month = find("export-month", HTMLInputElement);
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#days.addEventListener("change", () => desk.try(() => this.show()));
    this.#export.addEventListener("submit", (event) => {
      event.preventDefault();
      const format = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "json";
      void desk.try(() => this.#save(format));
    });
  }

  async show() {
    const { client, words } = this.#desk;
    const { from, to, days, labels, looking } = await client.ask("GET", `figures?days=${this.#days.value}`);
    const names = Object.keys(PARTS).map((part) => words.part(part));
    const bars = everyDay(from, to, days);
    const describe = (/** @type {string} */ day, /** @type {number} */ part, /** @type {number} */ count) =>
      `${day}: ${names[part]} ${count}`;
    this.#plot.replaceChildren(drawBars(bars, words.plot(from, to), describe));
    this.#legend.replaceChildren(
      ...names.map((name, part) => {
        const count = bars.reduce((total, { parts }) => total + (parts[part] ?? 0), 0);
        return draw("li", { class: `part-${part}` }, `${name} `, draw("strong", {}, words.count(count)));
      }),
    );
    this.#rows.replaceChildren(...labels.map((/** @type {LabelCounts} */ row) => this.#row(row)));
    find("figures-empty", HTMLElement).hidden = labels.length > 0;
    this.#look(looking);
    this.#export.hidden = !this.#desk.may("publish");
    this.#month.value ||= to.slice(0, 7);
  }

  /** How the looking goes since the server was started. @param {Looking} looking */
  #look({ covered_ratio, covered_for_ms, first_verdict, action, verdicts }) {
    const { words } = this.#desk;
    const tiles = [
      [words.covered(covered_for_ms / 1_000), words.share(covered_ratio)],
      [words.firstVerdict, words.halfAndMost(first_verdict.p50_ms, first_verdict.p95_ms)],
      [words.untilAction, words.halfAndMost(action.p50_ms, action.p95_ms)],
    ];
    find("figures-looking", HTMLElement).replaceChildren(
      ...tiles.map(([name = "", value = ""]) => draw("div", {}, draw("dt", {}, name), draw("dd", {}, value))),
    );
    find("figures-verdicts", HTMLElement).hidden = verdicts.length === 0;
    find("figures-verdict-rows", HTMLElement).replaceChildren(
      ...verdicts.map(({ version, label, count }) =>
        draw(
          "tr",
          {},
          draw("td", {}, version),
          draw("td", {}, words.label(label)),
          draw("td", { class: "number" }, words.count(count)),
        ),
      ),
    );
  }

  /** @param {LabelCounts} row */
  #row({ label, by_machine, by_people, reversed }) {
    const { words } = this.#desk;
    const numbers = [by_machine, by_people, reversed].map((count) => draw("td", { class: "number" }, words.count(count)));
    return draw("tr", {}, draw("td", {}, words.label(label)), numbers);
  }

  /** @param {string} format */
  async #save(format) {
    const month = this.#month.value;
    const file = await this.#desk.client.file(`transparency?month=${month}&format=${format}`);
    save(file, `visavis-${month}.${format}`);
  }
}

/**
 * One bar for each day, those without a line included.
 * @param {string} from @param {string} to @param {DayCounts[]} days
 */
export function everyDay(from, to, days) {
  const counted = new Map(days.map(({ day, counts }) => [day, counts]));
  const bars = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) {
    const day = new Date(ms).toISOString().slice(0, 10);
    const counts = counted.get(day) ?? {};
    const parts = Object.values(PARTS).map((actions) =>
      actions.reduce((total, action) => total + (counts[action] ?? 0), 0),
    );
    bars.push({ day, parts });
  }
  return bars;
}
