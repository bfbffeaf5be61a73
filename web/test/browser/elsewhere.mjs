// @ts-check
/** A second network, in which a browser can change its address as a phone does between networks. */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** From another block that is for documentation (RFC 5737). */
const HERE = "198.51.100.1";

/** And of IPv6 (RFC 3849). */
const HERE_V6 = "2001:db8:9::1";
const THERE_V6 = "2001:db8:9::2";

export class Elsewhere {
  #holder = spawn("unshare", ["--net", "sleep", "600"], { stdio: "ignore" });
  #folder = mkdtempSync(join(tmpdir(), "visavis-elsewhere-"));
  #address = "";

  /** The address under which this side is reached from there. */
  get server() {
    return HERE;
  }

  /** The same, for who has IPv6 alone. */
  get serverV6() {
    return HERE_V6;
  }

  /** Lays the cable and takes the first address. */
  async open() {
    const own = readlinkSync("/proc/self/ns/net");
    while (readlinkSync(`/proc/${this.#holder.pid}/ns/net`) === own) await pause(5);
    ip(`link add roam0 type veth peer name roam1 netns ${this.#holder.pid}`);
    // As in run.mjs: no address that comes later by itself.
    ip("link set roam0 addrgenmode none");
    this.#inside("link set roam1 addrgenmode none");
    ip(`address add ${HERE}/24 dev roam0`);
    ip("link set roam0 up");
    this.#inside("link set lo up");
    // So that what is blocked comes before all routes.
    this.#inside("rule add pref 1 lookup local");
    this.#inside("rule del pref 0 lookup local");
    this.#inside("link set roam1 up");
    this.moveTo("198.51.100.2");
    return this;
  }

  /** Everything there has another address from now on. @param {string} address */
  moveTo(address) {
    if (this.#address) this.#inside(`address del ${this.#address}/24 dev roam1`);
    this.#address = address;
    this.#inside(`address add ${address}/24 dev roam1`);
    this.#inside(`route replace default via ${HERE}`);
  }

  /** From now on there is IPv6 alone. */
  moveToV6() {
    this.#inside(`address del ${this.#address}/24 dev roam1`);
    this.#address = "";
    // Without looking first whether somebody else has it: that takes a second.
    ip(`address add ${HERE_V6}/64 dev roam0 nodad`);
    this.#inside(`address add ${THERE_V6}/64 dev roam1 nodad`);
    this.#inside(`-6 route replace default via ${HERE_V6}`);
  }

  /** Nothing goes out by UDP any more, as in many an office. */
  blockUdp() {
    this.#inside("rule add pref 0 ipproto udp blackhole");
  }

  /** Nothing goes to a port by TCP any more. @param {number} port */
  blockTcp(port) {
    this.#inside(`rule add pref 0 ipproto tcp dport ${port} blackhole`);
  }

  /** A program that runs another one there. @param {string} program */
  wrap(program) {
    const path = join(this.#folder, "run-there");
    writeFileSync(path, `#!/bin/sh\nexec nsenter --net=/proc/${this.#holder.pid}/ns/net ${program} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  close() {
    // A browser may be in there still, and then the network outlives its holder.
    ip("link del roam0");
    this.#holder.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} command */
  #inside(command) {
    const parameters = [`--net=/proc/${this.#holder.pid}/ns/net`, "ip", ...command.split(" ")];
    execFileSync("nsenter", parameters, { stdio: "inherit" });
  }
}

/** @param {string} command */
function ip(command) {
  execFileSync("ip", command.split(" "), { stdio: "inherit" });
}
