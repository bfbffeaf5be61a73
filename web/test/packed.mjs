// @ts-check
/** The client's package as others get it: packed, and installed from the file, without a network. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../packages/client/", import.meta.url));

/** @param {string[]} parameters @param {string} folder */
function npm(parameters, folder) {
  const quiet = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", [...parameters, ...quiet], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
}

/**
 * @param {string} folder of the project that gets it
 * @returns {string} where it lies there
 */
export function installPackage(folder) {
  const draft = mkdtempSync(join(tmpdir(), "visavis-packed-"));
  try {
    npm(["pack", "--pack-destination", draft], PACKAGE);
    const [file] = readdirSync(draft);
    if (!file) throw new Error("npm packed nothing");
    const project = join(folder, "package.json");
    if (!existsSync(project)) writeFileSync(project, JSON.stringify({ private: true, type: "module" }));
    npm(["install", "--no-save", join(draft, file)], folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return join(folder, "node_modules/@visavis/client");
}
