// @ts-check
/** The page for everybody: on a phone, by keyboard, by ear, in French. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { nameless } from "./chromium.mjs";
import { WAITING, matched, shown, start, untilState, visit, visitTalking } from "./visitor.mjs";

test("French browsers are spoken to in French, and anybody may choose", async () => {
  const { page, leave } = await visit({ locale: "fr-CA" });
  await page.getByRole("heading", { name: "Face à face" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "fr");
  await page.locator("#page-language").selectOption("en");
  await page.getByRole("heading", { name: "Face to face" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await leave();
});

test("everything fits a phone of 360 pixels, in both languages", async () => {
  for (const locale of ["en-US", "fr-FR"]) {
    const { page, double, leave } = await visit({
      locale,
      viewport: { width: 360, height: 640 },
      hasTouch: true,
      isMobile: true,
    });
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(await overflow(), 0, "door");
    await start(page);
    await double.next("join");
    double.say(WAITING);
    await untilState(page, "looking");
    assert.equal(await overflow(), 0, "looking");
    double.say(matched("a"));
    await shown(page);
    assert.equal(await overflow(), 0, "matched");
    for (const id of ["next", "stop", "report", "chat-input", "chat-send", "remote-video", "local-video"]) {
      const box = await page.getByTestId(id).boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 360, `${id} is beside the screen`);
      assert.ok(box && box.y >= 0 && box.y + box.height <= 640, `${id} is below the screen`);
    }
    await leave();
  }
});

test("whatever can be operated has a name for a screen reader", async () => {
  const { page, double, leave } = await visit();
  assert.deepEqual(await nameless(page), [], "door");
  await start(page);
  await double.next("join");
  double.say(matched("a"));
  await shown(page);
  assert.deepEqual(await nameless(page), [], "talk");
  await page.getByTestId("report").click();
  assert.deepEqual(await nameless(page), [], "report");
  await leave();
});

test("the whole way can be walked with a keyboard", async () => {
  const { page, double, leave } = await visit();
  await page.getByTestId("text-only").focus();
  await page.keyboard.press("Space");
  await page.getByTestId("agree").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await double.next("join");
  double.say(matched("a"));
  await untilState(page, "matched");
  // The chat is ready to be written in.
  await page.keyboard.type("hello");
  await page.keyboard.press("Enter");
  await double.next("chat");
  // The keyboard is lent to Next while nobody is there, and comes back with the next partner.
  await page.keyboard.press("Escape");
  await untilState(page, "looking");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "next");
  double.say(matched("b"));
  await untilState(page, "matched");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "chat-input");
  await leave();
});

test("Escape is Next, but in a dialog it only closes that", async () => {
  const { page, double, leave } = await visitTalking();
  await page.getByTestId("report").click();
  await page.keyboard.press("Escape");
  await page.locator("#report-dialog").waitFor({ state: "hidden" });
  assert.equal(await page.getByTestId("state").textContent(), "matched");
  await page.getByTestId("chat-input").focus();
  await page.keyboard.press("Escape");
  await untilState(page, "looking");
  assert.equal(double.heard.filter(({ type }) => type === "next").length, 1);
  await leave();
});
