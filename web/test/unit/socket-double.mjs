// @ts-check
/** A WebSocket whose other end is the test. */

/** @import { Reply, Request } from "../../client/contract.js" */

export class SocketDouble {
  static OPEN = 1;
  /** Every socket that was opened, in order. @type {SocketDouble[]} */
  static all = [];

  readyState = 0;
  /** @type {Request[]} */
  heard = [];
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {(() => void) | null} */
  onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    SocketDouble.all.push(this);
  }

  /** @param {string} data */
  send(data) {
    this.heard.push(JSON.parse(data));
  }

  close() {
    this.readyState = 3;
  }

  // The server's end.

  async accept() {
    this.readyState = SocketDouble.OPEN;
    this.onopen?.();
    await settle();
  }

  /** @param {Reply} reply */
  async say(reply) {
    this.onmessage?.({ data: JSON.stringify(reply) });
    await settle();
  }

  /** The network is gone, or the server refused. */
  async fail() {
    this.readyState = 3;
    this.onclose?.();
    await settle();
  }
}

/** The socket that was opened last. */
export function lastSocket() {
  const socket = SocketDouble.all.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
}

/** Lets every promise that can go on do so. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
