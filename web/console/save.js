// @ts-check
/** Hands a file to whoever sits at the page. */

import { draw } from "./draw.js";

/** @param {Blob} file @param {string} download its name */
export function save(file, download) {
  const href = URL.createObjectURL(file);
  draw("a", { href, download }).click();
  URL.revokeObjectURL(href);
}
