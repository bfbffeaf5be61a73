// @ts-check
/**
 * The check of a visitor's age that is under way, also while the page is left for where it is done. It
 * is forgotten with the tab.
 */

const KEY = "visavis.age-check";

/** @returns {{ age_check?: string }} to be spread into a `join` */
export function knownAgeCheck() {
  try {
    const check = globalThis.sessionStorage?.getItem(KEY);
    return check ? { age_check: check } : {};
  } catch {
    // The browser keeps nothing for this page: the check lasts as long as the socket.
    return {};
  }
}

/** @param {string | null} check null once it has done what it was for */
export function rememberAgeCheck(check) {
  try {
    if (check === null) globalThis.sessionStorage?.removeItem(KEY);
    else globalThis.sessionStorage?.setItem(KEY, check);
  } catch {
    // As above.
  }
}
