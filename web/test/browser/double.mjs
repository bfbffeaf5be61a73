// @ts-check
/**
 * A scripted server for the page alone: real files, a WebSocket that says what the test says, and
 * in place of the relay a second `RTCPeerConnection` in the page that sends a drawn picture.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** @import { Page, WebSocketRoute } from "playwright-core" */
/** @import { Reply, Request } from "../../client/contract.js" */

const WEB = fileURLToPath(new URL("../../", import.meta.url));

/** @type {Record<string, string>} */
const KINDS = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What the real server says too: nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob: mediastream:";

const CONSOLE_POLICY = "default-src 'self'; img-src 'self' data: blob:";

/** Paths that are no file's name. @type {Record<string, string>} */
const INDEXES = { "/": "/index.html", "/console": "/console/index.html", "/appeal": "/appeal/index.html" };

export const LIMITS = { chat_chars: 1000, interests: 10, interest_chars: 40, languages: 5 };

/** @param {{ online: number }} says */
export async function serveFiles(says) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const answer = { "/v1/online": says, "/v1/ice-servers": { ice_servers: [], lifetime_s: 3_600 } }[path];
    if (answer) {
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
      return;
    }
    try {
      const file = normalize(INDEXES[path] ?? path);
      const body = await readFile(join(WEB, file));
      response.setHeader("content-type", KINDS[extname(file)] ?? "application/octet-stream");
      response.setHeader("content-security-policy", path.startsWith("/console") ? CONSOLE_POLICY : POLICY);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { url: `http://localhost:${port}`, close: () => server.close() };
}

/** The server's end of a page's WebSockets, one after the other. */
export class Double {
  /** Every message of the page, on whatever socket. @type {Request[]} */
  heard = [];
  /** Whether new sockets are taken. */
  open = true;
  /** @type {WebSocketRoute | null} */
  #socket = null;
  /** @type {(request: Request) => void} */
  #script;
  /** @type {{ type: string, resolve: (request: Request) => void }[]} */
  #waiters = [];
  /** @type {Page} */
  #page;

  /**
   * @param {Page} page
   * @param {(request: Request, double: Double) => void} script what to say to each message
   */
  constructor(page, script) {
    this.#page = page;
    this.#script = (request) => script(request, this);
  }

  async start() {
    await this.#page.routeWebSocket(/\/v1\/signal$/, (socket) => {
      if (!this.open) return void socket.close();
      this.#socket = socket;
      socket.onMessage((data) => this.#hear(JSON.parse(String(data))));
    });
  }

  /** @param {Reply} reply */
  say(reply) {
    this.#socket?.send(JSON.stringify(reply));
  }

  /** Answers the page's offer with a drawn picture of a colour. @param {string} offer @param {string} colour */
  async answer(offer, colour) {
    const sdp = await this.#page.evaluate(answerInPage, { offer, colour });
    this.say({ type: "answer", sdp });
  }

  /** The connection breaks without a word. */
  hangUp() {
    this.#socket?.close({ code: 1011 });
    this.#socket = null;
  }

  /** The next message of this type, or one already heard. @param {string} type @returns {Promise<Request>} */
  next(type) {
    const known = this.heard.find((request) => request.type === type);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiters.push({ type, resolve }));
  }

  /** @param {Request} request */
  #hear(request) {
    this.heard.push(request);
    this.#script(request);
    const met = this.#waiters.filter((waiter) => waiter.type === request.type);
    this.#waiters = this.#waiters.filter((waiter) => waiter.type !== request.type);
    for (const waiter of met) waiter.resolve(request);
  }
}

/**
 * Runs in the page: the other end of its connection, sending a canvas.
 * @param {{ offer: string, colour: string }} wish
 */
async function answerInPage({ offer, colour }) {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 480;
  const brush = canvas.getContext("2d");
  if (!brush) throw new Error("no canvas");
  let turn = 0;
  const draw = () => {
    turn += 1;
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 640, 480);
    brush.fillStyle = "rgb(255 255 255 / 25%)";
    brush.beginPath();
    brush.arc(320 + 8 * Math.sin(turn / 20), 230, 110, 0, 7);
    brush.arc(320, 480, 190, 0, 7);
    brush.fill();
    requestAnimationFrame(draw);
  };
  draw();
  const other = new RTCPeerConnection();
  await other.setRemoteDescription({ type: "offer", sdp: offer });
  for (const transceiver of other.getTransceivers()) transceiver.direction = "sendrecv";
  const [picture] = canvas.captureStream(30).getVideoTracks();
  const sender = other.getTransceivers().find(({ receiver }) => receiver.track.kind === "video");
  await sender?.sender.replaceTrack(picture ?? null);
  await other.setLocalDescription(await other.createAnswer());
  await new Promise((resolve) => {
    if (other.iceGatheringState === "complete") return resolve(undefined);
    other.onicegatheringstatechange = () => {
      if (other.iceGatheringState === "complete") resolve(undefined);
    };
  });
  return other.localDescription?.sdp ?? "";
}
