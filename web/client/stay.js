// @ts-check
/**
 * What a stay knows and what follows from each message: a value without sockets, timers or media.
 * A message goes in, deeds come out, and `Visavis` does them.
 */

/**
 * @import {
 *   AgeCheck, ByeReason, Challenge, Events, Joined, Judgement, Limits, Matched, Refusal, Reply, Request, Resumed, State,
 * } from "./contract.js"
 */

/** How long to wait before trying again what was refused without a better word. */
const RETRY_MS = 1_000;

/** What an offer may be answered with that another, later, may not. */
const OFFER_REFUSALS = new Set(["bad_offer", "no_codec", "not_connected", "too_fast"]);

/**
 * @typedef {{ [K in keyof Events]: { do: "tell", name: K, detail: Events[K]["detail"] } }[keyof Events]} Tell
 */

/**
 * @typedef {Tell
 *   | { do: "send", request: Request }
 *   | { do: "sendLater", request: Request, afterMs: number }
 *   | { do: "remember", device: string }
 *   | { do: "rememberCheck", check: string | null }
 *   | { do: "settle", graceMs: number }
 *   | { do: "answer", sdp: string }
 *   | { do: "restart" }
 *   | { do: "restartLater", afterMs: number }
 *   | { do: "probe" }
 *   | { do: "prove", challenge: Challenge }
 *   | { do: "joinAnew" }
 *   | { do: "moveOn" }
 *   | { do: "comeBack", afterMs: number }
 *   | { do: "end", reason: ByeReason | "refused", code: string, message: string }} Deed
 */

export class Stay {
  /** Where the server says the stay is. @type {State} */
  told = "connecting";
  /** The token of the next `resume`. @type {string | null} */
  token = null;
  /** What the server allows, known once joined. @type {Limits | null} */
  limits = null;
  /** The match there is. @type {string | null} */
  match = null;
  /** What the server ends this stay for. @type {Judgement | null} */
  judgement = null;
  /** The server hears nothing of the leg. */
  #silent = false;
  /** The check of the visitor's age that was asked for. @type {string | null} */
  #check = null;
  /** What was asked for and not answered yet. */
  #pending = /** @type {"next" | "stop" | null} */ (null);
  /** Where the stay was before what is pending. @type {State} */
  #before = "idle";

  /** Whether the server hears nothing of the leg. */
  get isSilent() {
    return this.#silent;
  }

  /**
   * The visitor asks for another partner, or for none.
   * @param {"next" | "stop"} type
   * @returns {Deed[]} nothing, where it would change nothing
   */
  ask(type) {
    const then = type === "next" ? "looking" : "idle";
    if (this.told === then || this.told === "connecting" || this.told === "full") return [];
    if (!this.#pending) this.#before = this.told;
    this.#pending = type;
    this.#rest(then);
    return [{ do: "send", request: { type } }];
  }

  /** The server does not know this stay any more: it begins again. */
  forget() {
    this.token = null;
    this.#pending = null;
    this.#rest("connecting");
  }

  /**
   * @param {Reply} reply
   * @returns {Deed[]}
   */
  heed(reply) {
    const online = "online" in reply ? [tell("online", { online: reply.online })] : [];
    return [...online, ...this.#heed(reply)];
  }

  /** @param {Reply} reply @returns {Deed[]} */
  #heed(reply) {
    switch (reply.type) {
      case "challenge_required":
        return [tell("challenge", { kind: reply.kind }), { do: "prove", challenge: reply }];
      case "age_check_required":
        return this.#handleAgeCheck(reply);
      case "age_checked":
        return [{ do: "comeBack", afterMs: 0 }];
      case "joined":
        this.#rest("connecting");
        this.#check = null;
        return [
          { do: "rememberCheck", check: null },
          ...(reply.device ? [/** @type {const} */ ({ do: "remember", device: reply.device })] : []),
          ...this.#welcome(reply),
        ];
      case "resumed":
        return [...this.#welcome(reply), ...this.#handleResumed(reply)];
      case "answer":
        return [{ do: "answer", sdp: reply.sdp }];
      case "connection":
        this.#silent = reply.state === "silent";
        return this.#silent ? [{ do: "restart" }] : [];
      case "waiting":
        return this.#handleWaiting(reply.usual_wait_ms, reply.by_interests);
      case "idle":
        return this.#handleIdle();
      case "matched":
        return this.#handleMatched(reply);
      case "error":
        return this.#handleRefusal(reply);
      case "reported":
        return [tell("reported", null)];
      case "going_away":
        return [tell("goingaway", { drainMs: reply.drain_ms })];
      case "screening":
        return [tell("screening", { state: reply.state })];
      case "warned":
        return [tell("warned", { label: reply.label })];
      case "blocked":
        return this.#handleBlocked(reply);
      case "ended":
        this.judgement = { label: reply.label, retryAfterMs: reply.retry_after_ms, caseCode: reply.case };
        return [];
      case "bye":
        // Who rests need not be there at once: they come when they look again.
        if (reply.reason === "moved" && this.told !== "idle") return [{ do: "moveOn" }];
        return [{ do: "end", reason: reply.reason, code: reply.reason, message: "the stay is over" }];
      default:
        // The rest is of a match; of the last one it is stale.
        return this.told === "matched" ? this.#handlePartner(reply) : [];
    }
  }

  /** Told once, however often the socket is lost meanwhile. @param {AgeCheck} reply @returns {Deed[]} */
  #handleAgeCheck({ check, url, wait_ms }) {
    if (check === this.#check) return [];
    this.#check = check;
    return [{ do: "rememberCheck", check }, tell("agecheck", { url, waitMs: wait_ms })];
  }

  /** @param {Extract<Reply, { type: "blocked" }>} reply @returns {Deed[]} */
  #handleBlocked({ whose, blocked, label, case: caseCode }) {
    // What is said of a partner is of this match only.
    if (whose === "partner" && this.told !== "matched") return [];
    return [tell("blocked", { whose, blocked, label, caseCode })];
  }

  /** @param {Joined | Resumed} reply @returns {Deed[]} */
  #welcome({ resume, grace_ms, limits }) {
    this.token = resume;
    this.limits = limits;
    return [{ do: "settle", graceMs: grace_ms }];
  }

