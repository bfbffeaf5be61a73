// @ts-check
/** The API's description as a page, from a started server. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nameless, openChromium } from "./chromium.mjs";
import { startServer } from "./server.mjs";

/** @import { Browser } from "playwright-core" */

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;

before(async () => {
  [browser, server] = await Promise.all([openChromium("green"), startServer()]);
});

after(() => Promise.all([browser?.close(), server?.stop()]));

/** @param {import("playwright-core").BrowserContextOptions} options */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${server.url}/docs`);
  await page.locator("#openLeg").waitFor();
  return { context, page, complaints };
}

test("everything that is described stands on the page, with a command that works", async () => {
  const { context, page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
  const description = await (await fetch(`${server.url}/v1/openapi.json`)).json();
  const paths = [...Object.values(description.paths), ...Object.values(description.webhooks)];
  const names = paths.flatMap((item) => Object.values(item).map((operation) => operation.operationId));
  const shown = await page.locator("#operations article").evaluateAll((all) => all.map(({ id }) => id));
  assert.deepEqual(shown.sort(), names.sort());
  const shapes = await page.locator("#schemas article h3").allTextContents();
  assert.deepEqual(shapes, Object.keys(description.components.schemas));
  for (const link of await page.locator("a[href^='#']").evaluateAll((all) => all.map((one) => one.getAttribute("href")))) {
    assert.equal(await page.locator(link ?? "").count(), 1, `${link} leads somewhere`);
  }
  const text = (await page.locator("#putMatch").textContent()) ?? "";
  for (const word of ["/v1/matches/{match}", "table-7", "not_screened", "backend", "Authorization: Bearer"]) {
    assert.ok(text.includes(word), word);
  }
  const command = (await page.locator("#getOnline .try pre").textContent()) ?? "";
  const [, url = ""] = /^curl (\S+)$/.exec(command) ?? [];
  assert.equal((await fetch(url)).status, 200, command);
  assert.deepEqual(complaints, []);
  await picture(page, "docs-wide.png");
  await context.close();
});

test("it fits a phone by night, and every control has a name", async () => {
  const { context, page, complaints } = await open({ viewport: { width: 360, height: 640 }, colorScheme: "dark" });
  const beside = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  assert.equal(await page.evaluate(beside), 0, "nothing is beside the screen");
  assert.deepEqual(await nameless(page), []);
  await page.locator("#contents a").filter({ hasText: "Bring two legs together" }).click();
  await page.waitForFunction(() => {
    const top = document.getElementById("putMatch")?.getBoundingClientRect().top ?? 1e9;
    return top < 200;
  });
  assert.deepEqual(complaints, []);
  await picture(page, "docs-phone.png");
  await context.close();
});

/** @param {import("playwright-core").Page} page @param {string} name */
async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, name) });
}
