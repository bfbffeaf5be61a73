// @ts-check
/** A whole stay against a scripted server: the class a page uses, with sockets and media doubled. */

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { ConnectionDouble, StreamDouble, TrackDouble, lastConnection } from "./connection-double.mjs";
import { SocketDouble, lastSocket, settle } from "./socket-double.mjs";

/** Of one test: who stayed from the last hears nothing of it. */
let network = new EventTarget();

/** What the browser keeps for this tab. @type {Map<string, string>} */
const session = new Map();

Object.assign(globalThis, {
  sessionStorage: {
    getItem: (/** @type {string} */ key) => session.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void session.set(key, value),
    removeItem: (/** @type {string} */ key) => void session.delete(key),
  },
  WebSocket: SocketDouble,
  RTCPeerConnection: ConnectionDouble,
  MediaStream: StreamDouble,
  /** @param {Parameters<EventTarget["addEventListener"]>} parameters */
  addEventListener: (...parameters) => network.addEventListener(...parameters),
  fetch: async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    asked.push({ url, headers: init.headers });
    if (!iceServers) throw new TypeError("the server is not there");
    return Response.json({ ice_servers: iceServers, lifetime_s: 3_600 });
  },
});

/** What was asked for over HTTP. @type {{ url: string, headers: HeadersInit | undefined }[]} */
let asked = [];

/** What the server then says; null where it is not there. @type {RTCIceServer[] | null} */
let iceServers = null;

const { Visavis } = await import("../../client/visavis.js");

/** @import { Events, Joined, Reply, Resumed } from "../../client/contract.js" */

const LIMITS = { chat_chars: 1000, interests: 5, interest_chars: 40, languages: 5 };

/** @type {Joined} */
const JOINED = { type: "joined", resume: "t1", grace_ms: 15_000, online: 2, limits: LIMITS };

/** @type {Resumed} */
const RESUMED = {
  ...JOINED,
  type: "resumed",
  resume: "t2",
  state: "matched",
  match: "a",
  interests: [],
  languages: [],
};

/** @type {Reply} */
const ANSWER = { type: "answer", sdp: "v=0\r\n" };

/** @type {Reply} */
const WAITING = { type: "waiting", online: 2, usual_wait_ms: 900, by_interests: false };

/** @param {string} match @returns {Reply} */
const matched = (match) => ({ type: "matched", match, interests: [], languages: [], online: 2 });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  SocketDouble.all = [];
  ConnectionDouble.all = [];
  asked = [];
  iceServers = [];
  network = new EventTarget();
  session.clear();
});

function makeStream() {
  const stream = new StreamDouble([new TrackDouble("audio"), new TrackDouble("video")]);
  return /** @type {any} */ (stream);
}

/** @param {InstanceType<typeof Visavis>} visavis @param {(keyof Events)[]} names */
function record(visavis, ...names) {
  /** @type {unknown[]} */
  const told = [];
  for (const name of names) {
    visavis.addEventListener(name, (/** @type {Event} */ event) => {
      told.push(/** @type {CustomEvent} */ (event).detail);
    });
  }
  return told;
}

/** A video stay that is connected and looks. */
async function stayLooking() {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const door = visavis.connect({ adult: true, interests: ["chess"], stream: makeStream() });
  await settle();
  await lastSocket().accept();
  await lastSocket().say(JOINED);
  await lastSocket().say(ANSWER);
  lastConnection().become("connected");
  await lastSocket().say(WAITING);
  await door;
  return visavis;
}

/** @param {string} type */
const requests = (type) => {
  const all = SocketDouble.all.flatMap((socket) => socket.heard);
  return all.filter((request) => request.type === type);
};

test("a stay begins with one join that tells no address", async () => {
  await stayLooking();
  const [join, ...more] = requests("join");
  assert.deepEqual(more, []);
  assert.equal(join?.type, "join");
  assert.deepEqual({ ...join, offer: "" }, {
    type: "join",
    mode: "video",
    adult: true,
    interests: ["chess"],
    languages: [],
    offer: "",
  });
  const offer = (join?.type === "join" && join.offer) || "";
  assert.match(offer, /a=offer:1/);
  assert.doesNotMatch(offer, /192\.0\.2\.7|candidate/);
  assert.deepEqual(lastConnection().kinds, ["audio", "video"]);
});

