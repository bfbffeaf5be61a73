// @ts-check
/**
 * mediasoup in the place of visavis: the signaling of `docs/signaling.md` in front, one transport for each visitor
 * behind. Who comes first meets who comes second, and both stay with each other.
 *
 *     node mediasoup_bridge.mjs PORT WORKERS
 *
 * For `visavis load`, which joins, meets and leaves, and reads `/metrics`.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createWorker } from "mediasoup";
import { WebSocketServer } from "ws";

const [port, workerCount] = process.argv.slice(2).map(Number);
const ADDRESS = "127.0.0.1";
const TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

const OPUS = { kind: "audio", mimeType: "audio/opus", clockRate: 48_000, channels: 2, preferredPayloadType: 111 };
const VP8 = { kind: "video", mimeType: "video/VP8", clockRate: 90_000, preferredPayloadType: 96 };
const RTX = { kind: "video", mimeType: "video/rtx", clockRate: 90_000, preferredPayloadType: 97, parameters: { apt: 96 } };
const REPAIR = [{ type: "nack" }, { type: "nack", parameter: "pli" }];

/** What a visitor of `visavis load` takes. */
const RECEIVES = { codecs: [{ ...OPUS, rtcpFeedback: [] }, { ...VP8, rtcpFeedback: REPAIR }, RTX], headerExtensions: [] };

const workers = await Promise.all(Array.from({ length: workerCount }, () => createWorker({ logLevel: "error" })));
const routers = await Promise.all(workers.map((worker) => worker.createRouter({ mediaCodecs: [OPUS, VP8] })));

let matches = 0;
/** @type {{ socket: any, offer: string } | undefined} */
let waiting;

/** The value of an attribute. @param {string} sdp @param {string} key */
function attribute(sdp, key) {
  const found = new RegExp(`^a=${key}:(.*?)\\r?$`, "m").exec(sdp);
  if (!found) throw new Error(`an offer without ${key}`);
  return found[1];
}

/** What one visitor sends, as their offer says. @param {any} router @param {string} offer */
async function open(router, offer) {
  const transport = await router.createWebRtcTransport({ listenIps: [{ ip: ADDRESS }], enableUdp: true });
  const [algorithm, value] = attribute(offer, "fingerprint").split(" ");
  await transport.connect({ dtlsParameters: { role: "client", fingerprints: [{ algorithm, value }] } });
  const [audio, video, rtx] = [...offer.matchAll(/^a=ssrc:(\d+)/gm)].map(([, ssrc]) => Number(ssrc));
  const common = { headerExtensions: [{ uri: TRANSPORT_CC, id: 3 }], rtcp: { cname: "load" } };
  const feedback = [{ type: "transport-cc" }];
  /** @param {object} codec @param {number} payloadType @param {object[]} rtcpFeedback */
  const sent = ({ kind, preferredPayloadType, ...codec }, payloadType, rtcpFeedback) => ({ ...codec, payloadType, rtcpFeedback });
  const voice = await transport.produce({
    kind: "audio",
    rtpParameters: { ...common, mid: "0", codecs: [sent(OPUS, 111, feedback)], encodings: [{ ssrc: audio }] },
  });
  const codecs = [sent(VP8, 96, [...feedback, ...REPAIR]), sent(RTX, 97, [])];
  const picture = await transport.produce({
    kind: "video",
    rtpParameters: { ...common, mid: "1", codecs, encodings: [{ ssrc: video, rtx: { ssrc: rtx } }] },
  });
  return { transport, voice, picture };
}

/** What a visitor receives of another, as SDP that `visavis load` reads. @param {any} transport @param {any} other */
async function answer(transport, { voice, picture }) {
  const consume = (/** @type {any} */ { id }) => transport.consume({ producerId: id, rtpCapabilities: RECEIVES });
  const [audio] = (await consume(voice)).rtpParameters.encodings;
  const [video] = (await consume(picture)).rtpParameters.encodings;
  const { usernameFragment, password } = transport.iceParameters;
  const [{ port }] = transport.iceCandidates;
  const lines = [
    "v=0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password}`,
    `a=candidate:1 1 udp 2130706431 ${ADDRESS} ${port} typ host`,
    `a=ssrc:${audio.ssrc} cname:mediasoup`,
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
    `a=ssrc-group:FID ${video.ssrc} ${video.rtx.ssrc}`,
    `a=ssrc:${video.ssrc} cname:mediasoup`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** @param {{ socket: any, offer: string }[]} both */
async function meet(both) {
  const router = routers[matches++ % routers.length];
  const [one, other] = await Promise.all(both.map(({ offer }) => open(router, offer)));
  const faces = [[both[0], one, other], [both[1], other, one]];
  const connected = faces.map(async ([{ socket }, { transport }, partner]) => {
    socket.once("close", () => transport.close());
    const isConnected = new Promise((resolve) => {
      transport.on("dtlsstatechange", (/** @type {string} */ state) => state === "connected" && resolve(state));
    });
    tell(socket, { type: "answer", sdp: await answer(transport, partner) });
    await isConnected;
    tell(socket, { type: "connection", state: "connected" });
  });
  await Promise.all(connected);
  for (const { socket } of both) tell(socket, { type: "matched", match: `${matches}`, interests: [], languages: [], online: 0 });
}

/** @param {any} socket @param {object} message */
function tell(socket, message) {
  socket.send(JSON.stringify(message));
}

/** What mediasoup has used, its workers and this process, as visavis tells it of its own. */
function metrics() {
  let [seconds, bytes] = [0, 0];
  for (const pid of [process.pid, ...workers.map((worker) => worker.pid)]) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    seconds += (Number(fields[11]) + Number(fields[12])) / 100;
    bytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
  }
  return `process_cpu_seconds_total ${seconds}\nprocess_resident_memory_bytes ${bytes}\n`;
}

const server = createServer((request, response) => {
  if (request.url === "/metrics") response.end(metrics());
  else response.writeHead(404).end();
});
new WebSocketServer({ server, path: "/v1/signal" }).on("connection", (socket) => {
  socket.on("message", (data) => {
    const { type, offer } = JSON.parse(data.toString());
    if (type === "leave") socket.close();
    if (type !== "join") return;
    const both = waiting && [waiting, { socket, offer }];
    waiting = both ? undefined : { socket, offer };
    if (both) meet(both).catch((cause) => console.error(String(cause)));
  });
});
server.listen(port, ADDRESS);
