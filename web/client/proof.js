// @ts-check
/** What a server may ask for before it lets a visitor in: an answer to its challenge. */

import { search } from "./work.js";

/** @import { Challenge } from "./contract.js" */
/** @import { Wish } from "./visavis.js" */

/** Where there is no worker, the page goes on after each so long. */
const TURN_MS = 12;

/**
 * @param {Challenge} challenge
 * @param {Wish} wish
 * @returns {Promise<string>} the `proof` of the next `join`
 */
export async function prove({ kind, text, bits, site_key }, wish) {
  if (kind === "work" && text !== null && bits !== null) return work(text, bits);
  if (!wish.captcha) throw new Error("the server asks for a captcha, and the page has none");
  return wish.captcha(site_key ?? "");
}

/** @param {string} text @param {number} bits @returns {Promise<string>} */
async function work(text, bits) {
  const worker = openWorker();
  if (!worker) return workHere(text, bits);
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage({ text, bits });
    });
  } catch {
    return await workHere(text, bits);
  } finally {
    worker.terminate();
  }
}

/** None from another origin than the page's. @returns {Worker | null} */
function openWorker() {
  try {
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  } catch {
    return null;
  }
}

/** @param {string} text @param {number} bits */
async function workHere(text, bits) {
  let found = search(text, bits, 0, TURN_MS);
  while ("next" in found) {
    await new Promise((resolve) => setTimeout(resolve));
    found = search(text, bits, found.next, TURN_MS);
  }
  return found.answer;
}
