// @ts-check
/** Ten Nexts among three, and what each browser says of them. */

import assert from "node:assert/strict";

/** @import { Person } from "./person.mjs" */

/**
 * The first presses Next again and again; the other two take turns. Each match is watched for a
 * while: nothing may freeze, be lost or be thrown away in it.
 * @param {Person} first
 * @param {[person: Person, colour: string][]} others matched with `first`, and looking
 * @param {number} times
 */
export async function pressNext(first, others, times) {
  const [here, there] = others;
  if (!here || !there) throw new Error("it takes three");
  for (let turn = 0; turn < times; turn += 1) {
    const [[former], [next, colour]] = turn % 2 === 0 ? [here, there] : [there, here];
    await next.reaches("looking");
    await first.escape();
    await first.meetsColour(colour);
    await next.meets();
    await watch(first, next);
    await former.reaches("looking");
  }
}

/**
 * A second and a half of a match, seen from both sides.
 * @param {Person} one @param {Person} other
 */
async function watch(one, other) {
  const before = await Promise.all([one.stats(), other.stats()]);
  for (const [index, person] of [one, other].entries()) {
    const decoded = before[index]?.video.decoded ?? 0;
    await person.until("sees 40 more frames", async () => (await person.stats()).video.decoded >= decoded + 40);
  }
  const after = await Promise.all([one.stats(), other.stats()]);
  for (const [index, { video, audio }] of after.entries()) {
    const [was, side] = [before[index], index === 0 ? "who pressed" : "who was met"];
    assert.equal(video.freezes, was?.video.freezes, `${side}: the picture froze`);
    assert.equal(video.discarded + audio.discarded, 0, `${side}: packets were thrown away`);
    assert.equal(video.lost + audio.lost, 0, `${side}: packets seem lost`);
  }
}

/**
 * What held over the whole stay, on every side.
 * @param {Person[]} people
 */
export async function assertHealthy(people) {
  for (const person of people) {
    const stats = await person.stats();
    assert.equal(stats.legs, 1);
    assert.ok(stats.audio.energy > 0, "sound arrived");
    assert.ok(stats.video.bufferedMs < 120, `the jitter buffer holds ${stats.video.bufferedMs} ms`);
    if (stats.availableBps !== null) {
      assert.ok(stats.availableBps > 500_000, `an estimate of ${stats.availableBps} bit/s starves the picture`);
      assert.ok(stats.availableBps < 50_000_000, `an estimate of ${stats.availableBps} bit/s is a dream`);
    }
  }
}

/**
 * Prints and returns the times from Next to the first new picture.
 * @param {string} who @param {Person} person @param {number} times how many there must be
 */
export async function reportNextTimes(who, person, times) {
  const measured = (await person.nextTimes()).sort((one, other) => one - other);
  assert.equal(measured.length, times);
  const at = (/** @type {number} */ share) => Math.round(measured[Math.ceil(share * times) - 1] ?? 0);
  console.log(`${who}: Next to first new picture, ${times} times: median ${at(0.5)} ms, p95 ${at(0.95)} ms`);
  return { medianMs: at(0.5), p95Ms: at(0.95) };
}
