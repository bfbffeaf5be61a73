// @ts-check
/** What follows from each message of the server, in order and out of order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Stay } from "../../client/stay.js";

const LIMITS = { chat_chars: 1000, interests: 5, interest_chars: 40, languages: 5 };

/** @type {import("../../client/contract.js").Joined} */
const JOINED = { type: "joined", resume: "t1", grace_ms: 15_000, online: 2, limits: LIMITS };

/** @param {string} match @returns {import("../../client/contract.js").Matched} */
const matched = (match) => ({ type: "matched", match, interests: ["chess"], languages: [], online: 2 });

/** @type {import("../../client/contract.js").Reply} */
const WAITING = { type: "waiting", online: 2, usual_wait_ms: null, by_interests: true };

/** @type {import("../../client/contract.js").Reply} */
const LEFT = { type: "left", reason: "next", requeue_ms: 1000 };

/** @param {...import("../../client/contract.js").Reply} replies */
function stayAfter(...replies) {
  const stay = new Stay();
  stay.heed(JOINED);
  for (const reply of replies) stay.heed(reply);
  return stay;
}

/** @param {import("../../client/stay.js").Deed[]} deeds */
const told = (deeds) => deeds.flatMap((deed) => (deed.do === "tell" ? [deed.name] : []));

/** @param {string} code @param {number | null} retry_after_ms @returns {import("../../client/contract.js").Refusal} */
const refusal = (code, retry_after_ms = null) => ({ type: "error", code, message: "no", retry_after_ms });

test("a stay goes from connecting to looking to matched", () => {
  const stay = new Stay();
  assert.equal(stay.told, "connecting");
  assert.deepEqual(told(stay.heed(JOINED)), ["online"]);
  assert.equal(stay.told, "connecting");
  assert.deepEqual(told(stay.heed(WAITING)), ["online", "waiting"]);
  assert.equal(stay.told, "looking");
  assert.deepEqual(told(stay.heed(matched("a"))), ["online", "matched"]);
  assert.equal(stay.told, "matched");
});

test("each match is probed once, also when the stay is resumed within it", () => {
  const stay = stayAfter(WAITING);
  const first = stay.heed(matched("a"));
  assert.ok(first.some((deed) => deed.do === "probe"));
  const again = stay.heed({
    ...JOINED,
    type: "resumed",
    state: "matched",
    match: "a",
    interests: [],
    languages: [],
  });
  assert.ok(!again.some((deed) => deed.do === "probe"));
  assert.equal(stay.told, "matched");
});

test("next looks at once and does not wait for the server to agree", () => {
  const stay = stayAfter(WAITING, matched("a"));
  assert.deepEqual(stay.ask("next"), [{ do: "send", request: { type: "next" } }]);
  assert.equal(stay.told, "looking");
  assert.equal(stay.match, null);
});

test("words of a match that was left are not shown in the next", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("next");
  assert.deepEqual(told(stay.heed({ type: "chat", text: "late" })), []);
  assert.deepEqual(told(stay.heed({ type: "typing", active: true })), []);
  assert.deepEqual(told(stay.heed(LEFT)), []);
  assert.equal(stay.told, "looking");
});

test("words of the match that is are shown", () => {
  const stay = stayAfter(WAITING, matched("a"));
  assert.deepEqual(told(stay.heed({ type: "chat", text: "hello" })), ["chat"]);
  assert.deepEqual(told(stay.heed({ type: "typing", active: true })), ["typing"]);
  assert.deepEqual(told(stay.heed(LEFT)), ["left"]);
  assert.equal(stay.told, "left");
});

test("somebody may be there at once: next is answered by waiting or by a match", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("next");
  assert.deepEqual(told(stay.heed(matched("b"))), ["online", "matched"]);
  assert.equal(stay.match, "b");
});

test("the first picture is told of the match that is, and of no other", () => {
  const stay = stayAfter(WAITING, matched("a"));
  const picture = (/** @type {string} */ match) => stay.heed({ type: "picture", match, timestamp: 7 });
  assert.deepEqual(told(picture("z")), []);
  assert.deepEqual(picture("a"), [{ do: "tell", name: "picture", detail: { timestamp: 7 } }]);
  stay.ask("next");
  assert.deepEqual(told(picture("a")), []);
});

test("a match that crossed with next is left as soon as the server has read it", () => {
  const stay = stayAfter(WAITING, matched("a"), LEFT);
  stay.ask("next");
  stay.heed(matched("b"));
  stay.heed(WAITING);
  assert.equal(stay.told, "looking");
  stay.heed(matched("c"));
  assert.equal(stay.match, "c");
});

test("a match that crosses with stop is not entered", () => {
  const stay = stayAfter(WAITING);
  stay.ask("stop");
  stay.heed(WAITING);
  stay.heed(matched("a"));
  assert.equal(stay.told, "idle");
  stay.heed({ type: "idle", online: 2 });
  assert.equal(stay.told, "idle");
});

test("stop and then next ends in looking, whatever is answered first", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("stop");
  stay.ask("next");
  stay.heed({ type: "idle", online: 2 });
  assert.equal(stay.told, "looking");
  stay.heed(WAITING);
  stay.heed(matched("b"));
  assert.equal(stay.told, "matched");
});

