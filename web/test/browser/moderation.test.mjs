// @ts-check
/** Nobody is shown to a stranger unseen: real browsers, a real worker, a list of known pictures. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { KNOWN_PICTURE, easel } from "./easel.mjs";
import { startServer } from "./server.mjs";

/** @import { Browser } from "playwright-core" */
/** @import { Person } from "./person.mjs" */
/** @import { Server } from "./server.mjs" */

/** @type {Browser[]} */
let browsers = [];
/** @type {Server} */
let server;
/** @type {Person[]} */
let present = [];

before(async () => {
  browsers = await Promise.all([openChromium("red"), openChromium("green")]);
});

after(() => Promise.all(browsers.map((browser) => browser.close())));

beforeEach(async () => {
  const list = join(tmpdir(), `visavis-known-${process.pid}.txt`);
  writeFileSync(list, `${KNOWN_PICTURE}\n`);
  server = await startServer({ moderation: { enabled: true, hash_list: list } });
});

afterEach(async () => {
  await Promise.all(present.map(({ page }) => page.close()));
  present = [];
  await server.stop();
});

/** @param {number} which browser @param {"stripes" | "known"} scene @param {Person} [again] */
async function enter(which, scene, again) {
  const browser = /** @type {Browser} */ (browsers[which]);
  const person = again ?? (await arrive(browser, server.url, (page) => page.addInitScript(easel, scene)));
  if (!again) present.push(person);
  await person.start();
  return person;
}

/** @param {Person} person @param {RegExp} words */
const reads = (person, words) =>
  person.until(`reads ${words}`, async () =>
    words.test(await person.page.evaluate(() => document.getElementById("status")?.textContent ?? "")),
  );

test("a known picture is shown to nobody, and whoever shows it stays outside", async (context) => {
  const offender = await enter(0, "known");
  const other = await enter(1, "stripes");
  await reads(offender, /not allowed here.*come back in/);
  await other.reaches("looking");
  assert.deepEqual(await other.firstColours(), []);
  await offender.page.reload();
  await enter(0, "stripes", offender);
  await reads(offender, /not allowed here.*come back in/);
  assert.deepEqual(await other.firstColours(), [], "the same browser is not met for another picture");
  const { code, said } = server.run(["audit", "verify", "--store-folder", join(server.folder, "data")]);
  context.diagnostic(said.trim());
  assert.equal(code, 0, said);
});

test("a known picture that appears in a match is cut off", async (context) => {
  const offender = await enter(0, "stripes");
  const other = await enter(1, "stripes");
  await Promise.all([offender.meets(), other.meets()]);
  const shownAt = await offender.page.evaluate('easel.show("known")');
  await other.reaches("left");
  const cutAfter = await other.page.evaluate((/** @type {number} */ at) => performance.timeOrigin + performance.now() - at, shownAt);
  context.diagnostic(`from the picture on the canvas to the partner's cover: ${Math.round(cutAfter)} ms`);
  assert.equal(await other.isCovered(), true);
  await reads(offender, /not allowed here/);
});

test("a worker that dies is replaced, and nobody is met meanwhile without a verdict", async () => {
  const first = await enter(0, "stripes");
  await first.until("may be met", async () => (await server.metric("visavis_screening_seconds_count")) === 1);
  for (const worker of server.workers()) process.kill(worker, "SIGKILL");
  const second = await enter(1, "stripes");
  await Promise.all([first.meets(), second.meets()]);
  assert.equal(await server.metric("visavis_screening_seconds_count"), 2);
});

test("what a service says of pictures later stops them", async (context) => {
  const secret = "a secret of more than 16 bytes";
  const file = join(tmpdir(), `visavis-service-${process.pid}.key`);
  writeFileSync(file, secret);
  /** The names of pictures of which more is to come. @type {string[]} */
  const asked = [];
  const service = createServer((request, response) => {
    request.resume();
    asked.push(String(request.headers["idempotency-key"]));
    response.writeHead(202).end();
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
  context.after(() => service.close().closeAllConnections());
  const { port } = /** @type {import("node:net").AddressInfo} */ (service.address());
  await server.stop();
  server = await startServer({
    moderation: { enabled: true },
    classifier: {
      service_url: `http://127.0.0.1:${port}/look`,
      service_secret: file,
      service_labels: ["nudity=porn"],
    },
  });
  const person = await enter(0, "stripes");
  await person.reaches("looking");
  await person.until("is looked at twice", async () => asked.length >= 2);
  for (const key of asked.slice(0, 2)) {
    const [time, body] = [Math.floor(Date.now() / 1000), JSON.stringify({ labels: { nudity: 0.99 } })];
    const signature = createHmac("sha256", secret).update(`${time}.${key}.${body}`).digest("hex");
    const headers = { "visavis-timestamp": String(time), "visavis-signature": signature };
    const answer = await fetch(`${server.url}/v1/opinions/${key}`, { method: "POST", headers, body });
    assert.equal(answer.status, 204, await answer.text());
  }
  await person.until("has their picture stopped", () => person.sees("own-blocked"));
  const forged = { "visavis-timestamp": "1", "visavis-signature": "00" };
  const unsigned = await fetch(`${server.url}/v1/opinions/${asked[0]}`, { method: "POST", headers: forged, body: "{}" });
  assert.equal(unsigned.status, 401);
});
