// @ts-check
/** Somebody at the desk: the console in a real browser, signed in with a real token. */

import { join } from "node:path";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Server } from "./server.mjs" */

/**
 * A new person on the server's list: their token.
 * @param {Server} server @param {string} name @param {string} role
 */
export function addModerator(server, name, role) {
  const store = join(server.folder, "data");
  const { code, said } = server.run(["moderator", "add", name, "--role", role, "--store-folder", store]);
  if (code !== 0) throw new Error(said);
  return said.trim();
}

/**
 * The console, with everything that it complains of.
 * @param {Browser} browser @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function openDesk(browser, url, options = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${url}/console`);
  return { page, complaints, close: () => context.close() };
}

/** @param {Page} page @param {string} token */
export async function signIn(page, token) {
  await page.getByTestId("token").fill(token);
  await page.getByTestId("sign-in").click();
  await page.getByTestId("who").waitFor();
}
