// @ts-check
/**
 * Nexts among three Chromiums, over lines that delay media, and how long each takes until the new face. No test: the
 * browsers' own part of it differs from machine to machine.
 *
 * node web/test/browser/next-times.mjs [--delay 25] [--nexts 12] [--runs 3] [--size 160x120]
 */

import { parseArgs } from "node:util";
import { arrive, openChromium } from "./chromium.mjs";
import { startBeyond } from "./hop.mjs";
import { pressNext, reportNextTimes } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    delay: { type: "string", default: "25" },
    nexts: { type: "string", default: "12" },
    runs: { type: "string", default: "3" },
    size: { type: "string", default: "160x120" },
  },
});

const size = values.size.split("x").map(Number);

/** @param {number} turn */
async function run(turn) {
  const { url, stop } = await startBeyond({ up: 0, down: 0, delayMs: Number(values.delay) });
  const colours = /** @type {const} */ (["red", "green", "blue"]);
  const browsers = await Promise.all(colours.map((colour) => openChromium(colour, { size })));
  try {
    const [red, green, blue] = await Promise.all(browsers.map((browser) => arrive(browser, url)));
    if (!red || !green || !blue) throw new Error("it takes three");
    await red.start();
    await red.reaches("looking");
    await green.start();
    await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
    await blue.start();
    const times = await pressNext(red, [[green, "green"], [blue, "blue"]], Number(values.nexts));
    await reportNextTimes(`run ${turn}, ${values.size}, ${values.delay} ms each way`, red, times);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await stop();
  }
}

for (let turn = 1; turn <= Number(values.runs); turn += 1) await run(turn);
