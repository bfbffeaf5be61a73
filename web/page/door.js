// @ts-check
/** The first screen: what this is, the visitor's statement, camera and wishes. */

import { openMedia } from "../client/devices.js";
import { DeviceMenu } from "./device-menu.js";
import { find } from "./find.js";
import { showLevel } from "./level.js";

/** @import { Wish } from "../client/visavis.js" */
/** @import { Words } from "../i18n/en.js" */
/** @import { Tongue } from "./tongue.js" */

/** Languages to choose from, besides the visitor's own: those most people speak. */
const SPOKEN =
  "ar bn cs da de el en es fa fi fr he hi hu id it ja ko nl no pl pt ro ru sv sw ta th tr uk ur vi zh";

const TROUBLE = /** @type {const} */ ({
  NotAllowedError: "mediaDenied",
  NotFoundError: "mediaMissing",
  NotReadableError: "mediaBusy",
  SecurityError: "mediaInsecure",
});

const REFUSALS = /** @type {const} */ ({
  bad_interests: "refusedInterests",
  no_codec: "refusedCodec",
  draining: "refusedDraining",
  unauthorized: "refusedToken",
  forbidden: "refusedToken",
  challenge_failed: "refusedChallenge",
  age_not_assured: "refusedAge",
  lost: "lostForGood",
});

/**
 * The words of a wish, as typed. @param {string} typed
 * @returns {string[]}
 */
export function splitInterests(typed) {
  const words = typed.split(/[,;\n]/).map((word) => word.trim().replace(/^#/, ""));
  return [...new Set(words.filter((word) => word !== ""))];
}

export class Door {
  #tongue;
  #form = find("door", HTMLFormElement);
  #textOnly = find("text-only", HTMLInputElement);
  #interests = find("interests", HTMLInputElement);
  #spoken = find("spoken", HTMLSelectElement);
  #start = find("start", HTMLButtonElement);
  #trouble = find("door-trouble", HTMLElement);
  #preview = find("preview", HTMLFieldSetElement);
  #empty = find("preview-empty", HTMLElement);
  #video = find("preview-video", HTMLVideoElement);
  /** @type {MediaStream | null} */
  #stream = null;
  #stopLevel = () => {};
  #devices;

  /** @param {Tongue} tongue @param {(wish: Wish) => void} enter */
  constructor(tongue, enter) {
    this.#tongue = tongue;
    this.#devices = new DeviceMenu(
      tongue,
      find("door-camera", HTMLSelectElement),
      find("door-microphone", HTMLSelectElement),
    );
    this.#devices.onChange(() => this.#stream && this.#openPreview());
    void this.#devices.fill();
    this.#listSpoken();
    tongue.addEventListener("change", () => this.#listSpoken());
    find("preview-open", HTMLButtonElement).addEventListener("click", () => this.#openPreview());
    this.#textOnly.addEventListener("change", () => this.#turnPreview());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter(enter);
    });
    this.#turnPreview();
  }

  /** Back at the door, with a word about why if there is one. @param {string | null} code */
  open(code) {
    this.#form.hidden = false;
    find("door-title", HTMLElement).focus({ preventScroll: true });
    if (code !== null) this.#complain(REFUSALS[/** @type {keyof typeof REFUSALS} */ (code)] ?? "refused");
    void this.#devices.fill();
  }

  close() {
    this.#form.hidden = true;
    this.#closePreview();
  }

  /** @param {(wish: Wish) => void} enter */
  async #enter(enter) {
    this.#trouble.hidden = true;
    const wish = {
      adult: true, // The form is not submitted before the visitor has stated it.
      interests: splitInterests(this.#interests.value),
      languages: this.#spoken.value ? [this.#spoken.value] : [],
    };
    if (this.#textOnly.checked) return enter({ ...wish, mode: "text" });
    this.#start.disabled = true;
    try {
      const stream = this.#stream ?? (await openMedia(this.#devices.choice));
      this.#stream = null;
      enter({ ...wish, mode: "video", stream });
    } catch (cause) {
      this.#complainOfMedia(cause);
    } finally {
      this.#start.disabled = false;
    }
  }

  #turnPreview() {
    this.#preview.hidden = this.#textOnly.checked;
    if (this.#textOnly.checked) this.#closePreview();
  }

  async #openPreview() {
    const { choice } = this.#devices;
    this.#closePreview();
    this.#trouble.hidden = true;
    try {
      const stream = await openMedia(choice);
      this.#stream = stream;
      this.#video.srcObject = stream;
      this.#empty.hidden = true;
      this.#stopLevel = showLevel(stream, find("level", HTMLMeterElement));
      await this.#devices.fill(stream);
    } catch (cause) {
      this.#complainOfMedia(cause);
    }
  }

  #closePreview() {
    this.#stopLevel();
    this.#stopLevel = () => {};
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
    this.#empty.hidden = false;
  }

  /** @param {unknown} cause */
  #complainOfMedia(cause) {
    const name = cause instanceof DOMException ? cause.name : "";
    this.#complain(TROUBLE[/** @type {keyof typeof TROUBLE} */ (name)] ?? "mediaMissing");
  }

  /** @param {keyof Words} key */
  #complain(key) {
    this.#trouble.textContent = String(this.#tongue.words[key]);
    this.#trouble.hidden = false;
  }

  /** Languages by their names in the page's language; the visitor's own is chosen. */
  #listSpoken() {
    const names = new Intl.DisplayNames(this.#tongue.language, { type: "language" });
    const own = navigator.language.split("-")[0] ?? "";
    const chosen = this.#spoken.options.length > 0 ? this.#spoken.value : own;
    const tags = [...new Set([...SPOKEN.split(" "), own])].filter((tag) => tag !== "");
    const options = tags
      .map((tag) => new Option(names.of(tag) ?? tag, tag))
      .sort((one, other) => one.text.localeCompare(other.text, this.#tongue.language));
    this.#spoken.replaceChildren(new Option(this.#tongue.words.anyLanguage, ""), ...options);
    this.#spoken.value = chosen;
  }
}
