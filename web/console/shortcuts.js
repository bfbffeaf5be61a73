// @ts-check
/** Single keys that do something, the strip that shows them, and the switch that turns them off. */

import { draw } from "./draw.js";

/** @typedef {{ key: string, word: string, run: () => void }} Shortcut */

const REMEMBERED = "visavis.desk.keys";

/** Where a key is a letter and no order. */
const WRITTEN_IN = "input:not([type=checkbox]):not([type=radio]), textarea, select";

export class Shortcuts {
  /** @type {Shortcut[]} */
  #always = [];
  /** @type {Shortcut[]} */
  #here = [];
  #strip;
  #isOn = remembered();

  /** @param {HTMLElement} strip */
  constructor(strip) {
    this.#strip = strip;
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  get isOn() {
    return this.#isOn;
  }

  /** @param {boolean} isOn */
  turn(isOn) {
    this.#isOn = isOn;
    try {
      localStorage.setItem(REMEMBERED, isOn ? "on" : "off");
    } catch {
      // Storage is closed to this page; nothing is lost but the memory.
    }
    this.#show();
  }

  /** Those that are good on every page of the desk. @param {Shortcut[]} shortcuts */
  setAlways(shortcuts) {
    this.#always = shortcuts;
    this.#show();
  }

  /** Those of what is shown now. @param {Shortcut[]} shortcuts */
  setHere(shortcuts) {
    this.#here = shortcuts;
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key, target } = event;
    if (!this.#isOn || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (target instanceof Element && target.matches(WRITTEN_IN)) return;
    if (document.querySelector("dialog[open]")) return;
    const shortcut = [...this.#here, ...this.#always].find((one) => one.key === key);
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  }

  #show() {
    const rows = [...this.#here, ...this.#always].map(({ key, word }) =>
      draw("span", {}, draw("kbd", {}, key), ` ${word}`),
    );
    this.#strip.replaceChildren(...rows);
    this.#strip.hidden = !this.#isOn || rows.length === 0;
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) !== "off";
  } catch {
    return true;
  }
}
