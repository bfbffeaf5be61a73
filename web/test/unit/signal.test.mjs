// @ts-check
/** The WebSocket that comes back. */

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Signal } from "../../client/signal.js";
import { SocketDouble, lastSocket, settle } from "./socket-double.mjs";

Reflect.set(globalThis, "WebSocket", SocketDouble);

/** @type {string[]} */
let told = [];

function openSignal() {
  const signal = new Signal(
    "ws://test/v1/signal",
    {
      greet: async () => ({ type: "next" }),
      heed: (reply) => told.push(reply.type),
      lost: () => told.push("LOST"),
      gone: () => told.push("GONE"),
    },
    () => 0.5,
  );
  signal.open();
  return signal;
}

/** @param {number} ms */
async function pass(ms) {
  mock.timers.tick(ms);
  await settle();
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  SocketDouble.all = [];
  told = [];
});

test("the greeting is the first message of every socket", async () => {
  openSignal();
  await lastSocket().accept();
  assert.deepEqual(lastSocket().heard, [{ type: "next" }]);
  await lastSocket().fail();
  await pass(250);
  await lastSocket().accept();
  assert.equal(SocketDouble.all.length, 2);
  assert.deepEqual(lastSocket().heard, [{ type: "next" }]);
});

test("pauses between tries grow and end at the longest", async () => {
  const signal = openSignal();
  signal.settle(60_000);
  const pauses = [250, 500, 1000, 2000, 4000, 4000];
  for (const [index, pauseMs] of pauses.entries()) {
    await lastSocket().fail();
    await pass(pauseMs - 1);
    assert.equal(SocketDouble.all.length, index + 1, `too early for pause ${index}`);
    await pass(1);
    assert.equal(SocketDouble.all.length, index + 2, `too late for pause ${index}`);
  }
});

test("a loss is told once, however many tries fail", async () => {
  openSignal();
  await lastSocket().fail();
  await pass(250);
  await lastSocket().fail();
  await pass(500);
  assert.deepEqual(told, ["LOST"]);
});

test("after the server's grace nobody is bothered any more", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  signal.settle(1000);
  await lastSocket().fail();
  await pass(250);
  await lastSocket().fail();
  await pass(500);
  await lastSocket().fail();
  assert.deepEqual(told, ["LOST", "GONE"]);
  await pass(60_000);
  assert.equal(SocketDouble.all.length, 3);
});

test("within the grace it goes on trying", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  signal.settle(60_000);
  for (let tries = 0; tries < 10; tries += 1) {
    await lastSocket().fail();
    await pass(4000);
  }
  assert.deepEqual(told, ["LOST"]);
  assert.equal(SocketDouble.all.length, 11);
});

test("a change of networks dials again at once, also when the socket looks open", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  const old = lastSocket();
  signal.redial();
  assert.equal(SocketDouble.all.length, 2);
  assert.equal(old.readyState, 3);
  assert.equal(old.onmessage, null);
  assert.deepEqual(told, ["LOST"]);
});

test("what is closed stays closed", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  signal.close();
  signal.redial();
  await pass(60_000);
  assert.equal(SocketDouble.all.length, 1);
  assert.equal(signal.send({ type: "next" }), false);
});

test("what cannot be sent is said to be so", async () => {
  const signal = openSignal();
  assert.equal(signal.send({ type: "next" }), false);
  await lastSocket().accept();
  assert.equal(signal.send({ type: "stop" }), true);
  assert.deepEqual(lastSocket().heard, [{ type: "next" }, { type: "stop" }]);
});

test("an answer that comes in time keeps the socket, one that does not changes it", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  await lastSocket().say({ type: "reported" });
  signal.ask({ type: "next" });
  await pass(3999);
  await lastSocket().say({ type: "reported" });
  await pass(10_000);
  assert.equal(SocketDouble.all.length, 1);
  signal.ask({ type: "next" });
  await pass(4000);
  assert.equal(SocketDouble.all.length, 2);
  assert.deepEqual(told.filter((it) => it === "LOST"), ["LOST"]);
});

test("what needs no answer may go unanswered", async () => {
  const signal = openSignal();
  await lastSocket().accept();
  await lastSocket().say({ type: "reported" });
  signal.send({ type: "chat", text: "hello" });
  await pass(60_000);
  assert.equal(SocketDouble.all.length, 1);
});
