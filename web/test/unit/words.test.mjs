// @ts-check
/** Every word of the page, in every language. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { en } from "../../i18n/en.js";
import { fr } from "../../i18n/fr.js";
import { describe, noCircumstances } from "../../page/status.js";

/** @import { State } from "../../client/contract.js" */

const page = await readFile(new URL("../../index.html", import.meta.url), "utf8");

test("every word the page asks for exists, and as a text", () => {
  const asked = [...page.matchAll(/data-words(?:-\w+)?="(\w+)"/g)].map((match) => match[1] ?? "");
  assert.ok(asked.length > 50);
  for (const key of asked) assert.equal(typeof en[/** @type {keyof typeof en} */ (key)], "string", key);
});

test("French has every word that English has, and no other", () => {
  assert.deepEqual(Object.keys(fr).sort(), Object.keys(en).sort());
  const same = Object.entries(en).filter(([key, word]) => word === Reflect.get(fr, key));
  const keys = same.map(([key]) => key);
  assert.deepEqual(keys, ["talkTitle"], "only this word is the same in both languages");
});

test("English in the document is the English of the tables", () => {
  const written = page.matchAll(/data-words="(\w+)"[^>]*>([^<]+)</g);
  for (const [, key = "", text = ""] of written) {
    assert.equal(text.replace(/\s+/g, " ").trim(), Reflect.get(en, key), key);
  }
});

test("every state is told in words of its own", () => {
  /** @type {State[]} */
  const states = ["idle", "looking", "connecting", "matched", "left", "lost", "full"];
  for (const words of [en, fr]) {
    const titles = states.map((state) => describe(state, noCircumstances(), words)[0]);
    assert.equal(new Set(titles).size, states.length);
  }
});

test("a match by interests names them", () => {
  const circumstances = { ...noCircumstances(), common: ["chess", "jazz"] };
  assert.equal(describe("matched", circumstances, en)[1], "You both like chess and jazz.");
  assert.equal(describe("matched", circumstances, fr)[1], "Vous aimez tous deux : chess et jazz.");
});

test("the wait is told as the server measured it, and not told when it does not know", () => {
  const known = { ...noCircumstances(), usualWaitMs: 2600 };
  assert.equal(describe("looking", known, en)[1], "Usually about 3 seconds.");
  assert.equal(describe("looking", noCircumstances(), en)[1], "");
});