test("a token is brought as it is, or asked for afresh", async () => {
  for (const token of ["t-1", () => "t-1", async () => "t-1"]) {
    SocketDouble.all = [];
    const visavis = new Visavis({ url: "ws://test/v1/signal" });
    void visavis.connect({ adult: true, mode: "text", token }).catch(() => {});
    await settle();
    await lastSocket().accept();
    const [join] = requests("join");
    assert.equal(join?.type === "join" && join.token, "t-1");
    visavis.leave();
  }
});

test("a token that cannot be had leaves the last word to the server", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const token = async () => Promise.reject(new Error("the backend is away"));
  const door = visavis.connect({ adult: true, mode: "text", token });
  const refused = assert.rejects(door, { code: "unauthorized" });
  await settle();
  await lastSocket().accept();
  assert.equal(requests("join").length, 1);
  await lastSocket().say({ type: "error", code: "unauthorized", message: "no", retry_after_ms: null });
  await refused;
});

test("one connection serves every match of the stay", async () => {
  const visavis = await stayLooking();
  for (const match of ["a", "b", "c"]) {
    await lastSocket().say(matched(match));
    assert.equal(visavis.state, "matched");
    visavis.next();
    assert.equal(visavis.state, "looking");
    await lastSocket().say(WAITING);
  }
  assert.equal(ConnectionDouble.all.length, 1);
  assert.equal(requests("next").length, 3);
  assert.equal(visavis.remote.getTracks().length, 2);
});

test("a low estimate is probed at a match: less for a moment, then more", async () => {
  await stayLooking();
  await lastSocket().say(matched("a"));
  const [low = 0] = lastConnection().bitrates;
  assert.equal(lastConnection().bitrates.length, 1);
  await lastSocket().say(WAITING);
  await lastSocket().say(matched("b"));
  assert.equal(lastConnection().bitrates.length, 1, "one probe at a time");
  mock.timers.tick(500);
  await settle();
  const [, high = 0, ...more] = lastConnection().bitrates;
  assert.ok(low < high);
  assert.deepEqual(more, []);
});

test("an estimate that is good or unknown is left alone", async () => {
  await stayLooking();
  for (const [match, estimateBps] of /** @type {const} */ ([["a", 3_000_000], ["b", undefined]])) {
    lastConnection().estimateBps = estimateBps;
    await lastSocket().say(matched(match));
    await lastSocket().say(WAITING);
  }
  mock.timers.tick(5000);
  assert.deepEqual(lastConnection().bitrates, []);
});

test("a text-only stay makes no connection and sends no offer", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const door = visavis.connect({ adult: true, mode: "text" });
  await settle();
  await lastSocket().accept();
  await lastSocket().say(JOINED);
  await door;
  assert.equal(ConnectionDouble.all.length, 0);
  assert.deepEqual(Object.keys(requests("join")[0] ?? {}).includes("offer"), false);
});

test("text goes both ways, and only within a match", async () => {
  const visavis = await stayLooking();
  const told = record(visavis, "chat");
  assert.equal(visavis.say("too early"), false);
  await lastSocket().say(matched("a"));
  assert.equal(visavis.say("hello"), true);
  await lastSocket().say({ type: "chat", text: "hi" });
  assert.deepEqual(requests("chat"), [{ type: "chat", text: "hello" }]);
  assert.deepEqual(told, [{ text: "hi" }]);
});

test("typing is told when it begins, not at each key, and when it ends", async () => {
  const visavis = await stayLooking();
  await lastSocket().say(matched("a"));
  visavis.typing();
  visavis.typing();
  assert.deepEqual(requests("typing"), [{ type: "typing", active: true }]);
  mock.timers.tick(4000);
  assert.deepEqual(requests("typing").at(-1), { type: "typing", active: false });
});

test("typing in one match is not told in the next", async () => {
  const visavis = await stayLooking();
  await lastSocket().say(matched("a"));
  visavis.typing();
  visavis.next();
  await lastSocket().say(WAITING);
  await lastSocket().say(matched("b"));
  mock.timers.tick(4000);
  assert.deepEqual(requests("typing"), [{ type: "typing", active: true }]);
});

test("a lost socket is resumed with the newest token and the leg is kept", async () => {
  const visavis = await stayLooking();
  await lastSocket().say(matched("a"));
  await lastSocket().fail();
  assert.equal(visavis.state, "lost");
  mock.timers.tick(400);
  await lastSocket().accept();
  assert.deepEqual(lastSocket().heard, [{ type: "resume", token: "t1" }]);
  await lastSocket().say(RESUMED);
  assert.equal(visavis.state, "matched");
  await lastSocket().fail();
  mock.timers.tick(400);
  await lastSocket().accept();
  assert.deepEqual(lastSocket().heard, [{ type: "resume", token: "t2" }]);
  assert.equal(ConnectionDouble.all.length, 1);
});

