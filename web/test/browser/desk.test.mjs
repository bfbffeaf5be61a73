// @ts-check
/** The desk in a real browser, on a real server: signing in, letting somebody in again, the log. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { KNOWN_PICTURE, easel } from "./easel.mjs";
import { addModerator, openDesk, signIn } from "./moderator.mjs";
import { startServer } from "./server.mjs";

/** @import { Browser } from "playwright-core" */
/** @import { Server } from "./server.mjs" */

/** @type {Browser} */
let browser;
/** @type {Server} */
let server;

before(async () => {
  browser = await openChromium("green");
  const list = join(tmpdir(), `visavis-desk-known-${process.pid}.txt`);
  writeFileSync(list, `${KNOWN_PICTURE}\n`);
  // No word that insults anybody stands in this file.
  const chat_patterns = ["text_offensive=blorp"];
  server = await startServer({ moderation: { enabled: true, hash_list: list, chat_patterns } });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a wrong token is told, and a right one opens what its role may do and no more", async () => {
  const token = addModerator(server, "Mo", "moderator");
  const { page, complaints, close } = await openDesk(browser, server.url);
  await page.getByTestId("token").fill("vvm_wrong");
  await page.getByTestId("sign-in").click();
  await page.getByText("nobody’s").waitFor();
  await signIn(page, token);
  assert.equal(await page.getByTestId("who").textContent(), "Mo");
  assert.deepEqual(await page.locator("#places a").allTextContents(), ["Queue", "Outside", "Figures"]);
  await page.reload();
  await page.getByTestId("who").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), "{}", "no token outlives the tab");
  await page.getByTestId("sign-out").click();
  await page.getByTestId("token").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  // The browser writes the 401 itself.
  assert.deepEqual(complaints.filter((line) => !line.includes("401")), []);
  await close();
});

test("who was put outside is let in again by a person, and the log says by whom", async () => {
  const visitor = await arrive(browser, server.url, (page) => page.addInitScript(easel, /** @type {const} */ ("known")));
  await visitor.start();
  await visitor.until("is outside", async () => /not allowed here/.test(await statusOf(visitor)));
  const { page, complaints, close } = await openDesk(browser, server.url);
  await signIn(page, addModerator(server, "Ada", "senior"));
  await page.getByRole("link", { name: "Outside" }).click();
  const row = page.getByTestId("bans-rows").locator("tr");
  await row.filter({ hasText: "a known picture" }).getByRole("button").click();
  await page.getByTestId("lift-note").fill("a statue in a museum");
  await page.getByTestId("lift").click();
  await page.getByText("They may come in again.").waitFor();
  await row.waitFor({ state: "detached" });

  // By keyboard: the third page is the log.
  await page.keyboard.press("3");
  const line = page.getByTestId("trail-rows").locator("tr[data-action=readmit]");
  await line.waitFor();
  const told = await line.textContent();
  assert.match(told ?? "", /person Ada.*readmit.*a known picture.*mistake: a statue in a museum/);
  assert.deepEqual(complaints, []);
  await close();

  await visitor.page.reload();
  await visitor.page.evaluate("easel.show('stripes')");
  await visitor.start();
  await visitor.reaches("looking");
  await visitor.page.close();
});

/** @param {import("playwright-core").Locator} picture @returns {Promise<string>} */
function filterOf(picture) {
  return picture.locator("canvas").evaluate((canvas) => getComputedStyle(canvas).filter);
}

