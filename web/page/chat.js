// @ts-check
/** What is written in a conversation: showing it, writing it, keeping it. */

import { find } from "./find.js";

/** @import { Tongue } from "./tongue.js" */

/** Older lines leave the screen, so that a flood cannot fill the browser's memory. */
const MAX_LINES = 500;

export class Chat {
  #tongue;
  #log = find("chat-log", HTMLElement);
  #typing = find("typing", HTMLElement);
  #input = find("chat-input", HTMLTextAreaElement);
  #button = find("chat-send", HTMLButtonElement);
  /** The keyboard was in the field when the last match ended. */
  #lent = false;

  /**
   * @param {Tongue} tongue
   * @param {{ say: (text: string) => boolean, typing: () => void }} mouth
   */
  constructor(tongue, mouth) {
    this.#tongue = tongue;
    const form = find("chat-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write(mouth.say);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#input.addEventListener("input", () => {
      this.#grow();
      if (this.#input.value.trim()) mouth.typing();
    });
  }

  /** A new conversation: nothing of the last one stays. */
  begin() {
    this.#log.replaceChildren();
    this.#typing.hidden = true;
  }

  /** @param {"open" | "closed"} door whether there is somebody to write to */
  turn(door) {
    const focused = document.activeElement;
    const next = find("next", HTMLButtonElement);
    if (door === "open") {
      this.#input.disabled = this.#button.disabled = false;
      if (this.#lent && focused === next) this.focus();
      this.#lent = false;
      return;
    }
    this.#typing.hidden = true;
    // A disabled field loses the keyboard: lend it to where the visitor goes on.
    if (focused === this.#input || focused === this.#button) {
      this.#lent = true;
      next.focus({ preventScroll: true });
    }
    this.#input.disabled = this.#button.disabled = true;
  }

  /** What the stranger wrote. @param {string} text */
  hear(text) {
    this.#typing.hidden = true;
    this.#add("heard", this.#tongue.words.stranger, text);
  }

  /** A word from the page itself. @param {string} text */
  note(text) {
    this.#add("note", "", text);
  }

  /** @param {boolean} active */
  showTyping(active) {
    this.#typing.textContent = active ? this.#tongue.words.typing : "";
    this.#typing.hidden = !active;
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  /** Hands the conversation to the visitor as a file; it goes nowhere else. */
  save() {
    const lines = [...this.#log.children].map((line) => line.textContent);
    const url = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `visavis-${new Date().toISOString().slice(0, 16).replace(/[T:]/g, "-")}.txt`;
    link.click();
    URL.revokeObjectURL(url);
  }

  /** @param {(text: string) => boolean} say */
  #write(say) {
    const text = this.#input.value.trim();
    if (text === "") return;
    if (!say(text)) return this.note(this.#tongue.words.notSent);
    this.#add("own", this.#tongue.words.you, text);
    this.#input.value = "";
    this.#grow();
  }

  /** @param {"own" | "heard" | "note"} whose @param {string} name @param {string} text */
  #add(whose, name, text) {
    const line = document.createElement("p");
    line.className = whose;
    if (name) {
      const speaker = document.createElement("span");
      speaker.className = "visually-hidden";
      speaker.textContent = `${name}: `;
      line.append(speaker);
    }
    // As text, never as HTML: it comes from a stranger.
    const words = document.createElement("span");
    words.textContent = text;
    words.dir = "auto";
    line.append(words);
    this.#log.append(line);
    while (this.#log.childElementCount > MAX_LINES) this.#log.firstElementChild?.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** As many rows as the text has, up to four. */
  #grow() {
    this.#input.rows = Math.min(4, this.#input.value.split("\n").length);
  }
}
