// @ts-check
/** Which language the page speaks, and saying it. */

/** @import { Words } from "../i18n/en.js" */

/** Every language that the pages speak; English first. */
const LANGUAGES = ["en", "fr"];

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
  return spoken.find((language) => LANGUAGES.includes(language)) ?? "en";
}

/**
 * Tells `change` after the language was switched, so that what is not in the document follows.
 * @template {object} [W=Words] the words of one page
 */
export class Tongue extends EventTarget {
  language = chooseLanguage([remembered(), ...navigator.languages]);
  #tables;

  /** @param {{ en: W, fr: W }} tables the words in each language */
  constructor(tables) {
    super();
    this.#tables = tables;
  }

  get words() {
    return this.language === "fr" ? this.#tables.fr : this.#tables.en;
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
    return String(Reflect.get(this.words, element.getAttribute(attribute) ?? ""));
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