test("what would change nothing is not asked for", () => {
  assert.deepEqual(new Stay().ask("next"), []);
  assert.deepEqual(stayAfter(WAITING).ask("next"), []);
  assert.deepEqual(stayAfter(WAITING, { type: "idle", online: 1 }).ask("stop"), []);
});

test("a next that came too fast is sent again later", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("next");
  assert.deepEqual(stay.heed(refusal("too_fast", 700)), [
    { do: "sendLater", request: { type: "next" }, afterMs: 700 },
  ]);
  assert.equal(stay.told, "looking");
});

test("a next that a draining server refuses leaves the match as it was", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("next");
  assert.deepEqual(told(stay.heed(refusal("draining"))), ["refused"]);
  assert.equal(stay.told, "matched");
});

test("a full server is tried again when it said so", () => {
  const stay = new Stay();
  const deeds = stay.heed(refusal("full", 5000));
  assert.deepEqual(told(deeds), ["full"]);
  assert.deepEqual(deeds.at(-1), { do: "comeBack", afterMs: 5000 });
  assert.equal(stay.told, "full");
});

test("a refusal at the door ends the stay, a later one does not", () => {
  assert.deepEqual(new Stay().heed(refusal("bad_interests")), [
    { do: "end", reason: "refused", code: "bad_interests", message: "no" },
  ]);
  const later = stayAfter(WAITING).heed(refusal("bad_interests"));
  assert.deepEqual(told(later), ["refused"]);
});

test("a token the server does not know begins a new stay", () => {
  const stay = stayAfter(WAITING);
  assert.deepEqual(stay.heed(refusal("unknown_token")), [{ do: "joinAnew" }]);
  stay.forget();
  assert.equal(stay.token, null);
  assert.equal(stay.told, "connecting");
});

test("what was asked for while the socket was lost is asked for on the new one", () => {
  const stay = stayAfter(WAITING, matched("a"));
  stay.ask("next");
  const deeds = stay.heed({
    ...JOINED,
    type: "resumed",
    resume: "t2",
    state: "matched",
    match: "a",
    interests: [],
    languages: [],
  });
  assert.deepEqual(deeds.at(-1), { do: "send", request: { type: "next" } });
  assert.equal(stay.told, "looking");
  assert.equal(stay.token, "t2");
});

test("silence of the media path asks for another path", () => {
  const stay = stayAfter(WAITING);
  assert.deepEqual(stay.heed({ type: "connection", state: "silent" }), [{ do: "restart" }]);
  assert.deepEqual(stay.heed({ type: "connection", state: "connected" }), []);
});

test("a path that is refused while the leg is silent is asked for again, and else not", () => {
  const stay = stayAfter(WAITING);
  const later = { do: "restartLater", afterMs: 1000 };
  assert.ok(!stay.heed(refusal("bad_offer")).some((deed) => deed.do === "restartLater"));
  stay.heed({ type: "connection", state: "silent" });
  assert.deepEqual(stay.heed(refusal("bad_offer")).at(-1), later);
  assert.deepEqual(stay.heed(refusal("too_fast")).at(-1), later);
  stay.heed({ type: "connection", state: "connected" });
  assert.ok(!stay.heed(refusal("bad_offer")).some((deed) => deed.do === "restartLater"));
});

test("the look at one's own picture is told, a warning too", () => {
  const stay = stayAfter();
  assert.deepEqual(told(stay.heed({ type: "screening", state: "pending" })), ["screening"]);
  assert.deepEqual(told(stay.heed({ type: "warned", label: "sexy" })), ["warned"]);
});

test("a partner's stopped picture is of their match only, one's own of the stay", () => {
  const stay = stayAfter(WAITING, matched("a"));
  const partner = /** @type {const} */ ({ type: "blocked", whose: "partner", blocked: true, label: null, case: null });
  const own = /** @type {const} */ ({ type: "blocked", whose: "own", blocked: true, label: "porn", case: "7Q2M" });
  assert.deepEqual(told(stay.heed(partner)), ["blocked"]);
  stay.ask("next");
  assert.deepEqual(told(stay.heed(partner)), []);
  const detail = { whose: "own", blocked: true, label: "porn", caseCode: "7Q2M" };
  assert.deepEqual(stay.heed(own), [{ do: "tell", name: "blocked", detail }]);
});

test("a stay that is ended by policy says for what and for how long", () => {
  const stay = stayAfter(WAITING);
  stay.heed({ type: "ended", label: "porn", retry_after_ms: 600_000, case: "7Q2M" });
  const [deed] = stay.heed({ type: "bye", reason: "ended" });
  assert.equal(deed?.do, "end");
  assert.deepEqual(stay.judgement, { label: "porn", retryAfterMs: 600_000, caseCode: "7Q2M" });
});

test("the token of this browser is kept", () => {
  const deeds = new Stay().heed({ ...JOINED, device: "d1" });
  assert.deepEqual(deeds.find((deed) => deed.do === "remember"), { do: "remember", device: "d1" });
});
