// @ts-check
/** Somebody before a browser: what they do on the page and what they see there. */

import { setTimeout as pause } from "node:timers/promises";
import { nearestColour } from "./camera.mjs";
import { readStats } from "./instruments.mjs";

/** @import { State } from "../../client/contract.js" */

/** Long enough for a debug build on a busy machine. */
const PATIENCE_MS = 20_000;

/** The longest pause between two looks at what is waited for: a fifth of the shortest state (`requeue_ms`). */
const SELDOM_MS = 100;

/**
 * What the pages of playwright and of puppeteer have in common.
 * @typedef {object} AnyPage
 * @property {(script: any, argument?: any) => Promise<any>} evaluate
 * @property {(selector: string, options?: any) => Promise<unknown>} click
 * @property {(selector: string) => Promise<unknown>} focus
 * @property {{ press: (key: any) => Promise<unknown>, type: (text: string) => Promise<unknown> }} keyboard
 * @property {() => Promise<unknown>} reload
 * @property {() => Promise<unknown>} close
 */

export class Person {
  /** @param {AnyPage} page at the door, with instruments */
  constructor(page) {
    this.page = page;
  }

  /** @param {"video" | "text"} [mode] */
  async start(mode = "video") {
    if (mode === "text") await this.press("text-only");
    await this.press("agree");
    await this.press("start");
  }

  /** @param {string} id the `data-testid` of what is clicked */
  async press(id) {
    // No button of the page leads elsewhere: there is no navigation to wait for.
    await this.page.click(`[data-testid=${id}]`, { noWaitAfter: true });
  }

  async escape() {
    await this.page.keyboard.press("Escape");
  }

  /** @param {string} text */
  async write(text) {
    await this.page.focus("[data-testid=chat-input]");
    await this.page.keyboard.type(text);
  }

  /** @param {string} text */
  async say(text) {
    await this.write(text);
    await this.page.keyboard.press("Enter");
  }

  // What they see.

  /** @param {string} id @returns {Promise<string>} */
  read(id) {
    return this.page.evaluate(
      (/** @type {string} */ it) => document.querySelector(`[data-testid=${it}]`)?.textContent ?? "",
      id,
    );
  }

  /** @param {string} id @returns {Promise<boolean>} */
  sees(id) {
    return this.page.evaluate(
      (/** @type {string} */ it) =>
        document.querySelector(`[data-testid=${it}]`)?.checkVisibility({ visibilityProperty: true }) ?? false,
      id,
    );
  }

  /** @param {State} state */
  async reaches(state) {
    await this.until(`is ${state}`, async () => (await this.read("state")) === state);
  }

  /** Waits for a partner's picture. @returns {Promise<string>} the colour they see */
  async meets() {
    await this.reaches("matched");
    await this.until("sees a picture", async () => !(await this.isCovered()));
    return this.colour();
  }

  /** @param {string} colour */
  async meetsColour(colour) {
    await this.meets();
    await this.until(`sees ${colour}`, async () => (await this.colour()) === colour);
  }

  /** @returns {Promise<boolean>} */
  isCovered() {
    return this.page.evaluate(() => document.getElementById("cover")?.hidden === false);
  }

  /** What colour the stranger's picture has now. */
  async colour() {
    return nearestColour(await this.page.evaluate("instruments.look()"));
  }

  /** The colour of each stranger at the moment their picture was uncovered, in order. */
  async firstColours() {
    /** @type {{ colour: number[] }[]} */
    const faces = await this.page.evaluate("instruments.faces");
    return faces.map(({ colour }) => nearestColour(colour));
  }

  /** How often the page asked for a camera. @returns {Promise<number>} */
  asked() {
    return this.page.evaluate("instruments.asked");
  }

  /** How many connections the page made. @returns {Promise<number>} */
  legs() {
    return this.page.evaluate("instruments.legs.length");
  }

  /** @returns {ReturnType<typeof readStats>} */
  stats() {
    return this.page.evaluate(readStats);
  }

  /** Whether the server may tell its browser when to show a picture. */
  isToldWhenToShow() {
    return this.page.evaluate(() => {
      const leg = /** @type {any} */ (globalThis).instruments.legs.at(-1);
      const [receiver] = leg.getReceivers().filter((/** @type {any} */ one) => one.track.kind === "video");
      const extensions = receiver.getParameters().headerExtensions;
      return extensions.some((/** @type {any} */ one) => one.uri.endsWith("/playout-delay"));
    });
  }

  /** From each Next to the first new picture, in milliseconds, as the page itself measured it. */
  nextTimes() {
    return /** @type {Promise<number[]>} */ (
      this.page.evaluate(() =>
        performance.getEntriesByName("visavis: next to picture").map(({ duration }) => duration),
      )
    );
  }

  /**
   * @param {string} what for the message when it never comes
   * @param {() => Promise<boolean>} holds
   */
  async until(what, holds) {
    const end = Date.now() + PATIENCE_MS;
    // To ask costs the page more than to relay does: what takes long is asked for less often.
    for (let waitMs = 20; Date.now() < end; waitMs = Math.min(1.5 * waitMs, SELDOM_MS)) {
      if (await holds()) return;
      await pause(waitMs);
    }
    const state = await this.read("state");
    throw new Error(`nobody ${what} within ${PATIENCE_MS} ms; the state is ${state}`);
  }
}
