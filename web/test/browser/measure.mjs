// @ts-check
/** Ten Nexts among three, and what each browser says of them. */

import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** @import { Person } from "./person.mjs" */

/** This process was kept waiting for so long: then the browsers were too, and froze for want of a core. */
const STARVED_MS = 25;

/** How many Nexts may be judged again because the machine was too busy, for each that counts. */
const SPARE = 2;

/**
 * The first presses Next until it went well so many times; the other two take turns. Each match is
 * watched for a while: nothing may freeze, be lost or be thrown away.
 * @param {Person} first
 * @param {[person: Person, colour: string][]} others matched with `first`, and looking
 * @param {number} times
 * @returns {Promise<number>} how often Next was pressed
 */
export async function pressNext(first, others, times) {
  const [here, there] = others;
  if (!here || !there) throw new Error("it takes three");
  let [good, turn] = [0, 0];
  for (; good < times; turn += 1) {
    const [[former], [next, colour]] = turn % 2 === 0 ? [here, there] : [there, here];
    await next.reaches("looking");
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const faults = await pressOnce(first, next, colour);
    delay.disable();
    await former.reaches("looking");
    if (faults.length === 0) good += 1;
    const waitedMs = Math.round(delay.max / 1e6);
    const why = `Next ${turn + 1}, this process waited ${waitedMs} ms for a core: ${faults.join(", ")}`;
    assert.ok(faults.length === 0 || waitedMs > STARVED_MS, why);
    assert.ok(turn < times * (1 + SPARE), `the machine is too busy to judge; ${why}`);
  }
  return turn;
}

/** @param {Person} first @param {Person} next @param {string} colour */
async function pressOnce(first, next, colour) {
  const pair = [first, next];
  const atNext = await Promise.all(pair.map((person) => person.stats()));
  await first.escape();
  await first.meetsColour(colour);
  await next.meets();
  const inMatch = await Promise.all(pair.map((person) => person.stats()));
  for (const [index, person] of pair.entries()) {
    const decoded = inMatch[index]?.video.decoded ?? 0;
    await person.until("sees 40 more frames", async () => (await person.stats()).video.decoded >= decoded + 40);
  }
  const after = await Promise.all(pair.map((person) => person.stats()));
  return after.flatMap(({ video, audio }, index) => {
    const [was, match] = [atNext[index], inMatch[index]];
    if (!was || !match) throw new Error("two were asked");
    const side = index === 0 ? "who pressed" : "who was met";
    /** @type {[count: number, what: string][]} */
    const faults = [
      // Between matches there is no picture, which a browser may take for a freeze.
      [video.freezes - match.video.freezes, "freezes"],
      [video.discarded - was.video.discarded, "packets of the picture thrown away"],
      [audio.discarded - was.audio.discarded, "packets of the sound thrown away"],
      [video.lost - was.video.lost, "packets of the picture lost"],
      [audio.lost - was.audio.lost, "packets of the sound lost"],
    ];
    // Firefox's count of packets thrown away goes down by one now and then.
    return faults.flatMap(([count, what]) => (count <= 0 ? [] : [`${side}: ${count} ${what}`]));
  });
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
    assert.ok(stats.video.bufferedMs < 250, `the jitter buffer holds ${stats.video.bufferedMs} ms`);
    if (stats.availableBps !== null) {
      assert.ok(stats.availableBps > 500_000, `an estimate of ${stats.availableBps} bit/s starves the picture`);
      assert.ok(stats.availableBps < 50_000_000, `an estimate of ${stats.availableBps} bit/s is a dream`);
    }
  }
}

/**
 * Prints the times from Next to the first new picture.
 * @param {string} who @param {Person} person @param {number} times how many there must be
 */
export async function reportNextTimes(who, person, times) {
  const measured = (await person.nextTimes()).sort((one, other) => one - other);
  assert.equal(measured.length, times);
  const at = (/** @type {number} */ share) => Math.round(measured[Math.ceil(share * times) - 1] ?? 0);
  console.log(`${who}: Next to first new picture, ${times} times: median ${at(0.5)} ms, p95 ${at(0.95)} ms`);
}
