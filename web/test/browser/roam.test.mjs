// @ts-check
/** Networks that change, and networks that let little through. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PROGRAM, arrive, openChromium } from "./chromium.mjs";
import { Elsewhere } from "./elsewhere.mjs";
import { startServer } from "./server.mjs";

test("a visitor who changes networks keeps partner, connection and picture", async (context) => {
  const elsewhere = await new Elsewhere().open();
  context.after(() => elsewhere.close());
  const server = await startServer(
    // The browser notices within 6 s on a calm machine; the partner is not told before.
    { media: { advertise: [elsewhere.server], silence_ms: 15_000 }, lobby: { grace_ms: 20_000 } },
    { host: "0.0.0.0" },
  );
  context.after(() => server.stop());
  const door = `http://${elsewhere.server}:${server.port}`;
  const roaming = await openChromium("red", {
    program: elsewhere.wrap(PROGRAM),
    // Not localhost and not https, yet to be trusted with a camera here.
    flags: [`--unsafely-treat-insecure-origin-as-secure=${door}`],
  });
  context.after(() => roaming.close());
  const settled = await openChromium("green");
  context.after(() => settled.close());
  const red = await arrive(roaming, door);
  await red.start();
  await red.reaches("looking");
  const green = await arrive(settled, server.url);
  await green.start();
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);

  elsewhere.moveTo("198.51.100.3");
  const seen = await Promise.all([red, green].map(async (person) => (await person.stats()).video.decoded));
  for (const [index, person] of [red, green].entries()) {
    const before = seen[index] ?? 0;
    // Frames that were in the buffer are not the news: three seconds of picture are.
    await person.until("sees on", async () => (await person.stats()).video.decoded > before + 90);
  }
  await Promise.all([red.reaches("matched"), green.reaches("matched")]);
  assert.deepEqual([await red.legs(), await green.legs()], [1, 1]);
  assert.deepEqual([await red.colour(), await green.colour()], ["green", "red"]);
  assert.equal((await red.firstColours()).length, 1, "there was but one match");
});

test("who has no UDP meets somebody by TCP, sees them and goes on", async (context) => {
  const elsewhere = await new Elsewhere().open();
  context.after(() => elsewhere.close());
  elsewhere.blockUdp();
  const server = await startServer({ media: { advertise: [elsewhere.server] } }, { host: "0.0.0.0" });
  context.after(() => server.stop());
  const door = `http://${elsewhere.server}:${server.port}`;
  const confined = await openChromium("red", {
    program: elsewhere.wrap(PROGRAM),
    flags: [`--unsafely-treat-insecure-origin-as-secure=${door}`],
  });
  context.after(() => confined.close());
  const settled = await openChromium("green");
  context.after(() => settled.close());
  const red = await arrive(confined, door);
  await red.start();
  await red.reaches("looking");
  const green = await arrive(settled, server.url);
  await green.start();
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
  const before = (await red.stats()).video.decoded;
  await red.until("sees on", async () => (await red.stats()).video.decoded > before + 60);
  assert.match(await metrics(server.url), /^visavis_media_tcp_connections 1$/m);
});

/** @param {string} url */
async function metrics(url) {
  return (await fetch(`${url}/metrics`)).text();
}