test("a broken path is replaced over a new socket, and the stay says lost until it is back", async () => {
  const visavis = await stayLooking();
  const old = lastSocket();
  lastConnection().become("failed");
  assert.equal(visavis.state, "lost");
  assert.equal(old.readyState, 3);
  await lastSocket().accept();
  const [resume, ...more] = lastSocket().heard;
  assert.deepEqual(more, []);
  assert.equal(resume?.type, "resume");
  assert.match((resume?.type === "resume" && resume.offer) || "", /restart/);
  await lastSocket().say({ ...RESUMED, state: "waiting", match: null });
  await lastSocket().say(ANSWER);
  assert.equal(visavis.state, "lost");
  lastConnection().become("connected");
  assert.equal(visavis.state, "looking");
  assert.equal(ConnectionDouble.all.length, 1);
});

test("a hiccup of the network is no loss", async () => {
  const visavis = await stayLooking();
  lastConnection().become("disconnected");
  mock.timers.tick(250);
  lastConnection().become("connected");
  mock.timers.tick(10_000);
  await settle();
  assert.equal(visavis.state, "looking");
  assert.equal(SocketDouble.all.length, 1);
});

test("more than a hiccup is a loss", async () => {
  const visavis = await stayLooking();
  lastConnection().become("disconnected");
  mock.timers.tick(301);
  assert.equal(visavis.state, "lost");
  assert.equal(SocketDouble.all.length, 2);
});

test("a server that hears nothing of the leg is asked for a path, once", async () => {
  await stayLooking();
  await lastSocket().say({ type: "connection", state: "silent" });
  await lastSocket().say({ type: "connection", state: "silent" });
  const [offer, ...more] = requests("offer");
  assert.deepEqual(more, []);
  assert.match((offer?.type === "offer" && offer.sdp) || "", /restart/);
  await lastSocket().say(ANSWER);
  await lastSocket().say({ type: "connection", state: "silent" });
  assert.equal(requests("offer").length, 2);
});

test("a next that nobody answers is said again over another socket", async () => {
  const visavis = await stayLooking();
  await lastSocket().say(matched("a"));
  visavis.next();
  mock.timers.tick(4000);
  assert.equal(SocketDouble.all.length, 2);
  assert.equal(visavis.state, "lost");
  await lastSocket().accept();
  await lastSocket().say(RESUMED);
  assert.deepEqual(lastSocket().heard.map(({ type }) => type), ["resume", "next"]);
  assert.equal(visavis.state, "looking");
});

test("a server that forgot the stay is joined anew with a new connection", async () => {
  const visavis = await stayLooking();
  await lastSocket().fail();
  mock.timers.tick(400);
  await lastSocket().accept();
  await lastSocket().say({
    type: "error",
    code: "unknown_token",
    message: "no stay answers to this token",
    retry_after_ms: null,
  });
  assert.deepEqual(lastSocket().heard.map(({ type }) => type), ["resume", "join"]);
  assert.equal(ConnectionDouble.all.length, 2);
  assert.equal(ConnectionDouble.all[0]?.closed, true);
  assert.equal(visavis.state, "connecting");
  assert.equal(visavis.remote.getTracks().length, 0);
});

test("a full server is joined when it said so, with the same offer", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const told = record(visavis, "full");
  const door = visavis.connect({ adult: true, stream: makeStream() });
  await settle();
  await lastSocket().accept();
  await lastSocket().say({ type: "error", code: "full", message: "full", retry_after_ms: 3000 });
  assert.equal(visavis.state, "full");
  assert.deepEqual(told, [{ retryAfterMs: 3000 }]);
  mock.timers.tick(3000);
  await settle();
  const joins = requests("join");
  assert.equal(joins.length, 2);
  assert.deepEqual(joins[0], joins[1]);
  await lastSocket().say(JOINED);
  await door;
});

test("what the server would not take fails the connect with its code", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const door = visavis.connect({ adult: false, stream: makeStream() });
  await settle();
  await lastSocket().accept();
  await lastSocket().say({ type: "error", code: "adults_only", message: "no", retry_after_ms: null });
  await assert.rejects(door, { name: "VisavisError", code: "adults_only" });
  assert.equal(visavis.state, "idle");
  assert.equal(lastConnection().closed, true);
});

test("next comes back after the server was given up", async () => {
  const visavis = await stayLooking();
  await lastSocket().say({ type: "bye", reason: "shutdown" });
  assert.equal(visavis.state, "lost");
  const sockets = SocketDouble.all.length;
  visavis.next();
  await settle();
  assert.equal(SocketDouble.all.length, sockets + 1);
  assert.equal(visavis.state, "connecting");
});

