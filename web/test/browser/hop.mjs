// @ts-check
/** A line that loses and delays: UDP to one address goes on to another, and back. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { freePort, startServer } from "./server.mjs";

/** @import { RemoteInfo, Socket } from "node:dgram" */

/**
 * @typedef {object} Badness
 * @property {number} up share of the datagrams that is lost on the way to the server
 * @property {number} down the same on the way back
 * @property {number} delayMs how long each is on the way, each way
 */

const [HERE, BEYOND] = ["127.0.0.1", "127.0.0.2"];

/** So much is waiting in a socket at most, as on a good line. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * A server for whose media browsers know the other end of such a line, and no other way.
 * @param {Badness} badness
 */
export async function startBeyond(badness) {
  const port = await freePort();
  const media = { listen: `${HERE}:${port}`, advertise: [BEYOND], tcp_connections: 0 };
  const server = await startServer({ media });
  const hop = await openHop({ at: BEYOND, to: HERE, port }, badness);
  const stop = () => {
    hop.close();
    return server.stop();
  };
  return { url: server.url, stop };
}

/**
 * What comes to `at` goes to `to`, on the same port, and answers come back from there.
 * @param {{ at: string, to: string, port: number }} ends
 * @param {Badness} badness
 * @returns {Promise<{ close: () => void }>}
 */
async function openHop({ at, to, port }, { up, down, delayMs }) {
  const front = await bound(at, port);
  /** @type {Map<string, Socket>} */
  const backs = new Map();
  let isOpen = true;
  /** @param {Socket} socket @param {Buffer} datagram @param {number} loss @param {[port: number, address: string]} goal */
  const pass = (socket, datagram, loss, goal) => {
    if (Math.random() < loss) return;
    setTimeout(() => isOpen && socket.send(datagram, ...goal), delayMs);
  };
  front.on("message", (/** @type {Buffer} */ datagram, /** @type {RemoteInfo} */ from) => {
    const name = `${from.address}:${from.port}`;
    let back = backs.get(name);
    if (!back) {
      back = createSocket("udp4");
      backs.set(name, back);
      back.on("message", (answer) => pass(front, answer, down, [from.port, from.address]));
    }
    pass(back, datagram, up, [port, to]);
  });
  return {
    close() {
      isOpen = false;
      for (const socket of [front, ...backs.values()]) socket.close();
    },
  };
}

/** @param {string} address @param {number} port */
async function bound(address, port) {
  const socket = createSocket({ type: "udp4", recvBufferSize: BUFFER_BYTES });
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}
