// @ts-check
/** Ten Nexts among three, and what each browser says of them. */

import assert from "node:assert/strict";
import { loadavg } from "node:os";

/** @import { Person } from "./person.mjs" */

/**
 * More than this wants to run at once: then browsers freeze and throw away for want of a core, and
 * say nothing of the relay. Three browsers and a server alone are below it.
 */
const BUSY_LOAD = 8;

const FREEZES = "freezes";

/** How many Nexts may be judged again, for each that must go well. */
const SPARE = 1;

/** Whether what browsers measure here says something of the relay. */
function isCalm() {
  return (loadavg()[0] ?? 0) < BUSY_LOAD;
}

/**
 * The first presses Next until it went well so many times; the other two take turns. Each match is
 * watched for a while: nothing may freeze, be lost or be thrown away. A core that was wanted
 * elsewhere can spoil one, so some are judged again, and told. Where a picture freezes as well
 * while nobody presses anything, Next is not to blame: such a one counts, and is told.
 * @param {Person} first
 * @param {[person: Person, colour: string][]} others matched with `first`, and looking
 * @param {number} times
 * @returns {Promise<number>} how often Next was pressed
 */
export async function pressNext(first, others, times) {
  const [here, there] = others;
  if (!here || !there) throw new Error("it takes three");
  /** @type {string[]} */
  const spoilt = [];
  let [turn, excused] = [0, 0];
  for (; turn - spoilt.length < times && spoilt.length < times * SPARE; turn += 1) {
    const [[former], [next, colour]] = turn % 2 === 0 ? [here, there] : [there, here];
    await next.reaches("looking");
    const faults = await pressOnce(first, next, colour);
    await former.reaches("looking");
    if (faults.length === 0) continue;
    if (faults.every(isFreeze) && (await freezesAnyway([first, next]))) excused += 1;
    else spoilt.push(`Next ${turn + 1}: ${faults.join(", ")}`);
  }
  if (spoilt.length > 0) console.log(`judged again, with a load of ${loadavg()[0]}: ${spoilt.join("; ")}`);
  if (excused > 0) console.log(`after ${excused} of ${turn} pictures froze without a Next, too`);
  const good = turn - spoilt.length;
  assert.ok(good >= times, `only ${good} of ${turn} went well`);
  return turn;
}

/** @param {string} fault */
function isFreeze(fault) {
  return fault.endsWith(FREEZES);
}

/** Whether one's picture freezes in a match that goes on. @param {Person[]} pair */
async function freezesAnyway(pair) {
  const before = await Promise.all(pair.map((person) => person.stats()));
  await watch(pair);
  const after = await Promise.all(pair.map((person) => person.stats()));
  return after.some(({ video }, index) => video.freezes > (before[index]?.video.freezes ?? 0));
}

/** Until each has seen so many frames more. @param {Person[]} pair @param {number} frames */
async function watch(pair, frames = 40) {
  for (const person of pair) {
    const { decoded } = (await person.stats()).video;
    const seen = async () => (await person.stats()).video.decoded >= decoded + frames;
    await person.until(`sees ${frames} more frames`, seen);
  }
}

/** @param {Person} first @param {Person} next @param {string} colour */
async function pressOnce(first, next, colour) {
  const pair = [first, next];
  const atNext = await Promise.all(pair.map((person) => person.stats()));
  await first.escape();
  await first.meetsColour(colour);
  await next.meets();
  // A kept picture stands still until one moves, which is no freeze: it came early.
  await watch(pair, 2);
  const inMatch = await Promise.all(pair.map((person) => person.stats()));
  await watch(pair);
  const after = await Promise.all(pair.map((person) => person.stats()));
  return after.flatMap(({ video, audio, availableBps }, index) => {
    const [was, match] = [atNext[index], inMatch[index]];
    if (!was || !match) throw new Error("two were asked");
    // Next may cut a frame in two: Firefox, which tells no estimate, counts the half it got.
    const whole = availableBps === null ? match : was;
    const side = index === 0 ? "who pressed" : "who was met";
    /** @type {[count: number, what: string][]} */
    const faults = [
      // Between matches there is no picture, which a browser may take for a freeze.
      [video.freezes - match.video.freezes, FREEZES],
      [video.discarded - whole.video.discarded, "packets of the picture thrown away"],
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
    if (isCalm()) {
      assert.ok(stats.video.bufferedMs < 250, `the jitter buffer holds ${stats.video.bufferedMs} ms`);
    }
    if (stats.availableBps !== null) {
      const leastBps = isCalm() ? 500_000 : 50_000;
      assert.ok(stats.availableBps > leastBps, `an estimate of ${stats.availableBps} bit/s starves the picture`);
      // A sender that was kept waiting for a core sends its probe in one burst, and loopback carries it.
      const mostBps = isCalm() ? 50_000_000 : 500_000_000;
      assert.ok(stats.availableBps < mostBps, `an estimate of ${stats.availableBps} bit/s is a dream`);
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
