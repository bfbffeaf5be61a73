/**
 * What goes over the wire and what the client tells its page, as types.
 * The messages are those of docs/signaling.md, field for field.
 */

/** Where a stay is, as the visitor sees it. */
export type State = "idle" | "looking" | "connecting" | "matched" | "left" | "lost" | "full";

/** Sound and picture, or text alone (then no camera is asked for). */
export type Mode = "video" | "text";

export type Category = "nudity" | "minor" | "violence" | "hate" | "spam" | "other";

export interface Limits {
  chat_chars: number;
  interests: number;
  interest_chars: number;
  languages: number;
}

/** From the browser. */
export type Request =
  | {
      type: "join";
      mode: Mode;
      offer?: string;
      adult: boolean;
      interests?: string[];
      languages?: string[];
      device?: string;
      /** The access token (docs/access.md). */
      token?: string;
      /** The answer to the last challenge. */
      proof?: string;
      /** The check of the visitor's age that was begun before. */
      age_check?: string;
    }
  | { type: "resume"; token: string; offer?: string }
  | { type: "offer"; sdp: string }
  | { type: "next" }
  | { type: "stop" }
  | { type: "interests"; interests: string[] }
  | { type: "chat"; text: string }
  | { type: "typing"; active: boolean }
  | { type: "report"; category: Category; note?: string }
  | { type: "leave" };

/** Something is to be done before the stay begins. */
export interface Challenge {
  type: "challenge_required";
  kind: "work" | "captcha";
  /** Of a proof of work: what the answer is written behind. */
  text: string | null;
  /** Of a proof of work: zero bits that the hash of both begins with. */
  bits: number | null;
  /** Of a captcha: what its widget is told. */
  site_key: string | null;
}

/** The visitor's age is to be checked elsewhere before the stay begins. */
export interface AgeCheck {
  type: "age_check_required";
  check: string;
  url: string;
  wait_ms: number;
}

export interface Joined {
  type: "joined";
  resume: string;
  grace_ms: number;
  online: number;
  limits: Limits;
  /** By which this browser is known when it comes again. */
  device?: string;
}

export interface Resumed extends Omit<Joined, "type" | "device"> {
  type: "resumed";
  state: "idle" | "waiting" | "matched" | "left";
  match: string | null;
  interests: string[];
  languages: string[];
}

export interface Matched {
  type: "matched";
  match: string;
  interests: string[];
  languages: string[];
  online: number;
}

export type LeftReason = "next" | "stopped" | "gone" | "lost" | "ended";

export type ByeReason = "left" | "shutdown" | "moved" | "ended" | "replaced";

/** How far the look at one's picture is that comes before the first match. */
export type Screening = "pending" | "overdue" | "passed";

/** Whose picture. */
export type Whose = "own" | "partner";

/** Why the server ended a stay by its policy. */
export interface Judgement {
  /** What was seen. */
  label: string;
  /** When one may come back. */
  retryAfterMs: number;
  /** The code of the case, to ask for another look with. */
  caseCode: string | null;
}

export interface Refusal {
  type: "error";
  code: string;
  message: string;
  retry_after_ms: number | null;
}

/** From the server. */
export type Reply =
  | Challenge
  | AgeCheck
  | Joined
  | Resumed
  | Matched
  | Refusal
  | { type: "answer"; sdp: string }
  | { type: "age_checked" }
  | { type: "connection"; state: "connected" | "silent" }
  | { type: "waiting"; online: number; usual_wait_ms: number | null; by_interests: boolean }
  | { type: "picture"; match: string; timestamp: number }
  | { type: "chat"; text: string }
  | { type: "typing"; active: boolean }
  | { type: "left"; reason: LeftReason; requeue_ms: number }
  | { type: "idle"; online: number }
  | { type: "reported" }
  | { type: "screening"; state: Screening }
  | { type: "warned"; label: string }
  | { type: "blocked"; whose: Whose; blocked: boolean; label: string | null; case: string | null }
  | { type: "ended"; label: string; retry_after_ms: number; case: string | null }
  | { type: "going_away"; drain_ms: number }
  | { type: "bye"; reason: ByeReason };

/** Every event of a `Visavis`, by name, with what its `detail` holds. */
export interface Events {
  /** The stay moved on; `previous` is where it was. */
  state: CustomEvent<{ state: State; previous: State }>;
  /** The server wants something proved first; `work` the client does by itself. */
  challenge: CustomEvent<{ kind: "work" | "captcha" }>;
  /** The visitor's age is to be checked at `url` first, within `waitMs`; then the stay begins by itself. */
  agecheck: CustomEvent<{ url: string; waitMs: number }>;
  /** How many are online now. */
  online: CustomEvent<{ online: number }>;
  /** Looking; comes at once and again every few seconds. */
  waiting: CustomEvent<{ usualWaitMs: number | null; byInterests: boolean }>;
  /** A partner. */
  matched: CustomEvent<{ match: string; interests: string[]; languages: string[] }>;
  /** From this RTP timestamp on, pictures are of this match. */
  picture: CustomEvent<{ timestamp: number }>;
  /** The partner ended the match; the server looks again after `requeueMs`. */
  left: CustomEvent<{ reason: LeftReason; requeueMs: number }>;
  /** The partner wrote. */
  chat: CustomEvent<{ text: string }>;
  /** The partner began to write, or paused. */
  typing: CustomEvent<{ active: boolean }>;
  /** The server has taken the report. */
  reported: CustomEvent<null>;
  /** Nobody meets a visitor whose picture has not been looked at. */
  screening: CustomEvent<{ state: Screening }>;
  /** What one shows is against the rules; more of it has consequences. */
  warned: CustomEvent<{ label: string }>;
  /** A picture is stopped by the server, or passes again; `caseCode` is to ask for another look with. */
  blocked: CustomEvent<{ whose: Whose; blocked: boolean; label: string | null; caseCode: string | null }>;
  /** No room now; the client tries again by itself after `retryAfterMs`. */
  full: CustomEvent<{ retryAfterMs: number }>;
  /** The server is shutting down; a match may go on for `drainMs`. */
  goingaway: CustomEvent<{ drainMs: number }>;
  /** The server refused something and the stay goes on. */
  refused: CustomEvent<{ code: string; message: string }>;
  /** The stay is over: one's own leaving, or what the server said. */
  ended: CustomEvent<{ reason: ByeReason | "lost" | "refused"; judgement: Judgement | null }>;
}

/** An `EventTarget` whose listeners know what they are given. */
export interface TypedTarget<Map> extends EventTarget {
  addEventListener<K extends keyof Map & string>(
    type: K,
    listener: (event: Map[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof Map & string>(
    type: K,
    listener: (event: Map[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}
