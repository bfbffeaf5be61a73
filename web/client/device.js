// @ts-check
/**
 * The token by which the server knows this browser again. It tells nothing of the visitor; without
 * it, everything works, and the server has one stranger more.
 */

const KEY = "visavis.device";

/** @returns {{ device?: string }} to be spread into a `join` */
export function knownDevice() {
  try {
    const device = globalThis.localStorage?.getItem(KEY);
    return device ? { device } : {};
  } catch {
    // The browser keeps nothing for this page.
    return {};
  }
}

/** @param {string} device */
export function rememberDevice(device) {
  try {
    globalThis.localStorage?.setItem(KEY, device);
  } catch {
    // As above.
  }
}