test("who looks goes on with a newer server, on a socket and a connection of its own", async () => {
  const visavis = await stayLooking();
  const [sockets, first] = [SocketDouble.all.length, lastConnection()];
  await lastSocket().say({ type: "bye", reason: "moved" });
  assert.equal(visavis.state, "connecting");
  assert.equal(first.closed, true);
  mock.timers.tick(1_000);
  await settle();
  assert.equal(SocketDouble.all.length, sockets + 1);
  await lastSocket().accept();
  assert.equal(requests("join").length, 2);
  assert.notEqual(lastConnection(), first);
  await lastSocket().say(JOINED);
  await lastSocket().say(WAITING);
  assert.equal(visavis.state, "looking");
});

test("who rests comes to the newer server when they look again", async () => {
  const visavis = await stayLooking();
  visavis.stop();
  await lastSocket().say({ type: "idle", online: 1 });
  const told = record(visavis, "ended");
  const sockets = SocketDouble.all.length;
  await lastSocket().say({ type: "bye", reason: "moved" });
  assert.equal(visavis.state, "idle");
  assert.deepEqual(told, [{ reason: "moved", judgement: null }]);
  mock.timers.tick(1_000);
  await settle();
  assert.equal(SocketDouble.all.length, sockets);
  visavis.next();
  await settle();
  assert.equal(SocketDouble.all.length, sockets + 1);
});

test("leaving is said and ends everything", async () => {
  const visavis = await stayLooking();
  const told = record(visavis, "ended");
  visavis.leave();
  assert.deepEqual(requests("leave"), [{ type: "leave" }]);
  assert.equal(lastSocket().readyState, 3);
  assert.equal(lastConnection().closed, true);
  assert.deepEqual(told, [{ reason: "left", judgement: null }]);
  mock.timers.tick(60_000);
  assert.equal(SocketDouble.all.length, 1);
});

test("muting and unmuting touch the tracks, not the connection", async () => {
  const visavis = await stayLooking();
  visavis.mute("audio");
  assert.deepEqual(visavis.local?.getTracks().map(({ enabled }) => enabled), [false, true]);
  visavis.unmute("audio");
  assert.deepEqual(visavis.local?.getTracks().map(({ enabled }) => enabled), [true, true]);
});

test("who is muted comes in muted, and what the page has muted itself stays so", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const stream = makeStream();
  stream.getAudioTracks()[0].enabled = false;
  visavis.mute("video");
  void visavis.connect({ adult: true, stream }).catch(() => {});
  await settle();
  assert.deepEqual(visavis.local?.getTracks().map(({ enabled }) => enabled), [false, false]);
  visavis.unmute("video");
  assert.equal(visavis.local?.getVideoTracks()[0]?.enabled, true);
  visavis.leave();
});

test("another camera replaces the track, stays muted if it was, and frees the first", async () => {
  const visavis = await stayLooking();
  const camera = new TrackDouble("video");
  const mediaDevices = { getUserMedia: async () => new StreamDouble([camera]) };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  const first = visavis.local?.getVideoTracks()[0];
  visavis.mute("video");
  await visavis.useCamera("front");
  assert.deepEqual(lastConnection().replaced, [camera]);
  assert.equal(camera.enabled, false);
  assert.equal(/** @type {any} */ (first).stopped, true);
  assert.equal(requests("offer").length, 0);
});

test("a network that comes back dials at once", async () => {
  const visavis = await stayLooking();
  network.dispatchEvent(new Event("offline"));
  assert.equal(visavis.state, "lost");
  network.dispatchEvent(new Event("online"));
  await lastSocket().accept();
  assert.deepEqual(lastSocket().heard, [{ type: "resume", token: "t1" }]);
});

/** @param {string} text @returns {Reply} */
const challenge = (text) => ({ type: "challenge_required", kind: "work", text, bits: 6, site_key: null });

test("what the server asks for is done, and brought with the same wish", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const told = record(visavis, "challenge");
  const door = visavis.connect({ adult: true, mode: "text", interests: ["chess"] });
  await settle();
  await lastSocket().accept();
  await lastSocket().say(challenge("AAAAAAAAAAAAAAAAAAAAAA"));
  await settle();
  const [first, second, ...more] = requests("join");
  // The first number that has six bits of zero.
  assert.deepEqual(second, { ...first, proof: "33" });
  assert.deepEqual([more, told], [[], [{ kind: "work" }]]);
  await lastSocket().say(JOINED);
  await door;
  visavis.leave();
});

