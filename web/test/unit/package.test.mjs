// @ts-check
/** The package that others install: what is in it, and that a frontend in TypeScript can use all of it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { installPackage } from "../packed.mjs";

const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const PACKAGE = join(PROJECT, "packages/client");
const COMPILER = join(PROJECT, "web/node_modules/typescript/bin/tsc");

/** A fresh project with the package in it. */
let folder = "";
/** Where the package lies there. */
let installed = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "visavis-consumer-"));
  installed = installPackage(folder);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** @param {string} path */
const read = (path) => readFileSync(path, "utf8");

test("the package has the version of the server and needs nothing else", () => {
  const { version, dependencies, license } = JSON.parse(read(join(installed, "package.json")));
  const cargo = read(join(PROJECT, "Cargo.toml"));
  assert.equal(version, /^version = "(.+)"$/m.exec(cargo)?.[1]);
  assert.equal(license, /^license = "(.+)"$/m.exec(cargo)?.[1]);
  assert.equal(dependencies, undefined);
});

test("the package holds its modules, their declarations, its licences and nothing else", () => {
  const there = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  const modules = readdirSync(join(PROJECT, "web/client")).map((name) => `dist/${name}`);
  const declarations = ["devices", "face", "visavis"].map((name) => `dist/${name}.d.ts`);
  const rest = ["README.md", "package.json", "dist/LICENSE-APACHE", "dist/LICENSE-MIT"];
  assert.deepEqual(there.sort(), [...modules, ...declarations, ...rest].sort());
  for (const name of readdirSync(join(PROJECT, "web/client"))) {
    assert.equal(read(join(installed, "dist", name)), read(join(PROJECT, "web/client", name)), name);
  }
});

test("a frontend in TypeScript may use all of it, whatever resolves its modules", () => {
  cpSync(join(PACKAGE, "test/consumer.ts"), join(folder, "consumer.ts"));
  for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    const lib = ["es2023", "dom", "dom.iterable"];
    const strict = { strict: true, noUnusedLocals: true, skipLibCheck: false };
    const compilerOptions = { target: "es2022", lib, types: [], noEmit: true, ...strict, module, moduleResolution };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    const { status, stdout } = spawnSync(process.execPath, [COMPILER, "--project", folder], { encoding: "utf8" });
    assert.equal(status, 0, `${moduleResolution}:\n${stdout}`);
  }
});

test("the frontend of the test above uses everything that is public", () => {
  const consumer = read(join(PACKAGE, "test/consumer.ts"));
  const names = publicNames(join(installed, "dist/visavis.d.ts"));
  for (const known of ["openMedia", "Wish", "Visavis.say", "Face.follow", "VisavisError.code", "Events.ended"]) {
    assert.ok(names.includes(known), `${known} is public`);
  }
  const isUsed = (/** @type {string} */ name) => new RegExp(`\\b${name.split(".").at(-1)}\\b`).test(consumer);
  assert.deepEqual(names.filter((name) => !isUsed(name) && !name.startsWith("Limits.")), []);
});

test("the package's README names every event, every method and every property", () => {
  const readme = read(join(PACKAGE, "README.md"));
  const names = publicNames(join(installed, "dist/visavis.d.ts"));
  const told = names.filter((name) => /^(Visavis|Events)\./.test(name)).map((name) => name.split(".")[1] ?? "");
  assert.ok(told.length > 25);
  assert.deepEqual(told.filter((name) => !new RegExp(`\`${name}\\b`).test(readme)), []);
});

/**
 * What a module exports, and the members of its own classes and interfaces, as `Face.hide`.
 * @param {string} path of its declarations
 */
function publicNames(path) {
  const program = ts.createProgram([path], { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const module = file && checker.getSymbolAtLocation(file);
  assert.ok(module, `${path} is a module`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const name = exported.getName();
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const isOwn = (/** @type {ts.Symbol} */ { declarations = [] }) =>
      declarations.some((one) => one.getSourceFile().fileName.includes("@visavis/client"));
    const members = type.isUnion() ? [] : checker.getPropertiesOfType(type).filter(isOwn);
    // What is private has a name with a number in it.
    const open = members.map((member) => member.getName()).filter((member) => /^\w+$/.test(member));
    return [name, ...open.map((member) => `${name}.${member}`)];
  });
}
