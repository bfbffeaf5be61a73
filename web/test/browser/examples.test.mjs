// @ts-check
/** The examples, as somebody else would run them: strangers meet on pages that are not ours. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installPackage } from "../packed.mjs";
import { nearestColour } from "./camera.mjs";
import { arrive, nameless, openChromium } from "./chromium.mjs";
import { KNOWN_PICTURE, easel } from "./easel.mjs";
import { arriveInFirefox, openFirefox } from "./firefox.mjs";
import { freePort, startServer } from "./server.mjs";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Colour } from "./camera.mjs" */

const EXAMPLES = fileURLToPath(new URL("../../../examples/", import.meta.url));
const START_MS = 10_000;

/** @type {Browser[]} */
let browsers;

before(async () => {
  browsers = await Promise.all([openChromium("red"), openChromium("green"), openChromium("blue")]);
});

after(() => Promise.all(browsers.map((browser) => browser.close())));

/**
 * Runs a script of an example until the test ends.
 * @param {import("node:test").TestContext} context
 * @param {string} folder @param {string} script @param {NodeJS.ProcessEnv} settings
 */
async function run(context, folder, script, settings) {
  const child = spawn(process.execPath, [script], { cwd: folder, env: { ...process.env, ...settings } });
  let said = "";
  context.after(() => child.kill());
  await new Promise((resolve, reject) => {
    const overdue = setTimeout(() => reject(new Error(`it says only: ${said}`)), START_MS);
    child.once("exit", () => reject(new Error(`it ended: ${said}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
        if (!said.includes("open http")) return;
        clearTimeout(overdue);
        resolve(undefined);
      });
    }
  });
}

/** Somebody on the page of an example. */
class Stranger {
  /** @param {Awaited<ReturnType<typeof arrive>>} person */
  constructor(person) {
    this.person = person;
    this.page = /** @type {Page} */ (person.page);
    /** @type {string[]} */
    this.complaints = [];
    this.page.on("console", (line) => line.type() === "error" && this.complaints.push(line.text()));
    this.page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  async start() {
    await this.page.getByRole("checkbox", { name: "18" }).check();
    await this.page.getByRole("button", { name: "Start" }).click();
  }

  next() {
    return this.page.getByRole("button", { name: "Next" }).click();
  }

  /** @param {RegExp} words */
  async reads(words) {
    await this.page.getByRole("status").filter({ hasText: words }).waitFor({ timeout: 20_000 });
  }

  /** All there is has a place on this screen, and a name for whoever does not see it. */
  async fits() {
    const beside = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    assert.equal(await this.page.evaluate(beside), 0, "nothing is beside the screen");
    assert.deepEqual(await nameless(this.page), []);
    for (const button of await this.page.getByRole("button").all()) {
      const box = await button.boundingBox();
      assert.ok(box && box.y + box.height <= (this.page.viewportSize()?.height ?? 0), "no button is below the screen");
    }
  }

  /** Sees this colour, uncovered, and sees it move. @param {Colour} colour */
  async sees(colour) {
    const looks = async () => nearestColour(await this.page.evaluate('instruments.look("#partner")'));
    await this.person.until("sees a picture", async () => !(await this.person.isCovered()));
    await this.person.until(`sees ${colour}`, async () => (await looks()) === colour);
    const { decoded } = (await this.person.stats()).video;
    await this.person.until("sees it move", async () => (await this.person.stats()).video.decoded > decoded + 20);
    assert.equal(await this.person.isCovered(), false);
    assert.equal(await looks(), colour);
  }
}

/**
 * Red and green meet; Next brings red to blue, on the connection that red had.
 * @param {import("node:test").TestContext} context @param {string} url
 */
async function meetAndGoOn(context, url) {
  const strangers = await Promise.all(browsers.map(async (browser) => new Stranger(await arrive(browser, url))));
  context.after(() => Promise.all(strangers.map(({ page }) => page.close())));
  const [red, green, blue] = strangers;
  assert.ok(red && green && blue);
  await red.page.setViewportSize({ width: 360, height: 640 });
  await red.fits();
  await red.start();
  await red.reads(/looking/i);
  await green.start();
  await Promise.all([red.sees("green"), green.sees("red")]);
  await red.fits();
  await blue.start();
  await blue.reads(/looking/i);
  await red.next();
  await Promise.all([red.sees("blue"), blue.sees("red")]);
  await green.reads(/looking/i);
  assert.equal(await green.person.isCovered(), true);
  assert.deepEqual(await Promise.all(strangers.map(({ person }) => person.legs())), [1, 1, 1]);
  return { red, green, blue };
}

/**
 * The page that has the package from npm, before a server of its own.
 * @param {import("node:test").TestContext} context
 */
async function matchmakerPage(context) {
  const folder = mkdtempSync(join(tmpdir(), "visavis-example-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(EXAMPLES, "matchmaker-page"), folder, { recursive: true });
  installPackage(folder);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = await startServer({ access: { origins: [url] } });
  context.after(() => server.stop());
  const signalUrl = `ws://localhost:${server.port}/v1/signal`;
  await run(context, folder, "serve.mjs", { PORT: String(port), SIGNAL_URL: signalUrl });
  return { folder, url, signalUrl };
}

test("strangers meet on a page that has the package from npm, and Next brings another", async (context) => {
  const { url } = await matchmakerPage(context);
  assert.equal((await fetch(`${url}//?`)).status, 404);
  assert.equal((await fetch(`${url}/serve.mjs`)).status, 404);
  const { red, green, blue } = await meetAndGoOn(context, url);

  await red.page.getByRole("textbox", { name: "Message" }).fill("<b>hello</b> blue");
  await red.page.keyboard.press("Enter");
  await blue.page.getByRole("log").getByText("<b>hello</b> blue").waitFor();
  await red.page.getByRole("button", { name: "Stop" }).click();
  await red.reads(/not looking/);
  assert.equal(await red.person.isCovered(), true);
  await Promise.all([green.sees("blue"), blue.sees("green")]);
  for (const { complaints } of [red, green, blue]) assert.deepEqual(complaints, []);
});

test("strangers meet on the page of the package's README", async (context) => {
  const { folder, url, signalUrl } = await matchmakerPage(context);
  const readme = readFileSync(new URL("../../../packages/client/README.md", import.meta.url), "utf8");
  const page = /```html\n(.+?)```/s.exec(readme)?.[1]?.replace("wss://chat.example.org/v1/signal", signalUrl);
  const imports = /<script type="importmap">.+?<\/script>/s.exec(readFileSync(join(folder, "index.html"), "utf8"))?.[0];
  writeFileSync(join(folder, "readme.html"), `<!doctype html>${imports}${page}`);
  const strangers = await Promise.all(
    browsers.slice(0, 2).map(async (browser) => new Stranger(await arrive(browser, `${url}/readme.html`))),
  );
  context.after(() => Promise.all(strangers.map((stranger) => stranger.page.close())));
  const [red, green] = strangers;
  assert.ok(red && green);
  for (const stranger of strangers) await stranger.page.getByRole("button", { name: "Start" }).click();
  await Promise.all([red.sees("green"), green.sees("red")]);
  await red.page.getByRole("button", { name: "Next" }).click();
  await Promise.all([red.sees("green"), green.sees("red")]);
  for (const { complaints } of strangers) assert.deepEqual(complaints.filter((line) => !/favicon|404/.test(line)), []);
});

/**
 * The page and the backend of one's own, before a server with these settings.
 * @param {import("node:test").TestContext} context @param {{ enabled: boolean, hash_list?: string }} moderation
 * @param {number} [drain_ms]
 */
async function ownSignaling(context, moderation, drain_ms = 200) {
  const folder = mkdtempSync(join(tmpdir(), "visavis-example-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(EXAMPLES, "own-signaling"), folder, { recursive: true });
  writeFileSync(join(folder, "main.secret"), `${randomBytes(32).toString("hex")}\n`);
  writeFileSync(join(folder, "webhooks.secret"), `whsec_${randomBytes(32).toString("base64")}\n`);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const settings = {
    moderation,
    server: { drain_ms },
    access: { guests: false, keys: [`main=HS256:${join(folder, "main.secret")}`] },
    webhooks: { urls: [`${url}/events`], secret: join(folder, "webhooks.secret") },
  };
  const server = await startServer(settings);
  context.after(() => server.stop());
  const { code, said } = server.run(["check-config", "--config", "visavis.toml"], folder);
  assert.equal(code, 0, said);
  await run(context, folder, "backend.mjs", { PORT: String(port), MEDIA_URL: server.url });
  return { url, server, settings };
}

test("strangers meet by signaling and a matchmaker that are not ours", async (context) => {
  const { url, server } = await ownSignaling(context, { enabled: false });
  const { red, green, blue } = await meetAndGoOn(context, url);

  // Who closes the page is gone at once, and whoever is left meets whoever is left.
  await red.page.close();
  await Promise.all([green.sees("blue"), blue.sees("green")]);
  await blue.page.getByRole("button", { name: "Leave" }).click();
  await green.reads(/looking/i);
  await green.person.until("is alone", async () => (await server.metric("visavis_legs")) === 1);
  const forged = await fetch(`${url}/events`, { method: "POST", body: '{"leg":"x","type":"closed"}' });
  assert.equal(forged.status, 403);
  for (const { complaints } of [red, green, blue]) assert.deepEqual(complaints, []);

  // Without visavis the page is still there and says so.
  await server.crash();
  await blue.start();
  await blue.reads(/unreachable/);
  await green.page.getByRole("button", { name: "Leave" }).click();
  assert.equal((await fetch(`${url}//?`)).status, 404);
  assert.equal((await fetch(`${url}/?a=b`)).status, 200);
});

test("an upgrade takes nobody away from a page of one's own", async (context) => {
  const { url, server, settings } = await ownSignaling(context, { enabled: false }, 60_000);
  const strangers = await Promise.all(browsers.slice(0, 2).map(async (browser) => new Stranger(await arrive(browser, url))));
  context.after(() => Promise.all(strangers.map(({ page }) => page.close())));
  const [red, green] = strangers;
  assert.ok(red && green);
  for (const stranger of strangers) await stranger.start();
  await Promise.all([red.sees("green"), green.sees("red")]);
  const newer = await startServer(settings, { after: server });
  context.after(() => newer.stop());
  await Promise.all([red.sees("green"), green.sees("red")]);
  assert.equal(await newer.metric("visavis_legs"), 0);
  await red.next();
  assert.equal(await server.ended(), 0);
  await red.person.until("comes again", async () => (await newer.metric("visavis_matches")) === 1);
  await Promise.all([red.sees("green"), green.sees("red")]);
  for (const { complaints } of strangers) assert.deepEqual(complaints, []);
});

test("a Firefox and a Chromium meet without our client", async (context) => {
  const { url } = await ownSignaling(context, { enabled: false });
  const firefox = await openFirefox();
  context.after(() => firefox.close());
  const yellow = await arriveInFirefox(firefox, url, "yellow");
  const red = new Stranger(await arrive(/** @type {Browser} */ (browsers[0]), url));
  context.after(() => red.page.close());
  await yellow.page.click("[type=checkbox]");
  await yellow.page.click("#door button");
  await red.start();
  await red.sees("yellow");
  await yellow.until("sees a picture", async () => !(await yellow.isCovered()));
  const look = () => yellow.page.evaluate('instruments.look("#partner")');
  await yellow.until("sees red", async () => nearestColour(await look()) === "red");
});

test("on a page of one's own, too, nobody is shown unseen, and who is sent away is told why", async (context) => {
  const list = join(tmpdir(), `visavis-known-${process.pid}.txt`);
  writeFileSync(list, `${KNOWN_PICTURE}\n`);
  context.after(() => rmSync(list));
  const { url } = await ownSignaling(context, { enabled: true, hash_list: list });
  const scenes = /** @type {const} */ (["known", "stripes", "stripes"]);
  const strangers = await Promise.all(
    scenes.map(async (scene, index) => {
      const browser = /** @type {Browser} */ (browsers[index]);
      return new Stranger(await arrive(browser, url, (page) => page.addInitScript(easel, scene)));
    }),
  );
  context.after(() => Promise.all(strangers.map(({ page }) => page.close())));
  const [offender, one, other] = strangers;
  assert.ok(offender && one && other);
  await offender.start();
  await one.start();
  await offender.reads(/Against the rules: known_picture.*minutes.*code/);
  await one.reads(/looking/i);
  assert.equal(await one.person.isCovered(), true);
  await other.start();
  await Promise.all([one, other].map(({ person }) => person.until("meets", async () => !(await person.isCovered()))));
});
