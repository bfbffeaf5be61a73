// @ts-check
/** A visitor: the page in a real Chromium, against a scripted server. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openChromium } from "./chromium.mjs";
import { Double, LIMITS, serveFiles } from "./double.mjs";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */
/** @import { Reply, Request } from "../../client/contract.js" */

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof serveFiles>>} */
let files;

before(async () => {
  browser = await openChromium("green");
  files = await serveFiles({ online: 41 });
});

after(async () => {
  await browser?.close();
  files?.close();
});

/** @type {Reply} */
export const JOINED = { type: "joined", resume: "t1", grace_ms: 15_000, online: 42, limits: LIMITS };

/** @type {Reply} */
export const WAITING = { type: "waiting", online: 42, usual_wait_ms: 2600, by_interests: true };

/** @param {string} match @returns {Reply} */
export const matched = (match) => ({ type: "matched", match, interests: ["chess"], languages: [], online: 42 });

/** What most servers would say. @param {Request} request @param {Double} double */
export function ordinary(request, double) {
  if (request.type === "join") {
    double.say(JOINED);
    // A page that is closed meanwhile needs no answer.
    if (request.offer) double.answer(request.offer, "#b7674a").catch(() => {});
  }
  if (request.type === "next") double.say(WAITING);
  if (request.type === "stop") double.say({ type: "idle", online: 42 });
  if (request.type === "report") double.say({ type: "reported" });
}

/**
 * A page at the door; the test fails if it complains in its console, as it does when something
 * inline is refused by the content security policy.
 * @param {BrowserContextOptions} [options]
 * @param {(request: Request, double: Double) => void} [script]
 * @param {(page: Page) => Promise<unknown>} [prepare]
 */
export async function visit(options = {}, script = ordinary, prepare = async () => {}) {
  const context = await browser.newContext({ locale: "en-US", ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.addInitScript(watchMedia);
  await prepare(page);
  const double = new Double(page, script);
  await double.start();
  await page.goto(files.url);
  const leave = async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  };
  return { page, double, leave };
}

/** Runs in the page: counts what is asked of cameras and how many connections are made. */
function watchMedia() {
  Object.assign(globalThis, { asked: 0, connections: 0 });
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (constraints) => {
    Reflect.set(globalThis, "asked", Reflect.get(globalThis, "asked") + 1);
    return ask(constraints);
  };
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      // The double's own end is made without a configuration.
      if (configuration) Reflect.set(globalThis, "connections", Reflect.get(globalThis, "connections") + 1);
    }
  };
}

/** @param {Page} page @param {string} wanted */
export async function untilState(page, wanted) {
  await page.waitForFunction((text) => document.getElementById("state")?.textContent === text, wanted);
}

/** @param {Page} page */
export const shown = (page) => page.waitForFunction(() => document.getElementById("cover")?.hidden);

/** @param {Page} page @param {"video" | "text"} [mode] */
export async function start(page, mode = "video") {
  if (mode === "text") await page.getByTestId("text-only").check();
  await page.getByTestId("agree").check();
  await page.getByTestId("start").click();
}

/** A visitor who is talking by text, which needs no picture. */
export async function visitTalking() {
  const visitor = await visit();
  await start(visitor.page, "text");
  await visitor.double.next("join");
  visitor.double.say(WAITING);
  visitor.double.say(matched("a"));
  await untilState(visitor.page, "matched");
  return visitor;
}
