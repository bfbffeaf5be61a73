// @ts-check
/**
 * A visitor's stay with a visavis server: one object, one connection, one partner at a time.
 *
 * ```js
 * const visavis = new Visavis();
 * video.srcObject = visavis.remote;
 * visavis.addEventListener("chat", ({ detail }) => show(detail.text));
 * await visavis.connect({ adult: true, interests: ["chess"] });
 * nextButton.onclick = () => visavis.next();
 * ```
 *
 * The media connection is made once, at the door. A match changes only whose picture arrives on
 * it, so `remote` is the same `MediaStream` from the first partner to the last.
 */

import { accessToken } from "./access.js";
import { knownAgeCheck, rememberAgeCheck } from "./age-check.js";
import { knownDevice, rememberDevice } from "./device.js";
import { openCamera, openMedia, openMicrophone } from "./devices.js";
import { IceServers } from "./ice-servers.js";
import { Leg } from "./leg.js";
import { prove } from "./proof.js";
import { Signal } from "./signal.js";
import { Stay } from "./stay.js";

export { listDevices, openMedia } from "./devices.js";
export { Face } from "./face.js";

/** @import { Challenge, Request, TypedTarget } from "./contract.js" */
/** @import { Deed } from "./stay.js" */

// The types that a page names come from here, too.
/** @typedef {import("./contract.js").ByeReason} ByeReason */
/** @typedef {import("./contract.js").Category} Category */
/** @typedef {import("./contract.js").Events} Events */
/** @typedef {import("./contract.js").Judgement} Judgement */
/** @typedef {import("./contract.js").LeftReason} LeftReason */
/** @typedef {import("./contract.js").Limits} Limits */
/** @typedef {import("./contract.js").Mode} Mode */
/** @typedef {import("./contract.js").Screening} Screening */
/** @typedef {import("./contract.js").State} State */
/** @typedef {import("./contract.js").Whose} Whose */
/** @typedef {import("./devices.js").Choice} Choice */
/** @typedef {import("./devices.js").DeviceList} DeviceList */

/** How long a visitor may pause before they no longer count as typing. */
const TYPING_MS = 4_000;

/** @typedef {"audio" | "video"} Kind */

/**
 * @typedef {object} Wish
 * @property {boolean} adult the visitor's own statement that they are 18 or older
 * @property {Mode} [mode] `"video"` when left out
 * @property {string[]} [interests]
 * @property {string[]} [languages] BCP 47 tags
 * @property {MediaStream} [stream] what to send; when left out, `connect` asks for a camera and a
 *   microphone and lets go of them at the end
 * @property {string | (() => string | Promise<string>)} [token] the access token, where the server
 *   asks for one; a function is asked for a fresh one whenever a stay begins
 * @property {(siteKey: string) => Promise<string>} [captcha] shows the captcha, where the server asks for
 *   one, and gives what its widget answers
 */

/** The server's refusal of a `connect`, with its stable code (docs/signaling.md). */
export class VisavisError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "VisavisError";
    this.code = code;
  }
}

const Target = /** @type {new () => TypedTarget<Events>} */ (EventTarget);

export class Visavis extends Target {
  /** The partners' sound and picture; one stream for the whole life of this object. @readonly */
  remote = new MediaStream();

  /** @type {string} */
  #url;
  /** What was last told to the page. @type {State} */
  #state = "idle";
  /** @type {Wish | null} */
  #wish = null;
  #stay = new Stay();
  /** @type {IceServers} */
  #iceServers;
  /** Present from `connect` to the end of the stay. @type {Signal | null} */
  #signal = null;
  /** @type {Leg | null} */
  #leg = null;
  /** @type {MediaStream | null} */
  #stream = null;
  #signalLost = false;
  #legLost = false;
  /** The promise of `connect`, until the server has let the visitor in. */
  #door = /** @type {{ resolve: () => void, reject: (reason: Error) => void } | null} */ (null);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #repath;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause;
  #typing = false;
  #muted = { audio: false, video: false };
  #network = new AbortController();
  /** What is being proved. @type {Challenge | null} */
  #challenge = null;

