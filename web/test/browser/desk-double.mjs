// @ts-check
/** A desk with a few cases, scripted: what docs/console.md says that the server answers. */

/** @import { Page, Route } from "playwright-core" */

const MAY = ["sign_in", "see_cases", "see_bans", "hold", "read_trail"];
const NOW = Date.now();
const MINUTE = 60_000;

/** @param {{ id: string, label: string, [field: string]: unknown }} special */
const row = (special) => ({
  class: "conduct",
  origin: "report",
  status: "open",
  opened_ms: NOW - 8 * MINUTE,
  age_ms: 8 * MINUTE,
  lease: null,
  reports: 1,
  pictures: 2,
  severity: 3,
  ...special,
});

export const CASES = [
  row({ id: "12", label: "reported_violence", severity: 4, reports: 3, age_ms: 22 * MINUTE }),
  row({ id: "15", label: "porn", origin: "machine", reports: 0, pictures: 4 }),
  row({ id: "9", label: "porn", origin: "appeal", status: "appealed", age_ms: 190 * MINUTE, lease: { by: "Bo", until_ms: NOW } }),
  row({ id: "16", label: "reported_spam", severity: 1, pictures: 0, age_ms: 2 * MINUTE }),
];

/** One of another class, which is opened by its address alone. */
const CHILD = row({ id: "21", label: "reported_minor", class: "child_safety", severity: 5 });

/** A PNG of two pixels, red and green. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGM4IScnd0IOAAfNAgmVUUq7AAAAAElFTkSuQmCC",
  "base64",
);

/** @param {number} n */
const picture = (n) => ({ n, whose: n === 1 ? "about" : "reporter", taken_ms: NOW, scores: { porn: 0.4 }, codec: "vp8" });

/** @param {string} id */
const whole = (id) => ({
  ...[...CASES, CHILD].find((one) => one.id === id),
  code: "K7QF-2M9X-PA",
  sessions: ["41", "42"],
  machine_action: "blur",
  policy_version: "built-in 1",
  scores: { porn: 0.91, sexy: 0.06 },
  evidence: ["12", "21"].includes(id) ? [picture(1), picture(2)] : [],
  decisions: [],
  device_history: [{ id: "3", label: "sexy", action: "warn", opened_ms: NOW - 86_400_000 }],
  appeal: id === "9" ? { text: "That was a poster on my wall.", at_ms: NOW } : null,
  legal_hold: false,
  expires_ms: NOW + 30 * 86_400_000,
});

export class DeskDouble {
  /** Every request, as "POST cases/12/decision", with its body. @type {{ what: string, body: any }[]} */
  asked = [];

  /** @param {Page} page */
  async start(page) {
    await page.route("**/v1/console/**", (route) => this.#answer(route));
  }

  /** @param {string} what */
  count(what) {
    return this.asked.filter((one) => one.what === what).length;
  }

  /** @param {Route} route */
  async #answer(route) {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace("/v1/console/", "");
    this.asked.push({ what: `${request.method()} ${path}`, body: request.postDataJSON() });
    const [place, id = "", part = ""] = path.split("/");
    if (path === "me") return route.fulfill({ json: { name: "Ada", role: "senior", may: MAY } });
    if (path === "reasons") return route.fulfill({ json: { reasons: ["nudity", "violence", "mistake"] } });
    if (path === "queue") return route.fulfill({ json: { cases: CASES, open: 4, oldest_age_ms: 190 * MINUTE } });
    if (path === "events") return route.fulfill({ contentType: "text/event-stream", body: "event: queue\ndata:\n\n" });
    if (path === "next") return route.fulfill({ json: whole("12") });
    if (place === "cases" && part === "") return route.fulfill({ json: whole(id) });
    if (part === "evidence") return route.fulfill({ contentType: "image/png", body: PICTURE });
    if (part === "export") return route.fulfill({ contentType: "application/zip", body: "PK" });
    if (part === "trail") return route.fulfill({ json: { lines: [] } });
    if (part === "lease" && id === "9") {
      return route.fulfill({ status: 409, json: { code: "taken", detail: "Bo has it", by: "Bo" } });
    }
    return route.fulfill({ status: 204 });
  }
}
