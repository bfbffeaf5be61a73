// @ts-check
/** The second screen: two faces, a chat, and the buttons that move a stay along. */

import { Face } from "../client/face.js";
import { Chat } from "./chat.js";
import { Conduct } from "./conduct.js";
import { DeviceMenu } from "./device-menu.js";
import { find } from "./find.js";
import { makeReportDialog } from "./report.js";
import { describe, noCircumstances } from "./status.js";

/** @import { Category, State } from "../client/contract.js" */
/** @import { Visavis, Wish } from "../client/visavis.js" */
/** @import { Words } from "../i18n/en.js" */
/** @import { Tongue } from "./tongue.js" */

const REFUSALS = /** @type {const} */ ({
  text_too_long: "refusedText",
  text_kept_back: "keptBack",
  not_matched: "notSent",
  no_partner: "notReported",
  draining: "refusedDraining",
  bad_interests: "refusedInterests",
});

/** A Next that finds somebody at once is one change of the page, not two. */
const QUICK_MS = 60;
/** The words of a match come with its first picture, or after so long. */
const FACE_FIRST_MS = 120;

export class Talk {
  #visavis;
  #tongue;
  #chat;
  #conduct;
  #section = find("talk", HTMLElement);
  #face = new Face(
    find("remote-video", HTMLVideoElement),
    find("remote-listener", HTMLAudioElement),
    find("cover", HTMLElement),
  );
  #local = find("local-video", HTMLVideoElement);
  #known = noCircumstances();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;
  /** When the visitor last asked for another, for the measure below. */
  #askedAt = 0;
  /** A match has begun that is not yet written about. */
  #isNew = false;
  /** The state that the page shows. @type {State} */
  #drawn = "idle";
  /** When what has changed is drawn. @type {ReturnType<typeof setTimeout> | undefined} */
  #due;

  /** @param {Visavis} visavis @param {Tongue} tongue */
  constructor(visavis, tongue) {
    this.#visavis = visavis;
    this.#tongue = tongue;
    this.#chat = new Chat(tongue, {
      say: (text) => visavis.say(text),
      typing: () => visavis.typing(),
    });
    this.#conduct = new Conduct(tongue);
    this.#listen();
    this.#wireButtons();
    this.#wireDevices();
    this.#wireReport();
    tongue.addEventListener("change", () => this.#draw());
  }

  /** @param {Wish} wish */
  open(wish) {
    this.#known = { ...noCircumstances(), mode: wish.mode ?? "video" };
    this.#section.dataset.mode = this.#known.mode;
    this.#section.hidden = false;
    this.#local.srcObject = wish.stream ?? null;
    this.#face.watch(this.#visavis.remote);
    this.#chat.begin();
    this.#conduct.begin();
    this.#draw();
    find("talk-title", HTMLElement).focus({ preventScroll: true });
  }

  close() {
    clearInterval(this.#countdown);
    this.#section.hidden = true;
    document.title = "visavis";
    this.#local.srcObject = null;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  }

  // What the client tells.

  #listen() {
    const visavis = this.#visavis;
    visavis.addEventListener("state", () => this.#handleState());
    visavis.addEventListener("agecheck", ({ detail }) => this.#know({ ageCheck: detail.url }));
    visavis.addEventListener("waiting", ({ detail }) => {
      this.#know({ usualWaitMs: detail.usualWaitMs, byInterests: detail.byInterests });
    });
    visavis.addEventListener("matched", ({ detail }) => this.#handleMatched(detail.interests));
    visavis.addEventListener("picture", ({ detail }) => this.#face.recognise(detail.timestamp));
    visavis.addEventListener("left", ({ detail }) => {
      this.#know({ leftReason: detail.reason });
      this.#note(this.#title());
    });
    visavis.addEventListener("chat", ({ detail }) => this.#settled().hear(detail.text));
    visavis.addEventListener("typing", ({ detail }) => this.#settled().showTyping(detail.active));
    visavis.addEventListener("reported", () => this.#note(this.#tongue.words.reported));
    visavis.addEventListener("refused", ({ detail }) => this.#noteRefusal(detail.code));
    visavis.addEventListener("goingaway", () => this.#note(this.#tongue.words.goingAway));
    visavis.addEventListener("screening", ({ detail }) => this.#know({ screening: detail.state }));
    visavis.addEventListener("warned", ({ detail }) => this.#conduct.warn(detail.label));
    visavis.addEventListener("blocked", ({ detail }) => this.#conduct.block(detail));
    visavis.addEventListener("full", ({ detail }) => this.#count(detail.retryAfterMs));
    visavis.addEventListener("ended", ({ detail }) => {
      this.#face.hide();
      this.#know({ endedReason: detail.reason, judgement: detail.judgement });
    });
  }

  #handleState() {
    const { state } = this.#visavis;
    if (state !== "matched" && state !== "lost") {
      this.#face.hide();
      this.#conduct.forgetPartner();
    }
    if (state !== "full") clearInterval(this.#countdown);
    if (state !== "lost") this.#known.endedReason = null;
    this.#drawIn(this.#patience());
  }

  /** @param {string[]} common */
  #handleMatched(common) {
    const askedAt = this.#askedAt;
    this.#askedAt = 0;
    this.#face.expect(() => {
      // For whoever wonders how long Next takes: performance.getEntriesByType("measure").
      if (askedAt) performance.measure("visavis: next to picture", { start: askedAt });
      this.#settled();
    });
    this.#isNew = true;
    this.#know({ common });
  }

  #beginChat() {
    this.#chat.begin();
    this.#chat.note([this.#title(), this.#detail()].filter(Boolean).join(" "));
    // Ready to write, unless the visitor is busy elsewhere or a keyboard would cover the faces.
    const title = find("talk-title", HTMLElement);
    const free = document.activeElement === document.body || document.activeElement === title;
    if (free && matchMedia("(pointer: fine)").matches) this.#chat.focus();
  }

  /** @param {string} code */
  #noteRefusal(code) {
    const key = REFUSALS[/** @type {keyof typeof REFUSALS} */ (code)] ?? "refused";
    this.#note(String(this.#tongue.words[key]));
  }

  /** @param {number} retryAfterMs */
  #count(retryAfterMs) {
    const until = performance.now() + retryAfterMs;
    const tick = () => {
      this.#know({ retrySeconds: Math.max(1, Math.ceil((until - performance.now()) / 1000)) });
    };
    clearInterval(this.#countdown);
    this.#countdown = setInterval(tick, 1000);
    tick();
  }

  // What the visitor does.

  #wireButtons() {
    const visavis = this.#visavis;
    find("next", HTMLButtonElement).addEventListener("click", () => this.#next());
    find("stop", HTMLButtonElement).addEventListener("click", () => visavis.stop());
    find("leave", HTMLButtonElement).addEventListener("click", () => visavis.leave());
    find("save", HTMLButtonElement).addEventListener("click", () => this.#chat.save());
    find("anybody", HTMLButtonElement).addEventListener("click", () => {
      if (visavis.lookFor([])) this.#know({ byInterests: false });
    });
    this.#wireMute(find("mute-audio", HTMLButtonElement), "audio");
    this.#wireMute(find("mute-video", HTMLButtonElement), "video");
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.repeat || event.isComposing) return;
      if (this.#section.hidden || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      this.#next();
    });
  }

  #next() {
    this.#askedAt = performance.now();
    this.#visavis.next();
  }

  /** @param {HTMLButtonElement} button @param {"audio" | "video"} kind */
  #wireMute(button, kind) {
    button.addEventListener("click", () => {
      if (this.#visavis.isMuted(kind)) this.#visavis.unmute(kind);
      else this.#visavis.mute(kind);
      const muted = this.#visavis.isMuted(kind);
      button.setAttribute("aria-pressed", String(muted));
      if (kind === "video") find("camera-off", HTMLElement).hidden = !muted;
    });
  }

  #wireDevices() {
    const dialog = find("devices-dialog", HTMLDialogElement);
    const trouble = find("devices-trouble", HTMLElement);
    const menu = new DeviceMenu(
      this.#tongue,
      find("talk-camera", HTMLSelectElement),
      find("talk-microphone", HTMLSelectElement),
    );
    menu.onChange(async (kind, deviceId) => {
      trouble.hidden = true;
      try {
        if (kind === "camera") await this.#visavis.useCamera(deviceId);
        else await this.#visavis.useMicrophone(deviceId);
      } catch {
        trouble.textContent = this.#tongue.words.mediaBusy;
        trouble.hidden = false;
      }
    });
    find("devices", HTMLButtonElement).addEventListener("click", async () => {
      await menu.fill(this.#visavis.local);
      dialog.showModal();
    });
  }

  #wireReport() {
    const open = makeReportDialog((category, note) => this.#report(category, note));
    find("report", HTMLButtonElement).addEventListener("click", open);
  }

  /** @param {Category} category @param {string} note */
  #report(category, note) {
    if (!this.#visavis.report(category, note)) {
      return this.#note(this.#tongue.words.notReported);
    }
    if (this.#visavis.state === "matched") this.#next();
  }

  // Showing it.

  /** @param {Partial<import("./status.js").Circumstances>} news */
  #know(news) {
    this.#known = { ...this.#known, ...news };
    this.#drawSoon();
  }

  /** @param {string} text */
  #note(text) {
    this.#settled().note(text);
  }

  /** The chat, once the page shows what has changed so far. */
  #settled() {
    if (this.#due) this.#draw();
    return this.#chat;
  }

  #drawSoon() {
    if (!this.#due) this.#drawIn(this.#patience());
  }

  /** @param {number} ms */
  #drawIn(ms) {
    clearTimeout(this.#due);
    if (ms > 0) this.#due = setTimeout(() => this.#draw(), ms);
    else this.#draw();
  }

  /** How long this state may go unwritten, in milliseconds. The cover does not wait. */
  #patience() {
    const { state } = this.#visavis;
    if (state === "looking") return this.#drawn === "matched" ? QUICK_MS : 0;
    return state === "matched" && this.#known.mode === "video" ? FACE_FIRST_MS : 0;
  }

  #draw() {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#drawn = this.#visavis.state;
    const isMatched = this.#drawn === "matched";
    this.#chat.turn(isMatched ? "open" : "closed");
    this.#show();
    if (isMatched && this.#isNew) this.#beginChat();
    this.#isNew = false;
  }

  #title() {
    return describe(this.#visavis.state, this.#known, this.#tongue.words)[0];
  }

  #detail() {
    return describe(this.#visavis.state, this.#known, this.#tongue.words)[1];
  }

  #show() {
    const { state } = this.#visavis;
    const { words } = this.#tongue;
    this.#section.dataset.state = state;
    find("state", HTMLElement).textContent = state;
    say(find("status-title", HTMLElement), this.#title());
    say(find("status-detail", HTMLElement), this.#detail());
    say(find("cover-title", HTMLElement), this.#title());
    // For who waits in another tab.
    if (!this.#section.hidden) document.title = `${this.#title()} · visavis`;
    const ageCheck = state === "connecting" ? this.#known.ageCheck : null;
    find("age-check", HTMLAnchorElement).href = ageCheck ?? "";
    find("age-check", HTMLAnchorElement).hidden = ageCheck === null;
    find("anybody", HTMLButtonElement).hidden = !(state === "looking" && this.#known.byInterests);
    // Not `disabled`, which would take the keyboard away from under the visitor's finger.
    dim("stop", !["looking", "matched", "left"].includes(state));
    dim("next", state === "connecting");
    dim("report", state === "connecting" || state === "full");
    say(find("next-word", HTMLElement), this.#nextWord(words));
  }

  /** @param {Words} words */
  #nextWord(words) {
    const { state } = this.#visavis;
    if (state === "idle") return words.look;
    if (state === "full" || (state === "lost" && this.#known.endedReason)) return words.tryAgain;
    return words.next;
  }
}

/** @param {string} id of a button @param {boolean} idle whether it would do nothing now */
function dim(id, idle) {
  find(id, HTMLButtonElement).setAttribute("aria-disabled", String(idle));
}

/**
 * Changes words only where they differ, so that a screen reader hears each but once.
 * @param {HTMLElement} element
 * @param {string} text
 */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
