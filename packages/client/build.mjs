// @ts-check
/**
 * Makes what is published: the modules of web/client as they are, declarations made of their JSDoc
 * by TypeScript, and both licences. Nothing is written twice by hand, so nothing can differ.
 */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = join(PROJECT, "web/client");
const DIST = fileURLToPath(new URL("dist/", import.meta.url));
const COMPILER = join(PROJECT, "web/node_modules/typescript/bin/tsc");

/** @param {string} folder for the declarations of every module */
function declare(folder) {
  if (!existsSync(COMPILER)) throw new Error("no TypeScript yet: run `npm --prefix web ci` in the project first");
  const options = "--declaration --emitDeclarationOnly --allowJs --strict --target es2022 --module nodenext --lib es2023,dom,dom.iterable";
  const parameters = [COMPILER, ...options.split(" "), "--outDir", folder, join(SOURCE, "visavis.js")];
  execFileSync(process.execPath, parameters, { stdio: "inherit" });
  cpSync(join(SOURCE, "contract.d.ts"), join(folder, "contract.d.ts"));
}

/**
 * A file and all that it imports, so that nothing is published that nobody can reach.
 * @param {string} folder @param {string} name @param {(imported: string) => string} rename
 * @param {Map<string, string>} [found]
 */
function reach(folder, name, rename = (imported) => imported, found = new Map()) {
  if (found.has(name)) return found;
  const text = readFileSync(join(folder, name), "utf8");
  found.set(name, text);
  for (const [, imported = ""] of text.matchAll(/\b(?:from |import\(|new URL\()"\.\/([^"]+)"/g)) {
    const next = normalize(rename(imported));
    if (existsSync(join(folder, next))) reach(folder, next, rename, found);
  }
  return found;
}

/** TypeScript drops what a module opens with. @param {string} name @param {string} text */
function withPurpose(name, text) {
  return text.startsWith("/*") ? text : `// What ${name.replace(".d.ts", ".js")} exports.\n${text}`;
}

const draft = mkdtempSync(join(tmpdir(), "visavis-client-"));
try {
  declare(draft);
  rmSync(DIST, { recursive: true, force: true });
  const modules = reach(SOURCE, "visavis.js");
  const declarations = reach(draft, "visavis.d.ts", (name) => name.replace(/\.js$/, ".d.ts"));
  cpSync(join(PROJECT, "LICENSE-MIT"), join(DIST, "LICENSE-MIT"));
  cpSync(join(PROJECT, "LICENSE-APACHE"), join(DIST, "LICENSE-APACHE"));
  for (const [name, text] of modules) writeFileSync(join(DIST, name), text);
  for (const [name, text] of declarations) writeFileSync(join(DIST, name), withPurpose(name, text));
} finally {
  rmSync(draft, { recursive: true, force: true });
}
