// @ts-check
/** The built program, on ports of its own. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
  lobby: { rematch_window_ms: 0, requeue_ms: 500, grace_ms: 5000, waiting_every_ms: 500 },
  server: { drain_ms: 200 },
  // Only where it is what a test is about: looking takes a good part of two cores.
  moderation: { enabled: false },
};

export class Server {
  /** @type {import("node:child_process").ChildProcess} */
  #child;
  /** Where its files are. */
  folder;
  /** @type {Promise<number | null>} */
  #ended;
  #lines = "";

  /** @param {string} folder @param {number} port @param {string[]} parameters */
  constructor(folder, port, parameters) {
    this.folder = folder;
    this.port = port;
    this.url = `http://localhost:${port}`;
    this.#child = spawn(program(), parameters, { stdio: ["ignore", "pipe", "pipe"], env: ownEnvironment() });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk) => (this.#lines += chunk));
    }
    this.#ended = new Promise((resolve) => this.#child.once("exit", (code) => resolve(code)));
  }

  get hasEnded() {
    return this.#child.exitCode !== null;
  }

  /** Everything it has written so far. */
  get log() {
    return this.#lines;
  }

  async ready() {
    const until = Date.now() + START_MS;
    while (Date.now() < until && !this.hasEnded) {
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
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }

  /** A number of its `/metrics`. @param {string} name */
  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split("\n").find((row) => row.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** The processes that look at pictures. @returns {number[]} */
  workers() {
    const tasks = `/proc/${this.#child.pid}/task`;
    const children = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, "children"), "utf8"));
    return children.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
  }

  /** Runs the same program with another command. @param {string[]} parameters @param {string} [cwd] */
  run(parameters, cwd = ".") {
    const options = /** @type {const} */ ({ encoding: "utf8", env: ownEnvironment(), cwd });
    const { status, stdout, stderr } = spawnSync(program(), parameters, options);
    return { code: status, said: stdout + stderr };
  }

  /** Waits until it has ended by itself. @returns {Promise<number | null>} its exit code */
  async ended() {
    return this.#ended;
  }

  /** Ends it as a power cut would. */
  async crash() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/**
 * @param {Settings} [settings] what differs from the settings of these tests
 * @param {{ port?: number, host?: string, after?: Server }} [place] of the page; else loopback and a free port.
 *   `after`: the server whose place it takes
 */
export async function startServer(settings = {}, { port, host = "127.0.0.1", after } = {}) {
  if (after) port = after.port;
  const [http, media] = [port ?? (await freePort()), await freePort()];
  const address = process.env.VISAVIS_TEST_ADDRESS ?? "127.0.0.1";
  const folder = mkdtempSync(join(tmpdir(), "visavis-test-"));
  /** @type {Settings} */
  const whole = {
    ...settings,
    http: { listen: `${host}:${http}` },
    media: { listen: `0.0.0.0:${media}`, advertise: [address], ...settings.media },
    lobby: { ...SETTINGS.lobby, ...settings.lobby },
    server: { ...SETTINGS.server, ...settings.server },
    moderation: { ...SETTINGS.moderation, ...settings.moderation },
    store: { folder: join(folder, "data") },
  };
  const file = join(folder, "visavis.toml");
  writeFileSync(file, toToml(whole));
  const server = new Server(folder, http, ["serve", "--config", file, ...(after ? ["--take-over"] : [])]);
  // The other answers at this port until this one does.
  while (after && !server.log.includes("is ready") && !server.hasEnded) await pause(25);
  return server.ready();
}

/** @param {Settings} settings */
function toToml(settings) {
  const tables = Object.entries(settings).map(([name, table]) => {
    const rows = Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    return [`[${name}]`, ...rows, ""].join("\n");
  });
  return tables.join("\n");
}

/** Its variables begin like those of these tests, and it refuses those it does not know. */
function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VISAVIS_")));
}

function program() {
  const target = fileURLToPath(new URL("../../../target/", import.meta.url));
  const built = ["release", "debug"].map((profile) => join(target, profile, "visavis"));
  const path = process.env.VISAVIS_BIN ?? built.find((candidate) => existsSync(candidate));
  if (!path) throw new Error("no built program: cargo build --release, or name one in VISAVIS_BIN");
  return path;
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
