// @ts-check
/** Which language the page speaks, and saying it. */

import { en } from "../i18n/en.js";
import { fr } from "../i18n/fr.js";

/** @import { Words } from "../i18n/en.js" */

/** @type {Record<string, Words>} */
const LANGUAGES = { en, fr };

const REMEMBERED = "visavis.language";

/** Attributes of the document that name the words for a part of an element. */
const PLACES = [
  ["data-words-label", "aria-label"],
  ["data-words-placeholder", "placeholder"],
  ["data-words-title", "title"],
];

/**
 * The first of the wanted languages that the page speaks, else English.
 * @param {readonly string[]} wanted BCP 47 tags, best first
 */
export function chooseLanguage(wanted) {
  const spoken = wanted.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return spoken.find((language) => language in LANGUAGES) ?? "en";
}

/** Tells `change` after the language was switched, so that what is not in the document follows. */
export class Tongue extends EventTarget {
  language = chooseLanguage([remembered(), ...navigator.languages]);

  get words() {
    return /** @type {Words} */ (LANGUAGES[this.language]);
  }

  /** @param {string} language */
  change(language) {
    this.language = language;
    remember(language);
    this.apply();
    this.dispatchEvent(new Event("change"));
  }

  /** Says everything in the document in the language that is chosen. */
  apply() {
    document.documentElement.lang = this.language;
    for (const element of document.querySelectorAll("[data-words]")) {
      element.textContent = this.#word(element, "data-words");
    }
    for (const [attribute = "", target = ""] of PLACES) {
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        element.setAttribute(target, this.#word(element, attribute));
      }
    }
  }

  /** @param {Element} element @param {string} attribute */
  #word(element, attribute) {
    const key = /** @type {keyof Words} */ (element.getAttribute(attribute));
    return String(this.words[key]);
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return ""; // Storage is closed to this page; nothing is lost but the memory.
  }
}

/** @param {string} language */
function remember(language) {
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // As above.
  }
}
