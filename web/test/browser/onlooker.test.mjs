// @ts-check
/** A service's watch and its mute, as real browsers see and hear them. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openChromium } from "./chromium.mjs";
import { startServer } from "./server.mjs";

/** @import { Browser, Page } from "playwright-core" */

const PATIENCE_MS = 30_000;

/** Long enough that what is kept back would show. */
const WHILE_MS = 2_000;

/** @typedef {{ packets: number, lost: number, decoded: number, energy: number }} Heard */

test("a watch sees a leg before and in a match, and a mute keeps it from everybody", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "visavis-keys-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const secret = join(folder, "main.secret");
  writeFileSync(secret, "x".repeat(40));
  const keys = `main=HS256:${secret}`;
  const server = await startServer({ access: { guests: false, keys: [keys] }, moderation: { enabled: true } });
  context.after(() => server.stop());
  /** @param {string[]} grants */
  const mint = (...grants) => server.run(["token", "mint", `--access-keys=${keys}`, "--grant", ...grants]).said.trim();
  const [publish, backend, watch] = [mint("publish", "--sub", "a"), mint("backend"), mint("watch", "--sub", "ann")];
  const browser = await openChromium("green");
  context.after(() => browser.close());

  /** @param {string} path @param {string} token @param {"sendrecv" | "recvonly"} direction */
  const open = (path, token, direction) => openLeg(browser, server.url, { path, token, direction });
  /** @param {string} method @param {string} path @param {string} token @param {object} [body] */
  const ask = async (method, path, token, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const request = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
    return (await fetch(server.url + path, request)).status;
  };

  const { heard: hears, until: heardOf } = await listen(`${server.url}/v1/events`, backend);
  const [ada, bob] = [await open("/v1/legs", publish, "sendrecv"), await open("/v1/legs", publish, "sendrecv")];
  await heardOf("connected", ada.at);
  const ann = await open(`${ada.at}/watch`, watch, "recvonly");
  await ann.until("sees somebody who faces nobody", ({ video }) => video.decoded > 10);
  const legs = [ada, bob].map(({ at }) => at.split("/").at(-1));
  for (const { at } of [ada, bob]) await heardOf("screened", at);
  assert.equal(await ask("PUT", "/v1/matches/it", backend, { legs }), 201);
  await bob.until("sees their partner", ({ video, audio }) => video.decoded > 30 && audio.energy > 0);
  const seen = (await ann.heard()).video.decoded;
  await ann.until("sees on", ({ video }) => video.decoded > seen + 30);

  assert.equal(await ask("PUT", `${ada.at}/mute`, backend, { audio: true, video: true }), 204);
  await pause(WHILE_MS);
  const before = await bob.heard();
  await pause(WHILE_MS);
  const after = await bob.heard();
  assert.deepEqual([after.audio.energy, after.video.packets], [before.audio.energy, before.video.packets]);
  assert.ok(after.audio.packets > before.audio.packets + 50, "silence comes as packets");
  assert.equal(await ask("PUT", `${ada.at}/mute`, backend, { audio: false, video: false }), 204);
  await bob.until("sees and hears again", ({ video, audio }) =>
    video.decoded > after.video.decoded + 30 && audio.energy > after.audio.energy,
  );

  const verdicts = hears.filter(({ type }) => type === "verdict");
  const of = (/** @type {string} */ at) => verdicts.find(({ leg }) => at.endsWith(`/${leg}`))?.scores;
  for (const { at } of [ada, bob]) assert.ok(Object.values(of(at) ?? {}).some((score) => score >= 0.5));
  assert.ok(verdicts.length < 10, "not with every picture");
  assert.equal(await ask("DELETE", ann.at, watch), 200);
  const { audio, video } = await bob.heard();
  assert.deepEqual([audio.lost, video.lost], [0, 0], "nobody notices any of it");
  const { code, said } = server.run(["audit", "verify", "--store-folder", join(server.folder, "data")]);
  assert.equal(code, 0, said);
});

/**
 * The events of a server from now on, as they come, until it ends.
 * @param {string} url @param {string} token
 */
async function listen(url, token) {
  /** @type {{ type: string, leg: string, scores?: Record<string, number> }[]} */
  const heard = [];
  const { body } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const read = async () => {
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      const lines = (text + read.value).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("data: ")) heard.push(JSON.parse(line.slice(6)));
    }
  };
  // The server ends before the stream does.
  read().catch(() => {});
  return {
    heard,
    /** @param {string} type @param {string} at */
    async until(type, at) {
      const end = Date.now() + PATIENCE_MS;
      while (!heard.some((event) => event.type === type && at.endsWith(`/${event.leg}`))) {
        if (Date.now() > end) throw new Error(`no ${type} of ${at}: ${JSON.stringify(heard)}`);
        await pause(50);
      }
    },
  };
}

/**
 * @param {Browser} browser @param {string} url
 * @param {{ path: string, token: string, direction: "sendrecv" | "recvonly" }} leg
 */
async function openLeg(browser, url, leg) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  const at = await page.evaluate(async ({ path, token, direction }) => {
    const connection = new RTCPeerConnection();
    const video = document.body.appendChild(document.createElement("video"));
    const stream = new MediaStream();
    connection.ontrack = ({ track }) => stream.addTrack(track);
    video.srcObject = stream;
    video.autoplay = true;
    if (direction === "sendrecv") {
      const own = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of own.getTracks()) connection.addTrack(track, own);
    } else {
      for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction });
    }
    await connection.setLocalDescription();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/sdp" };
    const body = connection.localDescription?.sdp ?? "";
    const answer = await fetch(path, { method: "POST", headers, body });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    Object.assign(globalThis, { connection });
    return answer.headers.get("location") ?? "";
  }, leg);
  const heard = () => statistics(page);
  return {
    at,
    heard,
    /** @param {string} what @param {(heard: Record<"audio" | "video", Heard>) => boolean} holds */
    async until(what, holds) {
      const end = Date.now() + PATIENCE_MS;
      while (Date.now() < end) {
        if (holds(await heard())) return;
        await pause(100);
      }
      throw new Error(`nobody ${what}: ${JSON.stringify(await heard())}`);
    },
  };
}

/** @param {Page} page @returns {Promise<Record<"audio" | "video", Heard>>} */
function statistics(page) {
  return page.evaluate(async () => {
    const none = { packets: 0, lost: 0, decoded: 0, energy: 0 };
    const found = { audio: none, video: none };
    const report = await /** @type {any} */ (globalThis).connection.getStats();
    report.forEach((/** @type {any} */ entry) => {
      if (entry.type !== "inbound-rtp") return;
      found[/** @type {"audio" | "video"} */ (entry.kind)] = {
        packets: entry.packetsReceived,
        lost: entry.packetsLost,
        decoded: entry.framesDecoded ?? 0,
        energy: entry.totalAudioEnergy ?? 0,
      };
    });
    return found;
  });
}