  /** @param {{ url?: string }} [options] `url` of the signaling WebSocket; else this page's server's */
  constructor({ url } = {}) {
    super();
    this.#url = url ?? defaultUrl();
    this.#iceServers = new IceServers(this.#url);
  }

  /** Where the stay is. */
  get state() {
    return this.#state;
  }

  /** What the server allows; null before it has said. @returns {Limits | null} */
  get limits() {
    return this.#stay.limits;
  }

  /** The one connection of the stay, for `getStats`; null in a text-only stay. */
  get connection() {
    return this.#leg?.connection ?? null;
  }

  /** What the partners see and hear of this visitor; null in a text-only stay. */
  get local() {
    return this.#stream;
  }

  /**
   * Begins the stay and looks for a partner. Resolves when the server has let the visitor in;
   * while it is full that takes as long as it takes (event `full`).
   * @param {Wish} wish
   * @returns {Promise<void>}
   * @throws {VisavisError} what the server would not take, or `lost`: it could not be reached
   * @throws {DOMException} the camera or the microphone was not given
   */
  async connect(wish) {
    if (this.#signal) throw new Error("already connected");
    this.#wish = wish;
    this.#stay = new Stay();
    const signal = this.#makeSignal();
    this.#signal = signal;
    this.#refresh();
    if (wish.mode !== "text") {
      // Beside the camera, so that nobody waits for it.
      void this.#iceServers.list(wish);
      await this.#openLeg(wish.stream);
    }
    if (signal !== this.#signal) return;
    this.#watchNetwork(signal);
    await new Promise((resolve, reject) => {
      this.#door = { resolve: () => resolve(undefined), reject };
      signal.open();
    });
  }

  /** Leaves whatever match there is and looks for another partner, whatever that takes. */
  next() {
    if (!this.#signal && this.#wish) {
      // What goes wrong is told by `state` and `ended`.
      this.connect(this.#wish).catch(() => {});
    } else if (this.#stay.told === "full") {
      this.#greetAgain();
    } else {
      this.#ask("next");
    }
  }

  /** Leaves whatever match there is and looks no longer; `next` looks again. */
  stop() {
    this.#ask("stop");
  }

  /**
   * Writes to the partner.
   * @param {string} text
   * @returns {boolean} whether there was a partner and a way to reach them
   */
  say(text) {
    if (this.#state !== "matched") return false;
    this.#tellTyping(false);
    return this.#send({ type: "chat", text });
  }

  /** Call it at each keystroke: the partner is told when typing begins and when it has ended. */
  typing() {
    if (this.#state !== "matched") return;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#tellTyping(false), TYPING_MS);
    this.#tellTyping(true);
  }

  /**
   * Reports the partner of this match, or of the last one. The two never meet again.
   * @param {Category} category
   * @param {string} [note]
   */
  report(category, note) {
    const about = note ? { category, note } : { category };
    return this.#signal?.ask({ type: "report", ...about }) ?? false;
  }

  /**
   * Changes what to have in common; an empty list looks for anybody.
   * @param {string[]} interests
   */
  lookFor(interests) {
    if (this.#wish) this.#wish = { ...this.#wish, interests };
    return this.#send({ type: "interests", interests });
  }

  /** Sends another camera from now on, without renegotiation. @param {string} [deviceId] */
  async useCamera(deviceId) {
    await this.#swap(await openCamera(deviceId));
  }

  /** Sends another microphone from now on. @param {string} [deviceId] */
  async useMicrophone(deviceId) {
    await this.#swap(await openMicrophone(deviceId));
  }

  /** @param {Kind} kind */
  mute(kind) {
    this.#muted[kind] = true;
    this.#applyMutes();
  }

  /** @param {Kind} kind */
  unmute(kind) {
    this.#muted[kind] = false;
    this.#applyMutes();
  }

  /** @param {Kind} kind */
  isMuted(kind) {
    return this.#muted[kind];
  }

  /** Ends the stay at once. Safe to call while the page is being closed. */
  leave() {
    this.#send({ type: "leave" });
    this.#end("left", new VisavisError("left", "the visitor left"));
  }

  // Signaling.

  #makeSignal() {
    return new Signal(this.#url, {
      greet: () => this.#greet(),
      heed: (reply) => this.#do(this.#stay.heed(reply)),
      lost: () => this.#handleSignalLost(),
      gone: () => this.#end("lost", new VisavisError("lost", "the server cannot be reached")),
    });
  }

  /** The first words on a socket: a new stay, or the one that goes on. @returns {Promise<Request>} */
  async #greet(proof = /** @type {string | null} */ (null)) {
    const leg = this.#leg;
    const { token } = this.#stay;
    if (token !== null) {
      const offer = leg?.wantsOffer ? { offer: await leg.offer() } : {};
      return { type: "resume", token, ...offer };
    }
    const wish = this.#wish ?? { adult: false };
    const { mode = "video", adult, interests = [], languages = [] } = wish;
    const offer = leg ? { offer: await leg.offer() } : {};
    const access = await accessToken(wish);
    const proved = proof === null ? {} : { proof };
    const known = { ...knownDevice(), ...knownAgeCheck(), ...access, ...proved };
    return { type: "join", mode, adult, interests, languages, ...known, ...offer };
  }

  async #greetAgain() {
    clearTimeout(this.#later);
    this.#stay.forget();
    this.#refresh();
    this.#signal?.ask(await this.#greet());
  }

  /** @param {Challenge} challenge */
  async #prove(challenge) {
    this.#challenge = challenge;
    try {
      const proof = await prove(challenge, this.#wish ?? { adult: false });
      // A new socket brings a challenge of its own.
      if (challenge === this.#challenge) this.#signal?.ask(await this.#greet(proof));
    } catch {
      const message = "the server's challenge was not answered";
      if (challenge === this.#challenge) this.#end("refused", new VisavisError("challenge_failed", message));
    }
  }

  /** @param {Request} request */
  #send(request) {
    return this.#signal?.send(request) ?? false;
  }

  /** @param {"next" | "stop"} type */
  #ask(type) {
    if (this.#signal) this.#do(this.#stay.ask(type));
  }

  /** @param {boolean} active */
  #tellTyping(active) {
    if (!active) clearTimeout(this.#pause);
    if (active === this.#typing) return;
    this.#typing = active;
    this.#send({ type: "typing", active });
  }

  #handleSignalLost() {
    this.#challenge = null;
    this.#signalLost = true;
    this.#refresh();
  }

  /** After a change of networks the old socket looks open for minutes. @param {Signal} signal */
  #watchNetwork(signal) {
    this.#network = new AbortController();
    const until = { signal: this.#network.signal };
    globalThis.addEventListener?.("offline", () => this.#handleSignalLost(), until);
    globalThis.addEventListener?.("online", () => signal.redial(), until);
  }

  /** @param {Deed[]} deeds */
  #do(deeds) {
    this.#refresh();
    for (const deed of deeds) this.#doOne(deed);
  }

  /** @param {Deed} deed */
  #doOne(deed) {
    switch (deed.do) {
      case "tell":
        return this.#emit(deed.name, deed.detail);
      case "send":
        return void this.#signal?.ask(deed.request);
      case "sendLater":
        clearTimeout(this.#later);
        this.#later = setTimeout(() => this.#signal?.ask(deed.request), deed.afterMs);
        return;
      case "remember":
        return rememberDevice(deed.device);
      case "rememberCheck":
        return rememberAgeCheck(deed.check);
      case "settle":
        return this.#handleWelcome(deed.graceMs);
      case "answer":
        return void this.#leg?.answer(deed.sdp).catch((cause) => this.#end("refused", cause));
      case "restart":
        return void this.#askForPath();
      case "restartLater":
        this.#leg?.forgetOffer();
        clearTimeout(this.#repath);
        this.#repath = setTimeout(() => this.#stay.isSilent && this.#askForPath(), deed.afterMs);
        return;
      case "probe":
        return void this.#leg?.probe().catch(() => {});
      case "prove":
        return void this.#prove(deed.challenge);
      case "joinAnew":
        this.#beginAnew();
        return void this.#greetAgain();
      case "moveOn":
        this.#beginAnew();
        return this.#signal?.moveOn();
      case "comeBack":
        clearTimeout(this.#later);
        this.#later = setTimeout(() => this.#greetAgain(), deed.afterMs);
        return;
      case "end":
        return this.#end(deed.reason, new VisavisError(deed.code, deed.message));
    }
  }

  /** @param {number} graceMs */
  #handleWelcome(graceMs) {
    this.#signal?.settle(graceMs);
    this.#signalLost = false;
    this.#refresh();
    this.#door?.resolve();
    this.#door = null;
  }

  // Media.

  /** @param {MediaStream} [stream] */
  async #openLeg(stream) {
    const signal = this.#signal;
    try {
      const opened = stream ?? (await openMedia());
      if (signal === this.#signal) {
        this.#stream = opened;
        // Who was muted in an earlier stay still is. What the page has muted itself stays so.
        for (const track of opened.getTracks()) {
          if (this.#muted[/** @type {Kind} */ (track.kind)]) track.enabled = false;
        }
        this.#leg = this.#makeLeg(opened);
      } else if (!stream) {
        for (const track of opened.getTracks()) track.stop();
      }
    } catch (cause) {
      this.#end("refused", new VisavisError("no_media", "the camera was not given"));
      throw cause;
    }
  }

  /** @param {MediaStream} stream */
  #makeLeg(stream) {
    return new Leg(stream, {
      track: (track) => this.remote.addTrack(track),
      health: (health) => this.#handleHealth(health),
      servers: () => this.#iceServers.list(this.#wish ?? { adult: false }),
    });
  }

  /** @param {"well" | "ailing"} health */
  #handleHealth(health) {
    this.#legLost = health === "ailing";
    this.#refresh();
    // What broke the path has broken the socket too, if it was a change of networks: a new one
    // goes on with the stay and brings the offer for a new path.
    if (health === "ailing") this.#signal?.redial();
  }

  /** The server hears nothing of the leg, and this socket still works. */
  async #askForPath() {
    const leg = this.#leg;
    if (leg && !leg.isAsking) this.#signal?.ask({ type: "offer", sdp: await leg.offer() });
  }

  #closeLeg() {
    this.#leg?.close();
    this.#leg = null;
    this.#legLost = false;
    for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
  }

  /** The server knows the stay no more: a new one begins, with a connection of its own. */
  #beginAnew() {
    clearTimeout(this.#later);
    clearTimeout(this.#repath);
    this.#closeLeg();
    this.#signalLost = false;
    this.#stay.forget();
    if (this.#stream) this.#leg = this.#makeLeg(this.#stream);
    this.#refresh();
  }

  /** @param {MediaStreamTrack} track */
  async #swap(track) {
    const stream = this.#stream;
    if (!stream) return track.stop();
    await this.#leg?.replace(track);
    for (const old of stream.getTracks()) {
      if (old.kind !== track.kind) continue;
      stream.removeTrack(old);
      old.stop();
    }
    stream.addTrack(track);
    this.#applyMutes();
  }

  #applyMutes() {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.enabled = !this.#muted[/** @type {Kind} */ (track.kind)];
    }
  }

