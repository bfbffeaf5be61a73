// @ts-check
/** The two signatures between this backend and visavis: tokens there, events back. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

/** Shared with visavis (`access.keys`, `webhooks.secret`), and with nobody else. */
const KEY = readFileSync("main.secret", "utf8").trim();
const WEBHOOK_KEY = Buffer.from(readFileSync("webhooks.secret", "utf8").trim().replace("whsec_", ""), "base64");

/**
 * An access token (docs/access.md).
 * @param {string[]} grants `publish` to open, see and close legs, `backend` to make matches
 */
export function mintToken(grants) {
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const age = { band: "adult", assurance: "self-declared" };
  const exp = Math.floor(Date.now() / 1000) + 60;
  const text = `${part({ alg: "HS256", typ: "JWT", kid: "main" })}.${part({ grants, exp, age })}`;
  return `${text}.${createHmac("sha256", KEY).update(text).digest("base64url")}`;
}

/**
 * Whether an event is really from visavis, and new (docs/api.md).
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {string} body as it came
 */
export function isFromVisavis(headers, body) {
  const [id, time, signatures = ""] = ["id", "timestamp", "signature"].map((name) => String(headers[`webhook-${name}`]));
  const expected = createHmac("sha256", WEBHOOK_KEY).update(`${id}.${time}.${body}`).digest();
  const isNew = Math.abs(Date.now() / 1000 - Number(time)) < 300;
  return isNew && signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace("v1,", ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
