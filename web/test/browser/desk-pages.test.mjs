// @ts-check
/** The pages of cases in a real browser, against a scripted desk. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openChromium } from "./chromium.mjs";
import { DeskDouble } from "./desk-double.mjs";
import { serveFiles } from "./double.mjs";
import { openDesk, signIn } from "./moderator.mjs";

/** @import { Browser, BrowserContextOptions } from "playwright-core" */

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof serveFiles>>} */
let files;

before(async () => {
  browser = await openChromium("green");
  files = await serveFiles({ online: 0 });
});

after(async () => {
  await browser?.close();
  files?.close();
});

/** @param {BrowserContextOptions} [options] */
async function atDesk(options) {
  const { page, complaints, close } = await openDesk(browser, files.url, options);
  const double = new DeskDouble();
  await double.start(page);
  await signIn(page, "vvm_1");
  await page.getByTestId("queue-rows").locator("li").first().waitFor();
  const leave = async () => {
    assert.deepEqual(complaints.filter((line) => !line.includes("409")), []);
    await close();
  };
  return { page, double, leave };
}

test("the queue shows what presses, how long it waits and who has what", async () => {
  const { page, leave } = await atDesk();
  const rows = await page.getByTestId("queue-rows").locator("li").allTextContents();
  assert.equal(rows.length, 4);
  assert.match(rows[0] ?? "", /reported: violence.*3 reports.*22 minutes/);
  assert.match(rows[2] ?? "", /Bo has it.*3 hours/);
  assert.match((await page.getByTestId("queue-count").textContent()) ?? "", /4 cases wait, the oldest for 3 hours/);
  await leave();
});

test("a case is decided by keys alone, with a reason, and given back to nobody", async () => {
  const { page, double, leave } = await atDesk();
  await page.keyboard.press("n");
  await page.getByTestId("ruling-dismiss").waitFor();
  await page.keyboard.press("x");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "decision-reason");
  await page.getByTestId("decide").click();
  await page.getByText("Choose what is to happen, and a reason.").waitFor();
  await page.getByTestId("decision-reason").selectOption("violence");
  await page.getByTestId("decision-note").fill("a knife");
  await page.getByTestId("decide").click();
  await page.getByText("Written down and done.").waitFor();
  const decision = double.asked.find(({ what }) => what === "POST cases/12/decision");
  assert.deepEqual(decision?.body, { action: "ban", reason: "violence", note: "a knife", lasts_ms: 7 * 86_400_000 });
  assert.equal(new URL(page.url()).hash, "#queue");
  assert.equal(double.count("DELETE cases/12/lease"), 0, "what is decided is leased no more");
  await leave();
});

test("who goes away without deciding gives the case back", async () => {
  const { page, double, leave } = await atDesk();
  await page.getByTestId("queue-rows").locator("[data-case='15'] a").click();
  await page.getByTestId("ruling-warn").waitFor();
  await page.keyboard.press("q");
  await page.getByTestId("queue-rows").waitFor();
  await page.waitForFunction(() => location.hash === "#queue");
  assert.equal(double.count("POST cases/15/lease"), 1);
  assert.equal(double.count("DELETE cases/15/lease"), 1);
  await leave();
});

test("what somebody else has can be read and not decided", async () => {
  const { page, leave } = await atDesk();
  await page.getByTestId("queue-rows").locator("[data-case='9'] a").click();
  await page.getByTestId("case-taken").waitFor();
  await page.getByText("a poster on my wall").waitFor();
  assert.equal(await page.locator("#decision").isVisible(), false);
  await leave();
});

test("pictures come covered; those about a child only once somebody asks for one", async () => {
  const { page, double, leave } = await atDesk();
  const asked = (/** @type {string} */ id) => double.asked.filter(({ what }) => what.startsWith(`GET cases/${id}/evidence`)).length;
  await page.evaluate(() => void (location.hash = "#case/12"));
  await page.locator("[data-testid=picture] button[data-painted]").nth(1).waitFor();
  assert.equal(asked("12"), 2);
  const covered = page.locator("[data-testid=picture] button[data-sight=veiled]");
  assert.equal(await covered.count(), 2);
  assert.equal(await page.getByTestId("export-case").isVisible(), false);

  await page.evaluate(() => void (location.hash = "#case/21"));
  await page.getByText("reported: looks under 18").first().waitFor();
  await page.locator("[data-testid=picture]").nth(1).waitFor();
  assert.equal(asked("21"), 0);
  await page.locator("[data-testid=picture] button").first().click();
  await page.locator("[data-testid=picture] button[data-painted]").waitFor();
  assert.equal(asked("21"), 1);
  const download = page.waitForEvent("download");
  await page.getByTestId("export-case").click();
  assert.equal((await download).suggestedFilename(), "case-21.zip");
  assert.equal(double.count("POST cases/21/export"), 1);
  await leave();
});

test("queue and case fit a phone, and everything in them has a name", async () => {
  const { page, leave } = await atDesk({ viewport: { width: 360, height: 640 } });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(await overflow(), 0, "queue");
  await page.getByTestId("take-next").click();
  await page.getByTestId("ruling-warn").waitFor();
  assert.equal(await overflow(), 0, "case");
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  const roles = ["button", "textbox", "combobox", "checkbox", "radio", "link", "meter", "image"];
  const operated = nodes.filter((node) => !node.ignored && roles.includes(node.role?.value));
  assert.ok(operated.length > 15);
  assert.deepEqual(operated.filter((node) => !node.name?.value).map((node) => node.role?.value), []);
  await leave();
});