  // The page.

  /**
   * @param {ByeReason | "lost" | "refused"} reason
   * @param {Error} error for a `connect` that still waits
   */
  #end(reason, error) {
    if (!this.#signal) return;
    this.#network.abort();
    clearTimeout(this.#later);
    clearTimeout(this.#repath);
    clearTimeout(this.#pause);
    this.#signal.close();
    this.#signal = null;
    this.#challenge = null;
    if (reason === "refused") rememberAgeCheck(null);
    this.#signalLost = false;
    this.#closeLeg();
    if (!this.#wish?.stream) for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#stay.forget();
    this.#stay.told = ["left", "refused", "moved"].includes(reason) ? "idle" : "lost";
    this.#refresh();
    this.#door?.reject(error);
    this.#door = null;
    this.#emit("ended", { reason, judgement: this.#stay.judgement });
  }

  #refresh() {
    const { told } = this.#stay;
    const lost = (this.#signalLost || this.#legLost) && told !== "idle";
    const state = lost ? "lost" : told;
    if (state !== "matched") {
      clearTimeout(this.#pause);
      this.#typing = false;
    }
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#emit("state", { state, previous });
  }

  /** @param {string} name @param {unknown} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function defaultUrl() {
  const url = new URL("/v1/signal", globalThis.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
