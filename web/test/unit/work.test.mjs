// @ts-check
/** The proof of work against the hash of the platform. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { search } from "../../client/work.js";

/** @param {string} text @param {string} answer */
function zeros(text, answer) {
  const hash = createHash("sha256").update(`${text}.${answer}`).digest("hex");
  const bits = [...hash].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
  return bits.indexOf("1");
}

test("an answer is the first number that fits", () => {
  for (const text of ["A".repeat(22), "1nX0Zk4lq1m7Qp9wqkq0aw", "a", ""]) {
    for (const bits of [1, 5, 11]) {
      const found = search(text, bits, 0, 60_000);
      assert.ok("answer" in found);
      const first = Array.from({ length: Number(found.answer) + 1 }, (_, number) => String(number));
      assert.equal(first.find((number) => zeros(text, number) >= bits), found.answer);
    }
  }
});

test("a search ends in time and goes on where it was", () => {
  let found = search("A".repeat(22), 17, 0, 0);
  let turns = 1;
  for (; "next" in found; turns += 1) found = search("A".repeat(22), 17, found.next, 0);
  assert.deepEqual([found.answer, turns > 10], ["175060", true]);
});

test("what fits into no block is refused", () => {
  assert.throws(() => search("A".repeat(60), 1, 0, 10), RangeError);
});
