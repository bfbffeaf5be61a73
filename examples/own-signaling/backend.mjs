// @ts-check
/** A page and a matchmaker of one's own: this decides who meets whom, visavis does the rest. */

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { isFromVisavis, mintToken } from "./signing.mjs";

const PORT = Number(process.env.PORT ?? 3000);
const MEDIA_URL = process.env.MEDIA_URL ?? "http://localhost:8080";
/** Two who have just met meet again only when there has been nobody else for so long. */
const BORED_MS = 5_000;

/**
 * @typedef {object} Visitor
 * @property {string} id known to this visitor's page only
 * @property {string} leg its address at visavis, `/v1/legs/...`
 * @property {import("node:http").ServerResponse | null} page the open line to the page
 * @property {object[]} unsent what happened before there was one
 * @property {string | null} match the name of the match it is in
 * @property {boolean} isPairing a match is being made of it
 * @property {number} waitsSince 0 for not waiting
 * @property {string} last whom it met last
 */

/** @type {Map<string, Visitor>} */
const visitors = new Map();

/**
 * Asks visavis; where it does not answer, as a proxy would say it. It is asked twice: a connection from before
 * may be one to a server that has just given its place to a newer one.
 * @param {string} method @param {string} path @param {string} [type] @param {string} [body]
 */
async function ask(method, path, type, body) {
  const authorization = `Bearer ${mintToken(["publish", "backend"])}`;
  const headers = { authorization, ...(type && { "content-type": type }) };
  const send = () => fetch(MEDIA_URL + path, { method, headers, ...(body && { body }) });
  return send().catch(send).catch(() => Response.json({ code: "unreachable" }, { status: 502 }));
}

/** By which servers a page may find a way, before it makes an offer. */
async function iceServers() {
  const answer = await ask("GET", "/v1/ice-servers");
  return { status: answer.status, body: await answer.json() };
}

/** Opens a leg for a page's offer. @param {string} offer */
async function enter(offer) {
  const answer = await ask("POST", "/v1/legs", "application/sdp", offer);
  if (answer.status !== 201) return { status: answer.status, body: await answer.json() };
  const id = randomUUID();
  const leg = answer.headers.get("location") ?? "";
  visitors.set(id, { id, leg, page: null, unsent: [], match: null, isPairing: false, waitsSince: 0, last: "" });
  return { status: 201, body: { id, answer: await answer.text() } };
}

/** @param {Visitor} one */
async function leave(one) {
  if (!visitors.delete(one.id)) return;
  one.page?.end();
  await ask("DELETE", one.leg);
}

/** @param {Visitor} one @param {object} event */
function tell(one, event) {
  if (one.page) one.page.write(`data: ${JSON.stringify(event)}\n\n`);
  else one.unsent.push(event);
}

/** Something has happened at visavis. @param {{ leg: string, type: string }} event */
async function heed({ leg, ...event }) {
  const one = [...visitors.values()].find((visitor) => visitor.leg.endsWith(`/${leg}`));
  if (!one) return;
  tell(one, event);
  if (event.type === "closed") await leave(one);
  else await look(one);
}

/** Events may be late or come twice; the state is always right: so it is asked for. @param {Visitor} one */
async function look(one) {
  const { match } = one;
  if (one.isPairing) return;
  const answer = await ask("GET", `${one.leg}/state`);
  // It is over: why, and that, is on its way.
  if (answer.status === 404) one.waitsSince = 0;
  // In another match meanwhile, or visavis does not answer.
  if (one.isPairing || one.match !== match || !answer.ok) return;
  const { connection, screening, matched } = await answer.json();
  const canMeet = connection === "connected" && (screening === "passed" || screening === null);
  if (!matched) one.match = null;
  one.waitsSince = canMeet && !matched ? one.waitsSince || Date.now() : 0;
  if (one.waitsSince) tell(one, { type: "looking" });
  pair();
}

/** Whoever has waited longest comes first. */
function pair() {
  const waiting = [...visitors.values()].filter((one) => one.waitsSince).sort((one, other) => one.waitsSince - other.waitsSince);
  for (const one of waiting) {
    const since = Date.now() - BORED_MS;
    const isNew = (/** @type {Visitor} */ other) => one.last !== other.id && other.last !== one.id;
    const isBored = (/** @type {Visitor} */ other) => one.waitsSince < since && other.waitsSince < since;
    const other = waiting.find((other) => other !== one && other.waitsSince && (isNew(other) || isBored(other)));
    if (one.waitsSince && other) void meet(one, other);
  }
}

/** @param {Visitor} one @param {Visitor} other */
async function meet(one, other) {
  const match = randomUUID();
  const before = [one.match, other.match];
  Object.assign(one, { match, isPairing: true, waitsSince: 0, last: other.id });
  Object.assign(other, { match, isPairing: true, waitsSince: 0, last: one.id });
  const legs = [one, other].map(({ leg }) => leg.split("/").at(-1));
  const answer = await ask("PUT", `/v1/matches/${match}`, "application/json", JSON.stringify({ legs }));
  if (!answer.ok) {
    console.log(`no match: ${(await answer.json()).code}`);
    // Whoever has said Next is to see nobody, also where an upgraded visavis lets them meet nobody before they come anew.
    for (const name of before) if (name) await ask("DELETE", `/v1/matches/${name}`);
  }
  for (const met of [one, other]) {
    met.isPairing = false;
    await look(met);
  }
}

/** Another one at once if somebody waits, which ends the match as well. @param {Visitor} one */
async function next(one) {
  const { match } = one;
  if (one.isPairing || !match) return;
  one.waitsSince = Date.now();
  pair();
  if (one.match === match) await ask("DELETE", `/v1/matches/${match}`);
}

/** What is served as it is. @type {Record<string, string>} */
const FILES = { "/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css" };

/** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
async function serve(request, response) {
  const [path = "/"] = (request.url ?? "/").split("?");
  const [, id = "", verb] = /^\/visitors\/([^/]+)\/(events|next)$/.exec(path) ?? [];
  const one = visitors.get(id);
  if (request.method === "GET" && FILES[path]) {
    response.setHeader("content-type", `${FILES[path]}; charset=utf-8`);
    response.end(await readFile(new URL(path === "/" ? "index.html" : `.${path}`, import.meta.url)));
  } else if (request.method === "GET" && path === "/ice-servers") {
    const { status, body } = await iceServers();
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(body));
  } else if (request.method === "GET" && one && verb === "events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).flushHeaders();
    one.page = response;
    for (const event of one.unsent.splice(0)) tell(one, event);
    // A page that is closed, and one whose network is gone.
    request.once("close", () => leave(one));
  } else if (request.method === "POST") {
    const body = await read(request);
    if (one && verb === "next") {
      await next(one);
      response.writeHead(204).end();
    } else if (path === "/visitors") {
      const { status, body: said } = await enter(body);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(said));
    } else if (path === "/events" && isFromVisavis(request.headers, body)) {
      // Taken first, worked on afterwards: visavis waits for the answer with the next event.
      response.writeHead(204).end();
      await heed(JSON.parse(body));
    } else response.writeHead(403).end();
  } else response.writeHead(404).end();
}

/** @param {import("node:http").IncomingMessage} request */
async function read(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > 65_536) throw new Error("more than a request has");
  }
  return body;
}

createServer((request, response) => {
  serve(request, response).catch((cause) => {
    console.error(String(cause));
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
}).listen(PORT, () => console.log(`open http://localhost:${PORT} in two windows`));
setInterval(pair, 1_000);