test("an answer that comes when the socket is gone is kept back", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  /** @type {((answer: string) => void)[]} */
  const answers = [];
  const captcha = () => new Promise((/** @type {(answer: string) => void} */ resolve) => answers.push(resolve));
  void visavis.connect({ adult: true, mode: "text", captcha }).catch(() => {});
  await settle();
  await lastSocket().accept();
  /** @type {Reply} */
  const asked = { type: "challenge_required", kind: "captcha", text: null, bits: null, site_key: "k" };
  await lastSocket().say(asked);
  network.dispatchEvent(new Event("offline"));
  network.dispatchEvent(new Event("online"));
  await lastSocket().accept();
  await lastSocket().say(asked);
  answers[0]?.("late");
  await settle();
  assert.ok(requests("join").every((join) => join.type === "join" && join.proof === undefined));
  answers[1]?.("in time");
  await settle();
  assert.ok(requests("join").some((join) => join.type === "join" && join.proof === "in time"));
  visavis.leave();
});

test("a page without a captcha is told that it needs one", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const door = visavis.connect({ adult: true, mode: "text" });
  await settle();
  await lastSocket().accept();
  await lastSocket().say({ type: "challenge_required", kind: "captcha", text: null, bits: null, site_key: "k" });
  await assert.rejects(door, { code: "challenge_failed" });
});

test("the operator's servers are asked for once, and again when half of their time is over", async () => {
  const turn = { urls: ["turn:turn.example.org"], username: "1:a", credential: "b" };
  iceServers = [turn];
  const visavis = await stayLooking();
  assert.deepEqual(asked, [{ url: "http://test/v1/ice-servers", headers: {} }]);
  assert.deepEqual(lastConnection().configuration, { bundlePolicy: "max-bundle", iceServers: [turn] });
  for (const [afterMs, times] of /** @type {const} */ ([
    [1_700_000, 1],
    [200_000, 2],
  ])) {
    mock.timers.tick(afterMs);
    lastConnection().become("failed");
    await settle();
    await lastSocket().accept();
    await settle();
    assert.equal(asked.length, times);
  }
  visavis.leave();
});

test("who brings a token asks with it, and who writes only asks for nothing", async () => {
  for (const mode of /** @type {const} */ (["video", "text"])) {
    const visavis = new Visavis({ url: "wss://test/chat/signal" });
    const door = visavis.connect({ adult: true, mode, stream: makeStream(), token: async () => "abc" });
    await settle();
    const expected = { url: "https://test/chat/ice-servers", headers: { authorization: "Bearer abc" } };
    assert.deepEqual(asked, [expected], mode);
    visavis.leave();
    await assert.rejects(door);
  }
});

test("where the servers cannot be had the stay begins without", async () => {
  iceServers = null;
  const visavis = await stayLooking();
  assert.equal(lastConnection().configuration, null);
  visavis.leave();
});

/** @type {Reply} */
const ageCheck = { type: "age_check_required", check: "c1", url: "https://age.example/?check=c1", wait_ms: 900 };

test("a check of the age is told once, outlives the socket, and is brought until the stay begins", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const told = record(visavis, "agecheck");
  const door = visavis.connect({ adult: true, mode: "text" });
  await settle();
  await lastSocket().accept();
  await lastSocket().say(ageCheck);
  network.dispatchEvent(new Event("offline"));
  network.dispatchEvent(new Event("online"));
  await lastSocket().accept();
  await lastSocket().say(ageCheck);
  assert.deepEqual(told, [{ url: "https://age.example/?check=c1", waitMs: 900 }]);
  await lastSocket().say({ type: "age_checked" });
  mock.timers.tick(10);
  await settle();
  const checks = requests("join").map((join) => join.type === "join" && join.age_check);
  assert.deepEqual(checks, [undefined, "c1", "c1"]);
  await lastSocket().say(JOINED);
  await door;
  assert.equal(session.size, 0);
  visavis.leave();
});

test("a check that has found nothing is forgotten", async () => {
  const visavis = new Visavis({ url: "ws://test/v1/signal" });
  const door = visavis.connect({ adult: true, mode: "text" });
  await settle();
  await lastSocket().accept();
  await lastSocket().say(ageCheck);
  assert.equal(session.size, 1);
  await lastSocket().say({ type: "error", code: "age_not_assured", message: "no", retry_after_ms: null });
  await assert.rejects(door, { code: "age_not_assured" });
  assert.equal(session.size, 0);
});
