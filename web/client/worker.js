// @ts-check
/** Does a proof of work beside the page, which goes on meanwhile. */

import { search } from "./work.js";

/** Long enough that looking at the clock costs nothing. */
const TURN_MS = 1_000;

/** @param {MessageEvent<{ text: string, bits: number }>} event */
globalThis.onmessage = ({ data: { text, bits } }) => {
  let found = search(text, bits, 0, TURN_MS);
  while ("next" in found) found = search(text, bits, found.next, TURN_MS);
  globalThis.postMessage(found.answer);
};
