// @ts-check
/** The words for where a stay is, in the visitor's language. */

/** @import { LeftReason, State } from "../client/contract.js" */
/** @import { Words } from "../i18n/en.js" */

/**
 * What the page knows beyond the state itself.
 * @typedef {object} Circumstances
 * @property {"video" | "text"} mode
 * @property {number | null} usualWaitMs
 * @property {boolean} byInterests whether common interests are still insisted on
 * @property {string[]} common interests in common with the partner
 * @property {LeftReason | null} leftReason
 * @property {string | null} endedReason set once the stay is over
 * @property {number} retrySeconds until a full server is tried again
 */

/** @returns {Circumstances} */
export function noCircumstances() {
  return {
    mode: "video",
    usualWaitMs: null,
    byInterests: false,
    common: [],
    leftReason: null,
    endedReason: null,
    retrySeconds: 0,
  };
}

/**
 * @param {State} state
 * @param {Circumstances} circumstances
 * @param {Words} words
 * @returns {[title: string, detail: string]}
 */
export function describe(state, circumstances, words) {
  switch (state) {
    case "idle":
      return [words.idle, circumstances.mode === "video" ? words.idleDetail : ""];
    case "connecting":
      return [words.connecting, circumstances.mode === "video" ? words.connectingDetail : ""];
    case "looking":
      return [words.looking, describeWait(circumstances, words)];
    case "matched":
      return [
        circumstances.mode === "video" ? words.matched : words.matchedText,
        circumstances.common.length > 0 ? words.common(circumstances.common) : "",
      ];
    case "left":
      return [describeLeaving(circumstances.leftReason, words), words.leftDetail];
    case "lost":
      return describeLoss(circumstances.endedReason, words);
    case "full":
      return [words.full, words.fullDetail(circumstances.retrySeconds)];
  }
}

/** @param {Circumstances} circumstances @param {Words} words */
function describeWait({ usualWaitMs, byInterests }, words) {
  const wait = usualWaitMs === null ? "" : words.usualWait(Math.max(1, Math.round(usualWaitMs / 1000)));
  return [byInterests ? words.lookingByInterests : "", wait].filter(Boolean).join(" ");
}

/** @param {LeftReason | null} reason @param {Words} words */
function describeLeaving(reason, words) {
  if (reason === "lost") return words.leftLost;
  if (reason === "ended") return words.leftEnded;
  return words.left;
}

/** @param {string | null} reason @param {Words} words @returns {[string, string]} */
function describeLoss(reason, words) {
  if (reason === null) return [words.lost, words.lostDetail];
  if (reason === "shutdown") return [words.shutdown, ""];
  if (reason === "ended") return [words.ended, ""];
  if (reason === "replaced") return [words.replaced, ""];
  return [words.lost, words.lostForGood];
}
