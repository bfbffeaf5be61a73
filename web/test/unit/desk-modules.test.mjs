// @ts-check
/** The desk's modules: what they ask of the server, what they make of events, and their words. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { niceCeiling } from "../../console/bars.js";
import { DeskClient, Problem, splitEvents } from "../../console/desk-client.js";
import { everyDay } from "../../console/figures-view.js";
import { describeSpan } from "../../console/moments.js";
import { appealEn } from "../../i18n/appeal-en.js";
import { appealFr } from "../../i18n/appeal-fr.js";
import { deskEn } from "../../i18n/desk-en.js";
import { deskFr } from "../../i18n/desk-fr.js";

const page = await readFile(new URL("../../console/index.html", import.meta.url), "utf8");
const appealPage = await readFile(new URL("../../appeal/index.html", import.meta.url), "utf8");

/** A server that says one thing, and what it was asked. @param {Response | Error} answer */
function saying(answer) {
  /** @type {{ url: string, request: RequestInit }[]} */
  const asked = [];
  const fetcher = async (/** @type {any} */ url, /** @type {any} */ request) => {
    asked.push({ url, request });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, client: new DeskClient("vvm_1", fetcher) };
}

test("a request carries the token and its body", async () => {
  const { asked, client } = saying(new Response('{"version":"mine 1"}'));
  assert.deepEqual(await client.ask("POST", "policy/reload", { a: 1 }), { version: "mine 1" });
  assert.equal(asked[0]?.url, "/v1/console/policy/reload");
  assert.deepEqual(asked[0]?.request.headers, {
    authorization: "Bearer vvm_1",
    "content-type": "application/json",
  });
  assert.equal(asked[0]?.request.body, '{"a":1}');
});

test("an answer without content is nothing", async () => {
  const { client } = saying(new Response(null, { status: 204 }));
  assert.equal(await client.ask("POST", "bans/0/lift", {}), null);
});

test("a refusal is a problem with its code, and so is a server that does not answer", async () => {
  const refused = saying(Response.json({ code: "not_your_role", detail: "no" }, { status: 403 }));
  await assert.rejects(refused.client.ask("GET", "trail"), (problem) => {
    assert.ok(problem instanceof Problem);
    assert.deepEqual([problem.status, problem.code, problem.detail], [403, "not_your_role", "no"]);
    return true;
  });
  const gone = saying(new TypeError("fetch failed"));
  await assert.rejects(gone.client.ask("GET", "me"), { status: 0, code: "unreachable" });
  const proxy = saying(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  await assert.rejects(proxy.client.ask("GET", "me"), { status: 502, code: "unknown" });
});

test("events come whole, however the line cuts them", async () => {
  const text = "event: queue\r\ndata: 3\r\n\r\n: alive\n\ndata: a\ndata: b\n\n";
  const whole = [{ event: "queue", data: "3" }, { event: "", data: "a\nb" }];
  assert.deepEqual(splitEvents(text), [whole, ""]);
  assert.deepEqual(splitEvents("event: queue\ndata: 3"), [[], "event: queue\ndata: 3"]);

  const bytes = new TextEncoder().encode(text.replaceAll("\r", ""));
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  /** @type {object[]} */
  const heard = [];
  const { client } = saying(new Response(body));
  await client.listen("events", (event) => heard.push(event), new AbortController().signal);
  assert.deepEqual(heard, whole);
});

test("a span is told in its largest whole unit", () => {
  assert.equal(describeSpan(59_999, "en"), "59 seconds");
  assert.equal(describeSpan(3_600_000, "en"), "1 hour");
  assert.match(describeSpan(2 * 86_400_000 + 5, "fr"), /^2\sjours$/);
  assert.equal(describeSpan(-5, "en"), "0 seconds");
});

test("every day has its bar, and each part its actions", () => {
  const days = [{ day: "2026-11-24", counts: { cooldown: 1, ban: 2, warn: 4, review: 9 } }];
  const bars = everyDay("2026-11-23", "2026-11-25", days);
  assert.deepEqual(bars.map(({ day }) => day), ["2026-11-23", "2026-11-24", "2026-11-25"]);
  assert.deepEqual(bars[1]?.parts, [4, 0, 3, 0, 0]);
  assert.deepEqual(bars[2]?.parts, [0, 0, 0, 0, 0]);
});

test("the scale of a plot ends at a round number", () => {
  assert.deepEqual([1, 2, 3, 7, 10, 11, 4_999].map(niceCeiling), [1, 2, 5, 10, 10, 20, 5_000]);
});

/** @type {[name: string, page: string, en: object, fr: object][]} */
const PAGES = [
  ["desk", page, deskEn, deskFr],
  ["appeal", appealPage, appealEn, appealFr],
];

for (const [name, document, english, french] of PAGES) {
  test(`every word that the page of the ${name} asks for exists, and as a text`, () => {
    const asked = [...document.matchAll(/data-words(?:-\w+)?="(\w+)"/g)].map((match) => match[1] ?? "");
    assert.ok(asked.length >= 8);
    for (const key of asked) assert.equal(typeof Reflect.get(english, key), "string", key);
  });

  test(`the ${name} speaks French wherever it speaks English`, () => {
    assert.deepEqual(Object.keys(french).sort(), Object.keys(english).sort());
    const same = Object.entries(english).filter(([key, word]) => word === Reflect.get(french, key));
    assert.deepEqual(same.map(([key]) => key), []);
  });

  test(`English in the document of the ${name} is the English of its table`, () => {
    for (const [, key = "", text = ""] of document.matchAll(/data-words="(\w+)"[^>]*>([^<]+)</g)) {
      assert.equal(text.replace(/\s+/g, " ").trim(), Reflect.get(english, key), key);
    }
  });
}
