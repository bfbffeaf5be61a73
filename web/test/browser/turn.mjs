// @ts-check
/** Debian's coturn, as docs/deploying.md says to run it: it relays to the media port's machine and nowhere else. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./server.mjs";

const START_MS = 10_000;
const SECRET = "a secret that two servers share";

export class TurnServer {
  #folder = mkdtempSync(join(tmpdir(), "visavis-turn-"));
  /** @type {import("node:child_process").ChildProcess | null} */
  #child = null;
  #lines = "";
  #port = 0;
  #address;

  /** @param {string} address where it listens, and the one machine that it relays to */
  constructor(address) {
    this.#address = address;
    writeFileSync(this.secretFile, `${SECRET}\n`);
    writeFileSync(this.otherFile, `${SECRET}, or nearly\n`);
  }

  /** What visavis reads. */
  get secretFile() {
    return join(this.#folder, "turn.secret");
  }

  /** One that the server does not know. */
  get otherFile() {
    return join(this.#folder, "other.secret");
  }

  /** As a browser is told of it: by TCP alone. */
  get url() {
    return `turn:${this.#address}:${this.#port}?transport=tcp`;
  }

  /** Everything it has written so far. */
  get log() {
    return this.#lines;
  }

  async open() {
    this.#port = await freePort();
    const file = join(this.#folder, "turnserver.conf");
    writeFileSync(file, this.#configuration());
    this.#child = spawn("turnserver", ["-c", file], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk) => (this.#lines += chunk));
    }
    const until = Date.now() + START_MS;
    while (!(await this.#answers())) {
      if (Date.now() > until) throw new Error(`coturn did not start:\n${this.#lines}`);
      await pause(50);
    }
    return this;
  }

  close() {
    this.#child?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #configuration() {
    return [
      `listening-ip=${this.#address}`,
      `listening-port=${this.#port}`,
      `relay-ip=${this.#address}`,
      "use-auth-secret",
      `static-auth-secret=${SECRET}`,
      "realm=visavis.example",
      "denied-peer-ip=0.0.0.0-255.255.255.255",
      `allowed-peer-ip=${this.#address}`,
      "no-udp",
      "no-tls",
      "no-dtls",
      "no-cli",
      "verbose",
      "log-file=stdout",
      `pidfile=${join(this.#folder, "turnserver.pid")}`,
      `userdb=${join(this.#folder, "turndb")}`,
      "",
    ].join("\n");
  }

  #answers() {
    return new Promise((resolve) => {
      const socket = createConnection(this.#port, this.#address);
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  }
}
