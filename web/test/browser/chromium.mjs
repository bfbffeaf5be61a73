// @ts-check
/** A real Chromium with a camera of one colour. */

import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { cameraFile } from "./camera.mjs";
import { instrument } from "./instruments.mjs";
import { Person } from "./person.mjs";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Colour } from "./camera.mjs" */

export const PROGRAM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  // Servers of these tests live on loopback, or on a second address of a namespace's loopback.
  "--allow-loopback-in-peer-connection",
];

/** Small, for without a graphics card to show a picture costs a browser as much as to send it. */
const WINDOW = { width: 400, height: 300 };

/**
 * @param {Colour} colour what its camera sees
 * @param {{ program?: string, flags?: string[], size?: number[] }} [special] `size` of its picture
 * @returns {Promise<Browser>}
 */
export async function openChromium(colour, { program = PROGRAM, flags = [], size } = {}) {
  return chromium.launch({
    executablePath: program,
    ignoreDefaultArgs: ["--mute-audio", "--headless=old"],
    args: [...FLAGS, ...flags, `--use-file-for-fake-video-capture=${cameraFile(colour, size)}`],
  });
}

/**
 * Somebody with a camera of this colour, at the door of a server.
 * @param {Browser} browser
 * @param {string} url
 * @param {(page: Page) => Promise<unknown>} [prepare] before the page is opened
 */
export async function arrive(browser, url, prepare = async () => {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: WINDOW });
  const page = await context.newPage();
  await prepare(page);
  await page.addInitScript(instrument);
  await page.goto(url);
  return new Person(page);
}

/** Roles of what can be operated and has no name. @param {Page} page */
export async function nameless(page) {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  const roles = ["button", "textbox", "combobox", "checkbox", "radio", "meter", "log", "dialog"];
  const operated = nodes.filter((node) => !node.ignored && roles.includes(node.role?.value));
  assert.ok(operated.length > 1, "the tree was read");
  return operated.filter((node) => !node.name?.value).map((node) => node.role?.value);
}
