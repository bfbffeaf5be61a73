// @ts-check
/** What is decided about a case, and why; or to whom it is handed. */

import { find } from "../page/find.js";
import { draw } from "./draw.js";

/** @import { Case, Ruling } from "./desk-contract.js" */
/** @import { Desk } from "./desk.js" */

/** Each with its key. @type {[key: string, ruling: Ruling][]} */
const RULINGS = [
  ["d", "dismiss"],
  ["w", "warn"],
  ["b", "blur"],
  ["u", "unblur"],
  ["e", "end"],
  ["o", "cooldown"],
  ["x", "ban"],
];

const HOUR_MS = 3_600_000;

/** How long somebody may be kept outside, to choose from. @type {Record<string, number[]>} */
const LENGTHS_MS = {
  cooldown: [HOUR_MS / 6, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS],
  ban: [24 * HOUR_MS, 7 * 24 * HOUR_MS, 30 * 24 * HOUR_MS, 365 * 24 * HOUR_MS],
};

export class DecisionForm {
  #form = find("decision", HTMLFormElement);
  #rulings = find("rulings", HTMLElement);
  #reason = find("decision-reason", HTMLSelectElement);
  #length = find("decision-length", HTMLSelectElement);
  #note = find("decision-note", HTMLTextAreaElement);
  #to = find("escalate-to", HTMLSelectElement);
  #desk;
  #onDone;
  #id = "";

  /** @param {Desk} desk @param {() => void} onDone */
  constructor(desk, onDone) {
    this.#desk = desk;
    this.#onDone = onDone;
    this.#form.addEventListener("change", () => this.#fit());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const isEscalation = event.submitter?.id === "escalate";
      void desk.try(() => (isEscalation ? this.#escalate() : this.#decide()));
    });
  }

  /** @param {Case} it @param {boolean} isOpen whether this person may decide it now */
  show(it, isOpen) {
    const { words } = this.#desk;
    this.#id = it.id;
    this.#form.hidden = !isOpen;
    this.#form.reset();
    this.#rulings.replaceChildren(
      ...RULINGS.map(([key, ruling]) =>
        draw(
          "label",
          { class: "ruling" },
          draw("input", { type: "radio", name: "ruling", value: ruling, "data-testid": `ruling-${ruling}` }),
          draw("span", {}, words.ruling(ruling)),
          draw("kbd", { "aria-hidden": "true" }, key),
        ),
      ),
    );
    const reasons = this.#desk.reasons.map((reason) => draw("option", { value: reason }, words.reason(reason)));
    this.#reason.replaceChildren(draw("option", { value: "" }, words.chooseReason), ...reasons);
    const places = ["senior", "child_safety"].filter((place) => place !== it.class);
    this.#to.replaceChildren(...places.map((place) => draw("option", { value: place }, words.escalateTo(place))));
    this.#fit();
  }

  shortcuts() {
    return RULINGS.map(([key, ruling]) => ({
      key,
      word: this.#desk.words.ruling(ruling),
      run: () => this.#choose(ruling),
    }));
  }

  /** @param {Ruling} ruling */
  #choose(ruling) {
    for (const input of this.#rulings.querySelectorAll("input")) input.checked = input.value === ruling;
    this.#fit();
    this.#reason.focus();
  }

  get #ruling() {
    return String(new FormData(this.#form).get("ruling") ?? "");
  }

  /** Only what stays outside has a length. */
  #fit() {
    const lengths = LENGTHS_MS[this.#ruling];
    const field = find("decision-length-field", HTMLElement);
    field.hidden = !lengths;
    if (!lengths || this.#length.dataset.of === this.#ruling) return;
    this.#length.dataset.of = this.#ruling;
    const { words } = this.#desk;
    this.#length.replaceChildren(...lengths.map((ms) => draw("option", { value: ms }, words.length(ms))));
    this.#length.selectedIndex = 1;
  }

  async #decide() {
    const action = this.#ruling;
    if (!action || !this.#reason.value) return this.#desk.say(this.#desk.words.chooseBoth, "trouble");
    /** @type {Record<string, string | number>} */
    const decision = { action, reason: this.#reason.value, note: this.#note.value };
    if (LENGTHS_MS[action]) decision["lasts_ms"] = Number(this.#length.value);
    await this.#desk.client.ask("POST", `cases/${this.#id}/decision`, decision);
    this.#onDone();
  }

  async #escalate() {
    const handed = { to: this.#to.value, note: this.#note.value };
    await this.#desk.client.ask("POST", `cases/${this.#id}/escalate`, handed);
    this.#onDone();
  }
}
