// @ts-check
/** The built program, on ports of its own. */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const START_MS = 20_000;
const STOP_MS = 10_000;

/** @typedef {Record<string, Record<string, string | number | boolean | string[]>>} Settings */

/** Short enough that a test need not wait, and two who have met may meet again. */
const SETTINGS = {
  lobby: { rematch_window_ms: 0, requeue_ms: 200, grace_ms: 5000, waiting_every_ms: 500 },
  server: { drain_ms: 200 },
};

export class Server {
  /** @type {import("node:child_process").ChildProcess} */
  #child;
  #folder;
  /** @type {Promise<number | null>} */
  #ended;
  #lines = "";

  /** @param {string} folder @param {number} port @param {string[]} parameters */
  constructor(folder, port, parameters) {
    this.#folder = folder;
    this.port = port;
    this.url = `http://localhost:${port}`;
    // Its variables begin like ours, and it refuses those it does not know.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VISAVIS_")));
    this.#child = spawn(program(), parameters, { stdio: ["ignore", "pipe", "pipe"], env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk) => (this.#lines += chunk));
    }
    this.#ended = new Promise((resolve) => this.#child.once("exit", (code) => resolve(code)));
  }

  /** Everything it has written so far. */
  get log() {
    return this.#lines;
  }

  async ready() {
    const until = Date.now() + START_MS;
    while (Date.now() < until && this.#child.exitCode === null) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return this;
      await pause(25);
    }
    await this.stop();
    throw new Error(`the server did not start:\n${this.log}`);
  }

  /** Ends it as an operator would. @returns {Promise<number | null>} its exit code */
  async stop() {
    this.#child.kill("SIGTERM");
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    const code = await this.#ended;
    clearTimeout(overdue);
    rmSync(this.#folder, { recursive: true, force: true });
    return code;
  }

  /** Ends it as a power cut would. */
  async crash() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/**
 * @param {Settings} [settings] what differs from the settings of these tests
 * @param {{ port?: number, host?: string }} [place] of the page; else loopback and a free port
 */
export async function startServer(settings = {}, { port, host = "127.0.0.1" } = {}) {
  const [http, media] = [port ?? (await freePort()), await freePort()];
  const address = process.env.VISAVIS_TEST_ADDRESS ?? "127.0.0.1";
  /** @type {Settings} */
  const whole = {
    ...settings,
    http: { listen: `${host}:${http}` },
    media: { listen: `0.0.0.0:${media}`, advertise: [address], ...settings.media },
    lobby: { ...SETTINGS.lobby, ...settings.lobby },
    server: { ...SETTINGS.server, ...settings.server },
  };
  const folder = mkdtempSync(join(tmpdir(), "visavis-test-"));
  const file = join(folder, "visavis.toml");
  writeFileSync(file, toToml(whole));
  return new Server(folder, http, ["serve", "--config", file]).ready();
}

/** @param {Settings} settings */
function toToml(settings) {
  const tables = Object.entries(settings).map(([name, table]) => {
    const rows = Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return [`[${name}]`, ...rows, ""].join("\n");
  });
  return tables.join("\n");
}

function program() {
  const target = fileURLToPath(new URL("../../../target/", import.meta.url));
  const built = ["release", "debug"].map((profile) => join(target, profile, "visavis"));
  const path = process.env.VISAVIS_BIN ?? built.find((candidate) => existsSync(candidate));
  if (!path) throw new Error("no built program: cargo build --release, or name one in VISAVIS_BIN");
  return path;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
