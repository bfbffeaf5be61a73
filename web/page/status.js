// @ts-check
/** The words for where a stay is, in the visitor's language. */

/** @import { Judgement, LeftReason, Screening, State } from "../client/contract.js" */
/** @import { Words } from "../i18n/en.js" */

/**
 * What the page knows beyond the state itself.
 * @typedef {object} Circumstances
 * @property {"video" | "text"} mode
 * @property {number | null} usualWaitMs
 * @property {string | null} ageCheck where the visitor's age is to be checked first
 * @property {boolean} byInterests whether common interests are still insisted on
 * @property {string[]} common interests in common with the partner
 * @property {LeftReason | null} leftReason
 * @property {string | null} endedReason set once the stay is over
 * @property {Screening} screening how far the look at the visitor's own picture is
 * @property {Judgement | null} judgement why the server ended the stay by its policy
 * @property {number} retrySeconds until a full server is tried again
 */

/** @returns {Circumstances} */
export function noCircumstances() {
  return {
    mode: "video",
    usualWaitMs: null,
    ageCheck: null,
    byInterests: false,
    common: [],
    leftReason: null,
    endedReason: null,
    screening: "passed",
    judgement: null,
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
      if (circumstances.ageCheck !== null) return [words.ageCheck, words.ageCheckDetail];
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
      return describeLoss(circumstances, words);
    case "full":
      return [words.full, words.fullDetail(circumstances.retrySeconds)];
  }
}

/** @param {Circumstances} circumstances @param {Words} words */
function describeWait({ screening, usualWaitMs, byInterests }, words) {
  if (screening === "pending") return words.screening;
  if (screening === "overdue") return words.screeningOverdue;
  const wait = usualWaitMs === null ? "" : words.usualWait(Math.max(1, Math.round(usualWaitMs / 1000)));
  return [byInterests ? words.lookingByInterests : "", wait].filter(Boolean).join(" ");
}

/** @param {LeftReason | null} reason @param {Words} words */
function describeLeaving(reason, words) {
  if (reason === "lost") return words.leftLost;
  if (reason === "ended") return words.leftEnded;
  return words.left;
}

/** @param {Circumstances} circumstances @param {Words} words @returns {[string, string]} */
function describeLoss({ endedReason: reason, judgement }, words) {
  if (reason === null) return [words.lost, words.lostDetail];
  if (reason === "shutdown") return [words.shutdown, ""];
  if (reason === "ended") return [words.ended, judgement ? describeJudgement(judgement, words) : ""];
  if (reason === "replaced") return [words.replaced, ""];
  return [words.lost, words.lostForGood];
}

/** @param {Judgement} judgement @param {Words} words */
function describeJudgement({ label, retryAfterMs, caseCode }, words) {
  const comeBack = retryAfterMs > 0 ? words.comeBack(Math.ceil(retryAfterMs / 60_000)) : "";
  const code = caseCode ? words.caseCode(caseCode) : "";
  return [words.seen(label), comeBack, code].filter(Boolean).join(" ");
}
