// @ts-check
/** One case: what is known, what came before, the decision. It is leased to whoever looks at it. */

import { find } from "../page/find.js";
import { DecisionForm } from "./decision-form.js";
import { Problem } from "./desk-client.js";
import { draw } from "./draw.js";
import { describeMoment, describeSpan } from "./moments.js";
import { Pictures } from "./pictures.js";
import { drawSeverity } from "./queue-view.js";
import { save } from "./save.js";
import { drawScores } from "./scores.js";
import { drawLine } from "./trail-view.js";

/** @import { Case, Decision } from "./desk-contract.js" */
/** @import { Desk } from "./desk.js" */

/** A lease lasts five minutes. */
const RENEW_MS = 120_000;

export class CaseView {
  section = find("case", HTMLElement);
  #decision;
  #pictures;
  #facts = find("case-facts", HTMLElement);
  #history = find("case-history", HTMLElement);
  #desk;
  /** @type {Case | null} */
  #it = null;
  #isMine = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #renewing;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#decision = new DecisionForm(desk, () => this.#done());
    this.#pictures = new Pictures(desk);
    find("case-back", HTMLButtonElement).addEventListener("click", () => (location.hash = "#queue"));
    find("case-hold", HTMLButtonElement).addEventListener("click", () => desk.try(() => this.#hold()));
    find("case-export", HTMLButtonElement).addEventListener("click", () => desk.try(() => this.#export()));
    find("case-trail", HTMLDetailsElement).addEventListener("toggle", () => desk.try(() => this.#trail()));
    addEventListener("pagehide", () => this.#release());
  }

  /** @param {string} id */
  async show(id) {
    this.hide();
    find("case-whole", HTMLElement).hidden = true;
    await this.#lease(id);
    await this.#read(id);
  }

  hide() {
    this.#release();
    this.#pictures.hide();
    this.#it = null;
  }

  shortcuts() {
    const { words } = this.#desk;
    return [
      ...(this.#isMine ? this.#decision.shortcuts() : []),
      ...this.#pictures.shortcuts(),
      { key: "q", word: words.backToQueue, run: () => void (location.hash = "#queue") },
    ];
  }

  /** Nobody else decides meanwhile; where somebody else has it, it is only to be read. @param {string} id */
  async #lease(id) {
    const taken = find("case-taken", HTMLElement);
    taken.hidden = true;
    this.#isMine = false;
    try {
      await this.#desk.client.ask("POST", `cases/${id}/lease`, {});
      this.#isMine = true;
      this.#renewing = setInterval(() => this.#renew(id), RENEW_MS);
    } catch (cause) {
      if (!(cause instanceof Problem) || ![403, 409].includes(cause.status)) throw cause;
      taken.textContent = this.#desk.words.problem(cause.code, cause.detail);
      taken.hidden = false;
    }
  }

  /** @param {string} id */
  #renew(id) {
    void this.#desk.try(() => this.#desk.client.ask("POST", `cases/${id}/lease`, {}));
  }

  #release() {
    clearInterval(this.#renewing);
    if (!this.#isMine || !this.#it) return;
    this.#isMine = false;
    // Whoever closes the page is not told; the lease ends by itself then.
    this.#desk.client.ask("DELETE", `cases/${this.#it.id}/lease`).catch(() => {});
  }

  /** @param {string} id */
  async #read(id) {
    /** @type {Case} */
    const it = await this.#desk.client.ask("GET", `cases/${id}`);
    this.#it = it;
    const { words, language } = this.#desk;
    find("case-title", HTMLElement).textContent = words.label(it.label);
    find("case-severity", HTMLElement).replaceChildren(drawSeverity(it.severity, words.severity(it.severity)));
    this.#pictures.show(it);
    this.#facts.replaceChildren(...facts(it, this.#desk));
    find("case-scores", HTMLElement).replaceChildren(drawScores(it.scores, words.label));
    const earlier = [
      ...it.decisions.map((decision) => drawDecision(decision, this.#desk)),
      ...it.device_history.map(({ id, label, action, opened_ms }) =>
        draw(
          "li",
          {},
          draw("a", { href: `#case/${id}` }, words.label(label)),
          ` · ${words.action(action)} · ${describeMoment(opened_ms, language)}`,
        ),
      ),
    ];
    this.#history.replaceChildren(...earlier);
    find("case-no-history", HTMLElement).hidden = earlier.length > 0;
    const appeal = find("case-appeal", HTMLElement);
    appeal.hidden = it.appeal === null;
    appeal.textContent = it.appeal?.text ?? "";
    this.#offer(it);
    find("case-whole", HTMLElement).hidden = false;
    await this.#trail();
  }

  /** What this person can do with it. @param {Case} it */
  #offer(it) {
    const { words } = this.#desk;
    this.#decision.show(it, this.#isMine && it.status !== "closed");
    const hold = find("case-hold", HTMLButtonElement);
    hold.hidden = !this.#desk.may("hold");
    find("case-export", HTMLButtonElement).hidden = it.class !== "child_safety";
    hold.textContent = it.legal_hold ? words.endHold : words.beginHold;
  }

  async #trail() {
    if (!this.#it || !find("case-trail", HTMLDetailsElement).open) return;
    const { lines } = await this.#desk.client.ask("GET", `cases/${this.#it.id}/trail`);
    const rows = lines.map((/** @type {any} */ line) => drawLine(line, this.#desk));
    find("case-trail-rows", HTMLElement).replaceChildren(...rows);
  }

  /** The case as a file for whoever reports it; that it was taken out is written down. */
  async #export() {
    if (!this.#it) return;
    const name = `case-${this.#it.id}.zip`;
    save(await this.#desk.client.file(`cases/${this.#it.id}/export`, "POST"), name);
    await this.#trail();
  }

  async #hold() {
    if (!this.#it) return;
    await this.#desk.client.ask("POST", `cases/${this.#it.id}/hold`, { on: !this.#it.legal_hold });
    await this.#read(this.#it.id);
  }

  /** It is decided or handed on: the next is a key away. */
  #done() {
    this.#isMine = false;
    clearInterval(this.#renewing);
    this.#desk.say(this.#desk.words.decided);
    location.hash = "#queue";
  }
}

/** @param {Case} it @param {Desk} desk */
function facts(it, { words, language }) {
  const rows = [
    [words.factStatus, words.status(it.status)],
    [words.factOrigin, words.origin(it.origin)],
    [words.factOpened, describeSpan(it.age_ms, language)],
    [words.factReports, String(it.reports)],
    [words.factMachine, it.machine_action ? words.action(it.machine_action) : words.nothingDone],
    [words.factPolicy, it.policy_version || "–"],
    [words.factKept, it.legal_hold ? words.heldBack : describeMoment(it.expires_ms, language)],
    [words.factCode, it.code],
  ];
  return rows.map(([name = "", value = ""]) => draw("div", {}, draw("dt", {}, name), draw("dd", {}, value)));
}

/** @param {Decision} decision @param {Desk} desk */
function drawDecision({ by, action, reason, note, at_ms }, { words, language }) {
  return draw(
    "li",
    { class: "decision" },
    draw("strong", {}, words.action(action)),
    ` · ${words.reason(reason)} · ${by} · ${describeMoment(at_ms, language)}`,
    note && draw("q", {}, note),
  );
}
