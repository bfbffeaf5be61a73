// @ts-check
/** Networks that change, and networks that let little through. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PROGRAM, arrive, openChromium } from "./chromium.mjs";
import { Elsewhere } from "./elsewhere.mjs";
import { freePort, startServer } from "./server.mjs";
import { TurnServer } from "./turn.mjs";

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

test("who has IPv6 alone meets who has IPv4 alone, and an address that leads nowhere harms neither", async (context) => {
  const elsewhere = await new Elsewhere().open();
  context.after(() => elsewhere.close());
  elsewhere.moveToV6();
  const port = await freePort();
  const own = process.env.VISAVIS_TEST_ADDRESS ?? "127.0.0.1";
  const server = await startServer(
    { media: { listen: `[::]:${port}`, advertise: ["203.0.113.9", elsewhere.serverV6, own] } },
    { host: "[::]" },
  );
  context.after(() => server.stop());
  const door = `http://[${elsewhere.serverV6}]:${server.port}`;
  const modern = await openChromium("red", {
    program: elsewhere.wrap(PROGRAM),
    flags: [`--unsafely-treat-insecure-origin-as-secure=${door}`],
  });
  context.after(() => modern.close());
  const settled = await openChromium("green");
  context.after(() => settled.close());
  const red = await arrive(modern, door);
  await red.start();
  await red.reaches("looking");
  const green = await arrive(settled, server.url);
  await green.start();
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
});

test("who has neither UDP nor the media port comes by the operator's TURN server", async (context) => {
  const elsewhere = await new Elsewhere().open();
  context.after(() => elsewhere.close());
  const turn = await new TurnServer(elsewhere.server).open();
  context.after(() => turn.close());
  const port = await freePort();
  const server = await startServer(
    {
      media: { listen: `0.0.0.0:${port}`, advertise: [elsewhere.server] },
      ice: { urls: [turn.url], turn_secret: turn.secretFile },
    },
    { host: "0.0.0.0" },
  );
  context.after(() => server.stop());
  elsewhere.blockUdp();
  elsewhere.blockTcp(port);
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
  assert.match(turn.log, /ALLOCATE processed, success/);
  assert.match(await metrics(server.url), /^visavis_media_tcp_connections 0$/m);
});

/** @param {string} url */
async function metrics(url) {
  return (await fetch(`${url}/metrics`)).text();
}
