// @ts-check
/** Ten Nexts among three Chromiums: nothing freezes, and how long each takes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { assertHealthy, pressNext, reportNextTimes } from "./measure.mjs";
import { startServer } from "./server.mjs";

const TIMES = 10;

test("ten Nexts among Chromiums are quick and nothing freezes or is lost", async (context) => {
  const server = await startServer();
  context.after(() => server.stop());
  const browsers = await Promise.all([openChromium("red"), openChromium("green"), openChromium("blue")]);
  context.after(() => Promise.all(browsers.map((browser) => browser.close())));
  const [red, green, blue] = await Promise.all(browsers.map((browser) => arrive(browser, server.url)));
  assert.ok(red && green && blue);
  await red.start();
  await red.reaches("looking");
  await green.start();
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
  await blue.start();

  assert.ok(await red.isToldWhenToShow(), "the playout delay extension is spoken");
  const times = await pressNext(red, [[green, "green"], [blue, "blue"]], TIMES);

  await reportNextTimes("Chromium to Chromium", red, times);
  await assertHealthy([red, green, blue]);
  // What was uncovered was always the new partner, never a frame of the last.
  const alternating = ["green", ...Array.from({ length: times }, (_, turn) => (turn % 2 ? "green" : "blue"))];
  assert.deepEqual(await red.firstColours(), alternating);
});
