// @ts-check
/** Real Chromiums, face to face through the relay. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { startServer } from "./server.mjs";

/** @import { Browser } from "playwright-core" */
/** @import { Person } from "./person.mjs" */
/** @import { Server } from "./server.mjs" */

/** @typedef {"red" | "green" | "blue"} Camera */

/** @type {Record<Camera, Browser>} */
let browsers;
/** @type {Server} */
let server;
/** @type {Person[]} */
let present = [];

before(async () => {
  const [red, green, blue] = await Promise.all([
    openChromium("red"),
    openChromium("green"),
    openChromium("blue"),
  ]);
  browsers = { red, green, blue };
});

after(() => Promise.all(Object.values(browsers ?? {}).map((browser) => browser.close())));

beforeEach(async () => {
  server = await startServer();
});

afterEach(async () => {
  await Promise.all(present.map(({ page }) => page.close()));
  present = [];
  await server.stop();
});

/** @param {Camera} camera @param {"video" | "text"} [mode] */
async function enter(camera, mode = "video") {
  const person = await arrive(browsers[camera], server.url);
  present.push(person);
  await person.start(mode);
  return person;
}

/** Red and green, matched and seeing each other. */
async function pair() {
  const red = await enter("red");
  await red.reaches("looking");
  const green = await enter("green");
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
  return { red, green };
}

test("two strangers see and hear each other", async () => {
  const { red, green } = await pair();
  for (const person of [red, green]) {
    const { audio } = await person.stats();
    await person.until("hears sound", async () => {
      const now = (await person.stats()).audio;
      return now.packets > audio.packets + 25 && now.energy > audio.energy;
    });
  }
});

test("text and typing go both ways", async () => {
  const { red, green } = await pair();
  for (const [one, other, text] of /** @type {[Person, Person, string][]} */ ([
    [red, green, "hello from red"],
    [green, red, "<i>hello</i> from green"],
  ])) {
    await one.write(text);
    await other.until("sees typing", () => other.sees("typing"));
    await one.page.keyboard.press("Enter");
    await other.until("reads it", async () => (await other.read("chat-log")).includes(text));
    await other.until("sees typing end", async () => !(await other.sees("typing")));
  }
});

test("Next brings a third person's picture on the same connection", async () => {
  const { red, green } = await pair();
  const blue = await enter("blue");
  await blue.reaches("looking");
  await red.escape();
  await Promise.all([red.meetsColour("blue"), blue.meetsColour("red")]);
  await green.reaches("looking");
  assert.equal(await red.legs(), 1);
  assert.equal(await blue.legs(), 1);
  // No moment of the last partner: what was uncovered was the new one's from its first frame.
  assert.deepEqual(await red.firstColours(), ["green", "blue"]);
});

test("a stopped visitor is shown nothing and is not met, until they look again", async () => {
  const { red, green } = await pair();
  await red.press("stop");
  await red.reaches("idle");
  assert.equal(await red.isCovered(), true);
  await green.reaches("looking");
  const blue = await enter("blue");
  await Promise.all([green.meetsColour("blue"), blue.meetsColour("green")]);
  assert.equal(await red.read("state"), "idle");
  await blue.press("stop");
  await green.reaches("looking");
  await red.press("next");
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
});

test("a partner who closes the page is seen to leave at once", async () => {
  const { red, green } = await pair();
  present = present.filter((person) => person !== green);
  const left = red.reaches("left");
  const began = Date.now();
  await green.page.close();
  await left;
  assert.equal(await red.isCovered(), true);
  assert.ok(Date.now() - began < 3000, "well within the grace of lost connections");
  await red.reaches("looking");
});

test("a visitor who reloads the page comes back and meets somebody", async () => {
  const { red, green } = await pair();
  await green.page.reload();
  await red.until("notices", async () => (await red.read("state")) !== "matched");
  await green.start();
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
});

