// @ts-check
/** What a server asks for before it lets a visitor in, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { startServer } from "./server.mjs";

/** Some 65,000 tries: too many to be a guess. */
const SETTINGS = { challenge: { free_joins: 0, least_bits: 16, most_bits: 16 } };

test("who is asked for work has it done beside the page, or by the page itself, and meets somebody", async (context) => {
  const server = await startServer(SETTINGS);
  context.after(() => server.stop());
  const browser = await openChromium("red");
  context.after(() => browser.close());
  /** @type {string[]} */
  const workers = [];
  const red = await arrive(browser, server.url, async (page) => {
    page.on("worker", (worker) => workers.push(new URL(worker.url()).pathname));
  });
  await red.start("text");
  await red.reaches("looking");
  assert.deepEqual(workers, ["/client/worker.js"]);
  // As where the module is another server's, whose workers no browser starts.
  const green = await arrive(browser, server.url, (page) => page.addInitScript("delete globalThis.Worker"));
  await green.start("text");
  await Promise.all([red.reaches("matched"), green.reaches("matched")]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /^visavis_challenges_total\{result="asked"\} 2$/m);
  assert.match(metrics, /^visavis_challenges_total\{result="passed"\} 2$/m);
});

test("the page says so where it is asked for a captcha that it cannot show", async (context) => {
  const service = { captcha_url: "http://127.0.0.1:9/", captcha_site_key: "site", captcha_secret: "/etc/passwd" };
  const server = await startServer({ challenge: { free_joins: 0, kind: "captcha", ...service } });
  context.after(() => server.stop());
  const browser = await openChromium("red");
  context.after(() => browser.close());
  const red = await arrive(browser, server.url);
  await red.start("text");
  await red.until("is told", async () =>
    red.page.evaluate(() => document.querySelector("#door-trouble")?.textContent?.includes("no robot")),
  );
});
