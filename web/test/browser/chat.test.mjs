// @ts-check
/** What is written and reported, on the page. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { matched, untilState, visitTalking } from "./visitor.mjs";

test("what a stranger writes is text, whatever it looks like", async () => {
  const { page, double, leave } = await visitTalking();
  const evil = '<img src=x onerror="document.title=\'owned\'"><b>hi</b>';
  double.say({ type: "chat", text: evil });
  await page.getByTestId("chat-log").getByText(evil).waitFor();
  assert.equal(await page.locator("#chat-log img, #chat-log b").count(), 0);
  await leave();
});

test("text goes out by Enter and by the button, and is cleared", async () => {
  const { page, double, leave } = await visitTalking();
  const input = page.getByTestId("chat-input");
  await input.fill("first");
  await input.press("Enter");
  await input.fill("second");
  await page.getByTestId("chat-send").click();
  await page.getByTestId("chat-log").getByText("second").waitFor();
  const texts = double.heard.flatMap((request) => (request.type === "chat" ? [request.text] : []));
  assert.deepEqual(texts, ["first", "second"]);
  assert.equal(await input.inputValue(), "");
  await leave();
});

test("typing is shown, and gone with the message it announced", async () => {
  const { page, double, leave } = await visitTalking();
  const typing = page.getByTestId("typing");
  assert.equal(await typing.isVisible(), false);
  double.say({ type: "typing", active: true });
  await typing.waitFor({ state: "visible" });
  double.say({ type: "chat", text: "done" });
  await typing.waitFor({ state: "hidden" });
  await leave();
});

test("nothing written to one stranger is seen in the next conversation", async () => {
  const { page, double, leave } = await visitTalking();
  double.say({ type: "chat", text: "between us" });
  await page.getByTestId("chat-log").getByText("between us").waitFor();
  await page.getByTestId("next").click();
  await double.next("next");
  double.say(matched("b"));
  await untilState(page, "matched");
  assert.equal(await page.getByTestId("chat-log").getByText("between us").count(), 0);
  await leave();
});

test("a report says what happened and moves on", async () => {
  const { page, double, leave } = await visitTalking();
  await page.getByTestId("report").click();
  await page.getByLabel("Hatred or insults").check();
  await page.getByTestId("report-note").fill("shouted");
  await page.getByTestId("report-send").click();
  await untilState(page, "looking");
  const report = await double.next("report");
  assert.deepEqual(report, { type: "report", category: "hate", note: "shouted" });
  await page.getByTestId("chat-log").getByText("You will not meet them again").waitFor();
  await leave();
});

test("a report that was cancelled says nothing", async () => {
  const { page, double, leave } = await visitTalking();
  await page.getByTestId("report").click();
  await page.getByLabel("Hatred or insults").check();
  await page.getByTestId("report-cancel").click();
  await page.locator("#report-dialog").waitFor({ state: "hidden" });
  assert.ok(!double.heard.some(({ type }) => type === "report"));
  await leave();
});

test("the chat is saved as it was said, on the visitor's own machine", async () => {
  const { page, double, leave } = await visitTalking();
  double.say({ type: "chat", text: "salut" });
  await page.getByTestId("chat-input").fill("hello");
  await page.getByTestId("chat-input").press("Enter");
  await page.getByTestId("chat-log").getByText("hello").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("save").click()]);
  const saved = await readFile(await download.path(), "utf8");
  assert.match(saved, /Stranger: salut\nYou: hello\n/);
  assert.match(download.suggestedFilename(), /^visavis-[\d-]+\.txt$/);
  await leave();
});