test("a lost WebSocket is resumed: same partner, same connection, same picture", async () => {
  const { red, green } = await pair();
  const before = (await red.stats()).video.decoded;
  await red.page.evaluate("instruments.sockets.at(-1).close()");
  await red.until("dials again", () => red.page.evaluate("instruments.sockets.length === 2"));
  await red.reaches("matched");
  await green.say("still there?");
  await red.until("reads it", async () => (await red.read("chat-log")).includes("still there?"));
  assert.equal(await red.legs(), 1);
  assert.equal(await green.read("state"), "matched");
  await red.until("sees on", async () => (await red.stats()).video.decoded > before + 15);
});

test("a newer server takes the place of one that runs, and only who asks for it moves", async () => {
  const old = server;
  await old.stop();
  server = await startServer({ server: { drain_ms: 60_000 } });
  const { red, green } = await pair();
  const blue = await enter("blue");
  await blue.reaches("looking");
  const before = server;
  server = await startServer({}, { after: before });
  await blue.until("is with the newer one", async () => (await blue.legs()) === 2);
  await blue.reaches("looking");
  const seen = (await red.stats()).video.decoded;
  await red.until("sees on", async () => (await red.stats()).video.decoded > seen + 15);
  assert.deepEqual([await red.legs(), await green.legs()], [1, 1]);
  assert.equal(await red.read("state"), "matched");

  await red.escape();
  assert.equal(await before.ended(), 0);
  await before.stop();
  // Who was left comes there as well, and which of the two is first is chance.
  await blue.until("sees one of them", async () => ["red", "green"].includes(await blue.colour()));
  const [one, other] = (await blue.colour()) === "red" ? [red, green] : [green, red];
  await one.meetsColour("blue");
  await other.reaches("looking");
  assert.deepEqual([await red.legs(), await green.legs(), await blue.legs()], [2, 2, 2]);
});

test("text-only visitors meet each other, and nobody asks for a camera", async () => {
  const red = await enter("red", "text");
  const blue = await enter("blue");
  await red.reaches("looking");
  await blue.reaches("looking");
  const green = await enter("green", "text");
  await Promise.all([red.reaches("matched"), green.reaches("matched")]);
  await red.say("only words");
  await green.until("reads it", async () => (await green.read("chat-log")).includes("only words"));
  assert.deepEqual([await red.asked(), await green.asked()], [0, 0]);
  assert.deepEqual([await red.legs(), await green.legs()], [0, 0]);
  assert.equal(await blue.read("state"), "looking");
});

test("who was reported is not met again, and others still are", async () => {
  const { red, green } = await pair();
  await red.press("report");
  await red.page.click("[name=category][value=spam]");
  await red.press("report-send");
  await red.reaches("looking");
  await green.reaches("looking");
  await red.until("is thanked", async () => (await red.read("chat-log")).includes("Thank you"));
  // Had the two been allowed to, they would have met before blue came, who meets either.
  const blue = await enter("blue");
  const met = await blue.meets();
  const [partner, other] = met === "red" ? [red, green] : [green, red];
  await partner.meetsColour("blue");
  assert.equal(await other.read("state"), "looking");
});

test("a server that is gone is told, and one that comes back is joined", async () => {
  const { red, green } = await pair();
  const { port } = server;
  await server.crash();
  await Promise.all([red.reaches("lost"), green.reaches("lost")]);
  server = await startServer({}, { port });
  await Promise.all([red.meetsColour("green"), green.meetsColour("red")]);
});

test("a server that shuts down says goodbye and ends well", async () => {
  const { red, green } = await pair();
  assert.equal(await server.stop(), 0);
  await Promise.all([red.reaches("lost"), green.reaches("lost")]);
  assert.equal(await red.isCovered(), true);
  server = await startServer();
});

test("a full server is told, and has room once somebody left", async () => {
  await server.stop();
  server = await startServer({ lobby: { max_sessions: 2, retry_after_ms: 700 } });
  const { green } = await pair();
  const blue = await enter("blue");
  await blue.reaches("full");
  await green.press("leave");
  await blue.meetsColour("red");
});

test("the number online is the number who are there", async () => {
  const { red } = await pair();
  await red.until("sees two", async () => (await red.read("online")) === "2");
  const guest = await arrive(browsers.blue, server.url);
  present.push(guest);
  await guest.until("sees two", async () => (await guest.read("online")) === "2");
});
