// @ts-check
/** A visitor whose age is to be checked first, by a service that is none of ours. */

import assert from "node:assert/strict";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arrive, openChromium } from "./chromium.mjs";
import { freePort, startServer } from "./server.mjs";

/** A page with one button, which vouches for whoever presses it. */
class AgeService {
  #key = randomBytes(32);
  #folder = mkdtempSync(join(tmpdir(), "visavis-age-"));
  #http = createServer((request, response) => void this.#answer(request, response));
  /** Where it says what it has found. */
  home = "";

  get secretFile() {
    return join(this.#folder, "age.secret");
  }

  /** @param {number} port */
  async open(port) {
    writeFileSync(this.secretFile, `whsec_${this.#key.toString("base64")}\n`);
    this.#http.listen(port, "127.0.0.1");
    await once(this.#http, "listening");
    return this;
  }

  close() {
    this.#http.close();
    this.#http.closeAllConnections();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async #answer(request, response) {
    response.setHeader("content-type", "text/html");
    if (request.method !== "POST") return response.end('<form method="post"><button>I am</button></form>');
    const check = new URL(request.url ?? "", "http://x").searchParams.get("check") ?? "";
    response.end(`<p id="said">${await this.#vouch(check)}</p>`);
  }

  /** @param {string} check */
  async #vouch(check) {
    const body = JSON.stringify({ age: { band: "adult", assurance: "verified" } });
    const [id, time] = [randomUUID(), String(Math.floor(Date.now() / 1000))];
    const tag = createHmac("sha256", this.#key).update(`${id}.${time}.${body}`).digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": time,
      "webhook-signature": `v1,${tag}`,
    };
    const answer = await fetch(`${this.home}/v1/age-checks/${check}`, { method: "POST", body, headers });
    return answer.status;
  }
}

test("a visitor has their age checked on another page and then meets somebody", async (context) => {
  const port = await freePort();
  const service = await new AgeService().open(port);
  context.after(() => service.close());
  const server = await startServer({
    access: { least_assurance: ["adult=verified"] },
    age_check: { url: `http://localhost:${port}/start?site=7`, secret: service.secretFile },
  });
  context.after(() => server.stop());
  service.home = server.url;
  const people = await Promise.all(
    /** @type {const} */ (["red", "green"]).map(async (colour) => {
      const browser = await openChromium(colour);
      context.after(() => browser.close());
      const person = await arrive(browser, server.url);
      await person.start();
      await person.until("is sent to the check", () => person.sees("age-check"));
      const opened = browser.contexts()[0]?.waitForEvent("page");
      await person.press("age-check");
      const elsewhere = await opened;
      await elsewhere?.click("button");
      assert.equal(await elsewhere?.textContent("#said"), "204");
      await elsewhere?.close();
      return person;
    }),
  );
  const [red, green] = people;
  await Promise.all([red?.meetsColour("green"), green?.meetsColour("red")]);
  assert.equal(await red?.sees("age-check"), false);
});
