// @ts-check
/**
 * Two Chromiums face to face over lines that lose and delay, for some seconds; prints what each saw. No test: what
 * a browser makes of loss differs from run to run.
 *
 * node web/test/browser/lossy.mjs [--up 0.05] [--down 0.05] [--delay 25] [--seconds 20] [--runs 3] [--size 640x480]
 */

import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { arrive, openChromium } from "./chromium.mjs";
import { startBeyond } from "./hop.mjs";

const { values } = parseArgs({
  options: {
    up: { type: "string", default: "0.05" },
    down: { type: "string", default: "0.05" },
    delay: { type: "string", default: "25" },
    seconds: { type: "string", default: "20" },
    runs: { type: "string", default: "3" },
    size: { type: "string", default: "640x480" },
  },
});

const size = values.size.split("x").map(Number);

async function run() {
  const badness = { up: Number(values.up), down: Number(values.down), delayMs: Number(values.delay) };
  const { url, stop } = await startBeyond(badness);
  const colours = /** @type {const} */ (["red", "green"]);
  const browsers = await Promise.all(colours.map((colour) => openChromium(colour, { size })));
  try {
    const people = await Promise.all(browsers.map((browser) => arrive(browser, url)));
    await Promise.all(people.map((person) => person.start()));
    await Promise.all(people.map((person) => person.meets()));
    const before = await Promise.all(people.map((person) => person.stats()));
    await pause(1000 * Number(values.seconds));
    const after = await Promise.all(people.map((person) => person.stats()));
    return after.map(({ video, availableBps }, index) => ({
      freezes: video.freezes - (before[index]?.video.freezes ?? 0),
      decoded: video.decoded - (before[index]?.video.decoded ?? 0),
      estimate: availableBps === null ? "none told" : `${Math.round(availableBps / 1000)} kbit/s`,
    }));
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await stop();
  }
}

for (let turn = 1; turn <= Number(values.runs); turn += 1) {
  for (const { freezes, decoded, estimate } of await run()) {
    console.log(`run ${turn}: ${freezes} freezes, ${decoded} pictures; what can be sent: ${estimate}`);
  }
}