/** How much there is to see in it. @param {import("playwright-core").Locator} picture */
function coloursOf(picture) {
  return picture.locator("canvas").evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
    const { width, height } = canvas;
    const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) colours.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`);
    return { width, height, colours: colours.size };
  });
}

/** @param {import("./person.mjs").Person} person @returns {Promise<string>} */
function statusOf({ page }) {
  return page.evaluate(() => document.getElementById("status")?.textContent ?? "");
}

test("a report comes to the desk by itself, is decided, and the visitor is told", async () => {
  const enter = async () => {
    const person = await arrive(browser, server.url, (page) => page.addInitScript(easel, /** @type {const} */ ("stripes")));
    await person.start();
    return person;
  };
  const { page, complaints, close } = await openDesk(browser, server.url);
  await signIn(page, addModerator(server, "Eve", "moderator"));
  await page.getByText("Nothing waits.").waitFor();
  const [one, other] = await Promise.all([enter(), enter()]);
  await Promise.all([one.meets(), other.meets()]);
  // What the policy keeps back is not read by the other, and its writer is told.
  await one.say("you blorp");
  await one.until("is told", async () => (await one.read("chat-log")).includes("Not sent: the rules of this place"));
  await one.say("hello there");
  await other.until("reads", async () => (await other.read("chat-log")).includes("hello there"));
  assert.doesNotMatch(await other.read("chat-log"), /blorp/);
  await other.press("report");
  await other.page.click("input[name=category][value=nudity]");
  await other.press("report-send");
  // Nobody touches the desk: the queue changes by itself.
  const row = page.getByTestId("queue-rows").locator("li");
  await row.filter({ hasText: "reported: nudity" }).waitFor();
  await page.keyboard.press("n");
  await page.getByTestId("ruling-warn").waitFor();
  // What the visitor showed stands beside the case: covered, until somebody wants to see it.
  const picture = page.locator("[data-testid=picture][data-whose=about] button").first();
  await page.waitForFunction(() => document.querySelector("[data-whose=about] button[data-painted]"));
  assert.match((await picture.getAttribute("aria-label")) ?? "", /^Picture 1 of \d+, of who the case is about\. Covered$/);
  assert.match(await filterOf(picture), /blur/);
  await page.keyboard.press("v");
  assert.equal(await filterOf(picture), "grayscale(1)");
  await page.keyboard.press("v");
  assert.equal(await filterOf(picture), "none");
  const seen = await coloursOf(picture);
  assert.ok(seen.width >= 160 && seen.colours > 50, JSON.stringify(seen));
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/case.png`, fullPage: true });
  await page.keyboard.press("v");
  await page.locator("#case-trail summary").click();
  await page.getByTestId("case-trail-rows").getByText(/picture 1$/).waitFor();
  await page.keyboard.press("w");
  await page.getByTestId("decision-reason").selectOption("nudity");
  await page.getByTestId("decide").click();
  await page.getByText("Written down and done.").waitFor();
  await page.getByText("Nothing waits.").waitFor();
  await one.until("is warned", () => one.sees("warning"));
  await page.getByRole("link", { name: "Figures" }).click();
  const looking = page.getByTestId("looking").locator("dd");
  await looking.first().waitFor();
  const [covered = "", first = ""] = await looking.allTextContents();
  assert.match(covered, /^[1-9][\d.]*%$/);
  assert.match(first, /^[\d,]+ ms, 95 %: [\d,]+ ms$/);
  assert.ok((await page.getByTestId("verdict-rows").locator("tr").count()) > 0);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/figures.png`, fullPage: true });
  assert.deepEqual(complaints, []);
  await Promise.all([close(), one.page.close(), other.page.close()]);
});

test("the desk speaks French, fits a phone, and names what it shows for a screen reader", async () => {
  const token = addModerator(server, "Zoé", "admin");
  const { page, complaints, close } = await openDesk(browser, server.url, {
    locale: "fr-FR",
    viewport: { width: 360, height: 640 },
  });
  await page.getByRole("heading", { name: "Le bureau" }).waitFor();
  await signIn(page, token);
  for (const place of ["File", "Dehors", "Journal", "Chiffres", "Règles"]) {
    await page.getByRole("link", { name: place }).click();
    await page.locator("section.view:not([hidden]) h1").waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(overflow, 0, place);
  }
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  const roles = ["button", "textbox", "combobox", "checkbox", "link", "table"];
  const operated = nodes.filter((node) => !node.ignored && roles.includes(node.role?.value));
  const nameless = operated.filter((node) => !node.name?.value && node.role?.value !== "table");
  assert.ok(operated.length > 5);
  assert.deepEqual(nameless.map((node) => node.role?.value), []);
  await page.getByTestId("reload").click();
  await page.getByText("En vigueur maintenant : built-in 1").waitFor();
  assert.deepEqual(complaints, []);
  await close();
});