  /** @param {Resumed} reply @returns {Deed[]} */
  #handleResumed({ state, match, interests, languages, online }) {
    if (this.#pending) return [{ do: "send", request: { type: this.#pending } }];
    if (state === "matched" && match !== null) {
      return this.#handleMatched({ type: "matched", match, interests, languages, online });
    }
    this.#rest(state === "waiting" || state === "matched" ? "looking" : state);
    return [];
  }

  /** @param {number | null} usualWaitMs @param {boolean} byInterests @returns {Deed[]} */
  #handleWaiting(usualWaitMs, byInterests) {
    if (this.#pending === "stop") return [];
    this.#pending = null;
    this.#rest("looking");
    return [tell("waiting", { usualWaitMs, byInterests })];
  }

  /** @returns {Deed[]} */
  #handleIdle() {
    if (this.#pending === "next") return [];
    this.#pending = null;
    this.#rest("idle");
    return [];
  }

  /** @param {Matched} matched @returns {Deed[]} */
  #handleMatched({ match, interests, languages }) {
    // After a stop that crossed it, it is over already; after a next, it may be what was asked for.
    if (this.#pending === "stop") return [];
    this.#pending = null;
    const known = match === this.match;
    this.told = "matched";
    this.match = match;
    return known ? [] : [{ do: "probe" }, tell("matched", { match, interests, languages })];
  }

  /**
   * @param {Extract<Reply, { type: "picture" | "chat" | "typing" | "left" }>} reply
   * @returns {Deed[]}
   */
  #handlePartner(reply) {
    if (reply.type === "picture") {
      return reply.match === this.match ? [tell("picture", { timestamp: reply.timestamp })] : [];
    }
    if (reply.type === "chat") return [tell("chat", { text: reply.text })];
    if (reply.type === "typing") return [tell("typing", { active: reply.active })];
    this.#rest("left");
    return [tell("left", { reason: reply.reason, requeueMs: reply.requeue_ms })];
  }

  /** @param {Refusal} refusal @returns {Deed[]} */
  #handleRefusal({ code, message, retry_after_ms }) {
    const afterMs = retry_after_ms ?? RETRY_MS;
    if (code === "full") {
      this.#rest("full");
      return [tell("full", { retryAfterMs: afterMs }), { do: "comeBack", afterMs }];
    }
    if (code === "unknown_token") return [{ do: "joinAnew" }];
    if (this.token === null) return [{ do: "end", reason: "refused", code, message }];
    if (this.#silent && OFFER_REFUSALS.has(code)) {
      return [tell("refused", { code, message }), { do: "restartLater", afterMs }];
    }
    if (this.#pending && code === "too_fast") {
      return [{ do: "sendLater", request: { type: this.#pending }, afterMs }];
    }
    if (this.#pending && code === "draining") {
      this.#pending = null;
      this.told = this.#before;
    }
    return [tell("refused", { code, message })];
  }

  /** No match any more. @param {State} told */
  #rest(told) {
    this.told = told;
    this.match = null;
  }
}

/**
 * @template {keyof Events} Name
 * @param {Name} name
 * @param {Events[Name]["detail"]} detail
 * @returns {Tell}
 */
function tell(name, detail) {
  return /** @type {Tell} */ ({ do: "tell", name, detail });
}
