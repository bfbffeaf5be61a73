// @ts-check
/**
 * The stranger's picture: covered the moment a match ends, shown with the first frame of the next.
 */

/** @import { Visavis } from "./visavis.js" */

/**
 * Where the first picture's timestamp is not known (the message was lost with its socket, or the
 * browser does not tell those of frames): what the last match had on its way has arrived by then.
 */
const STRAGGLERS_MS = 500;

/**
 * A cover this old has the last picture taken away underneath. Not sooner: a new player costs tens
 * of milliseconds, which a Next that finds somebody at once need not pay.
 */
const EMPTY_AFTER_MS = 400;

/**
 * ```js
 * const face = new Face(video, audio, cover);
 * face.follow(visavis);
 * ```
 */
export class Face {
  /** @type {HTMLVideoElement} */
  #video;
  /** @type {HTMLAudioElement} */
  #listener;
  /** @type {HTMLElement} */
  #cover;
  /** @type {MediaStream | null} */
  #stream = null;
  #matchedAt = 0;
  /** RTP timestamp of the match's first picture, once known. @type {number | null} */
  #first = null;
  /** To be told of the match's first picture. @type {(() => void) | null} */
  #shown = null;
  /** The newest picture under the cover. @type {[now: number, frame: VideoFrameCallbackMetadata] | null} */
  #newest = null;
  /** Counts covers, so that a frame awaited under one does not lift the next. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #emptying;

  /**
   * @param {HTMLVideoElement} video with `autoplay` and `playsinline`; it is muted under the cover
   * @param {HTMLAudioElement} listener with `autoplay` and `muted`: it keeps the sound flowing between
   *   matches, and nobody hears it
   * @param {HTMLElement} cover lies over the video unless `hidden`
   */
  constructor(video, listener, cover) {
    this.#video = video;
    this.#listener = listener;
    this.#cover = cover;
  }

  /**
   * Shows whoever this stay brings, from now on. A page with wishes of its own calls the methods
   * below itself instead.
   * @param {Visavis} visavis
   */
  follow(visavis) {
    // Not before the stay begins: a page has not loaded while a video waits for its first picture.
    if (visavis.state !== "idle") this.watch(visavis.remote);
    visavis.addEventListener("state", ({ detail: { state } }) => {
      if (state === "connecting") this.watch(visavis.remote);
      // One that is lost may go on.
      else if (state !== "matched" && state !== "lost") this.hide();
    });
    visavis.addEventListener("matched", () => this.expect(() => {}));
    visavis.addEventListener("picture", ({ detail }) => this.recognise(detail.timestamp));
    visavis.addEventListener("ended", () => this.hide());
  }

  /**
   * Where the strangers will come from. A muted element goes on listening between matches: where
   * nobody does, Chromium's buffer fills up, throws packets away, and drags the picture along to
   * keep them together (a second, measured).
   * @param {MediaStream} stream
   */
  watch(stream) {
    this.#stream = stream;
    this.#listener.srcObject = stream;
    this.#renew();
  }

  /**
   * Nothing of the match that ends here is to be seen or heard any longer. The video waits for the
   * next at once, under the cover: its first picture may be here before the word of it.
   */
  hide() {
    this.#first = this.#newest = this.#shown = null;
    clearTimeout(this.#emptying);
    this.#emptying = setTimeout(() => !this.#shown && this.#renew(), EMPTY_AFTER_MS);
    if (this.#cover.hidden) this.#draw();
  }

  /** A match begins: shows its first picture as soon as it is there. @param {() => void} shown */
  expect(shown) {
    if (this.#cover.hidden) this.hide();
    this.#matchedAt = performance.now();
    this.#shown = shown;
    this.#video.muted = false;
    this.#look();
  }

  /** From this RTP timestamp on, pictures are of this match. @param {number} timestamp */
  recognise(timestamp) {
    this.#first = timestamp;
    this.#look();
  }

  /** Draws the cover over the video. */
  #draw() {
    this.#turn += 1;
    this.#cover.hidden = false;
    this.#video.muted = true;
    this.#await(this.#turn);
  }

  /** Empties the video under its cover. */
  #renew() {
    this.#video.srcObject = null;
    this.#video.srcObject = this.#stream;
    this.#draw();
  }

  /** @param {number} turn */
  #await(turn) {
    this.#video.requestVideoFrameCallback((now, frame) => {
      if (turn !== this.#turn) return;
      this.#newest = [now, frame];
      this.#look();
      if (!this.#cover.hidden) this.#await(turn);
    });
  }

  /** Lifts the cover from the first picture of this match. */
  #look() {
    if (!this.#shown || !this.#newest || !this.#isNew(...this.#newest)) return;
    const shown = this.#shown;
    this.#shown = null;
    clearTimeout(this.#emptying);
    this.#cover.hidden = true;
    shown();
  }

  /**
   * Frames of the last match may still be in the jitter buffer, or on their way here, long after
   * `matched` has come by another way.
   * @param {number} now
   * @param {VideoFrameCallbackMetadata} frame
   */
  #isNew(now, { rtpTimestamp, receiveTime }) {
    if (this.#first !== null && rtpTimestamp !== undefined) {
      // Timestamps go round at 2^32: what is ahead by less than half of it is later.
      return ((rtpTimestamp - this.#first) | 0) >= 0;
    }
    return (receiveTime ?? now) >= this.#matchedAt + STRAGGLERS_MS;
  }
}
