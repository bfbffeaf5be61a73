// @ts-check
/**
 * Runs the browser tests in a network namespace of their own: Firefox pairs no 127.0.0.1, so server
 * and browsers need an address that is nobody else's, and nothing of the tests leaves the machine.
 */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** From the block that is for documentation (RFC 5737). */
const ADDRESS = "192.0.2.1";

const LINKS = [
  "ip link set lo up",
  "ip link add face0 type veth peer name face1",
  // An address that a link gives itself is there a second later, and Chromium drops what it is loading then.
  "ip link set face0 addrgenmode none",
  "ip link set face1 addrgenmode none",
  `ip address add ${ADDRESS}/24 dev face0`,
  "ip link set face0 up",
  "ip link set face1 up",
  // Firefox gathers the addresses that a default route would use, and no others.
  "ip route add default dev face0",
];

const here = fileURLToPath(new URL(".", import.meta.url));
// Words choose files by how their names begin; options go to node.
const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
const chosen = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const all = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
const files = all.filter((name) => chosen.length === 0 || chosen.some((word) => name.startsWith(word)));

const { status } = spawnSync(
  "unshare",
  [
    "--net",
    // Who is not root may be it inside.
    ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
    "sh",
    "-c",
    `${LINKS.join(" && ")} && exec "$@"`,
    "sh",
    process.execPath,
    "--test",
    // Two cores: browsers that share them measure each other.
    "--test-concurrency=1",
    ...options,
    ...files.map((name) => join(here, name)),
  ],
  { stdio: "inherit", env: { ...process.env, VISAVIS_TEST_ADDRESS: ADDRESS } },
);
process.exitCode = status ?? 1;
