// @ts-check
/** The access token that a visitor brings, where the server asks for one (docs/access.md). */

/** @import { Wish } from "./visavis.js" */

/**
 * @param {Wish} wish
 * @returns {Promise<{ token?: string }>} to be spread into a `join`
 */
export async function accessToken({ token }) {
  if (token === undefined) return {};
  try {
    return { token: typeof token === "function" ? await token() : token };
  } catch {
    // The server says what it makes of somebody without a token: `connect` tells the page.
    return {};
  }
}
