// @ts-check
/**
 * Chromium and Firefox, face to face: their payload types and header-extension numbers differ, so
 * what arrives has been translated.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { arriveInFirefox, openFirefox } from "./firefox.mjs";
import { assertHealthy, pressNext, reportNextTimes } from "./measure.mjs";
import { startServer } from "./server.mjs";

const TIMES = 10;

/** @type {import("playwright-core").Browser[]} */
let chromiums;
/** @type {import("puppeteer-core").Browser} */
let firefox;

before(async () => {
  chromiums = await Promise.all([openChromium("red"), openChromium("blue")]);
  firefox = await openFirefox();
});

after(() => Promise.all([...(chromiums ?? []), firefox].map((browser) => browser?.close())));

/** @param {import("node:test").TestContext} context */
async function gather(context) {
  const server = await startServer();
  context.after(() => server.stop());
  const [red, blue] = await Promise.all(chromiums.map((browser) => arrive(browser, server.url)));
  assert.ok(red && blue);
  const yellow = await arriveInFirefox(firefox, server.url, "yellow");
  context.after(() => Promise.all([red, blue, yellow].map(({ page }) => page.close())));
  return { red, blue, yellow };
}

test("a Chromium and a Firefox see, hear and read each other", async (context) => {
  const { red, yellow } = await gather(context);
  await red.start();
  await red.reaches("looking");
  await yellow.start();
  await Promise.all([red.meetsColour("yellow"), yellow.meetsColour("red")]);
  for (const [one, other] of /** @type {const} */ ([[red, yellow], [yellow, red]])) {
    await one.say("bonjour");
    await other.until("reads it", async () => (await other.read("chat-log")).includes("bonjour"));
    await one.until("hears sound", async () => (await one.stats()).audio.energy > 0);
  }
});

test("ten Nexts of a Chromium between a Firefox and a Chromium", async (context) => {
  const { red, blue, yellow } = await gather(context);
  await red.start();
  await red.reaches("looking");
  await yellow.start();
  await Promise.all([red.meetsColour("yellow"), yellow.meetsColour("red")]);
  await blue.start();
  const times = await pressNext(red, [[yellow, "yellow"], [blue, "blue"]], TIMES);
  await reportNextTimes("Chromium to Firefox and Chromium", red, times);
  await assertHealthy([red, blue, yellow]);
});

test("ten Nexts of a Firefox between two Chromiums", async (context) => {
  const { red, blue, yellow } = await gather(context);
  await yellow.start();
  await yellow.reaches("looking");
  await red.start();
  await Promise.all([yellow.meetsColour("red"), red.meetsColour("yellow")]);
  await blue.start();
  const times = await pressNext(yellow, [[red, "red"], [blue, "blue"]], TIMES);
  await reportNextTimes("Firefox to Chromium", yellow, times);
  await assertHealthy([red, blue, yellow]);
});
