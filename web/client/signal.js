// @ts-check
/**
 * The WebSocket of a stay: opened again, with growing pauses, whenever it is lost.
 */

/** @import { Reply, Request } from "./contract.js" */

/** The pause before the second try; it doubles with each further one. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;

/** How long to go on trying while the server has not yet said its own grace. */
const PATIENCE_AT_THE_DOOR_MS = 10_000;

/** Over which all of a server's visitors go to a newer one. */
const MOVE_SPREAD_MS = 1_000;

/** A server that answers nothing for so long is not there, however open the socket looks. */
const ANSWER_MS = 4_000;

/**
 * @typedef {object} Ears
 * @property {() => Promise<Request>} greet the first message of every new socket
 * @property {(reply: Reply) => void} heed one message from the server
 * @property {() => void} lost the socket is gone; another is being tried
 * @property {() => void} gone no socket could be had within the patience
 */

export class Signal {
  /** @type {string} */
  #url;
  /** @type {Ears} */
  #ears;
  /** @type {() => number} */
  #chance;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Runs while an answer is awaited. @type {ReturnType<typeof setTimeout> | undefined} */
  #overdue;
  #patienceMs = PATIENCE_AT_THE_DOOR_MS;
  /** Tries since the server last answered. */
  #tries = 0;
  /** When the server last answered, on the clock of `Date.now`. */
  #heardAt = 0;
  #closed = false;

  /**
   * @param {string} url
   * @param {Ears} ears
   * @param {() => number} [chance] between 0 and 1, spreads the pauses of many clients
   */
  constructor(url, ears, chance = Math.random) {
    this.#url = url;
    this.#ears = ears;
    this.#chance = chance;
  }

  open() {
    this.#heardAt = Date.now();
    this.#dial();
  }

  /** The server has taken the greeting: its grace is now the patience. @param {number} graceMs */
  settle(graceMs) {
    this.#patienceMs = graceMs;
    this.#tries = 0;
  }

  /**
   * @param {Request} request
   * @returns {boolean} whether there was a socket to send it on
   */
  send(request) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(request));
    return true;
  }

  /**
   * Sends what the server always answers: if it does not, another socket is tried.
   * @param {Request} request
   * @returns {boolean} whether there was a socket to send it on
   */
  ask(request) {
    const sent = this.send(request);
    if (sent) this.#expectAnswer();
    return sent;
  }

  /** The network has changed: what is open is dead even if nobody noticed yet. */
  redial() {
    if (this.#closed) return;
    const open = this.#socket?.readyState === WebSocket.OPEN;
    this.#drop();
    if (open) this.#ears.lost();
    this.#tries = 0;
    this.#dial();
  }

  /** A newer server is where this one was: to it, and not all at once. */
  moveOn() {
    this.#drop();
    this.#patienceMs = PATIENCE_AT_THE_DOOR_MS;
    this.#tries = 0;
    this.#heardAt = Date.now();
    this.#timer = setTimeout(() => this.#dial(), this.#chance() * MOVE_SPREAD_MS);
  }

  /** No further tries, no further words. */
  close() {
    this.#closed = true;
    this.#drop();
  }

  #dial() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.#greet(socket);
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => this.#handleClose();
  }

  /** @param {WebSocket} socket */
  async #greet(socket) {
    const first = await this.#ears.greet();
    if (socket === this.#socket) this.ask(first);
  }

  #expectAnswer() {
    clearTimeout(this.#overdue);
    this.#overdue = setTimeout(() => this.redial(), ANSWER_MS);
  }

  /** @param {unknown} data */
  #hear(data) {
    clearTimeout(this.#overdue);
    this.#heardAt = Date.now();
    this.#ears.heed(JSON.parse(String(data)));
  }

  #handleClose() {
    this.#drop();
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#tries, LONGEST_PAUSE_MS);
    const spreadMs = pauseMs * (0.75 + this.#chance() / 2);
    if (this.#tries === 0) this.#ears.lost();
    this.#tries += 1;
    if (Date.now() + spreadMs - this.#heardAt > this.#patienceMs) {
      this.#closed = true;
      this.#ears.gone();
      return;
    }
    this.#timer = setTimeout(() => this.#dial(), spreadMs);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#overdue);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
