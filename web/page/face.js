// @ts-check
/**
 * The stranger's picture: covered the moment a match ends, shown with the first frame of the next.
 */

/**
 * Where the first picture's timestamp is not known (the message was lost with its socket, or the
 * browser does not tell those of frames): what the last match had on its way has arrived by then.
 */
const STRAGGLERS_MS = 500;

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
  /** Counts matches, so that a frame awaited for one does not show the next. */
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLAudioElement} listener muted
   * @param {HTMLElement} cover lies over the video unless hidden
   */
  constructor(video, listener, cover) {
    this.#video = video;
    this.#listener = listener;
    this.#cover = cover;
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
  }

  /** Nothing of the match that ends here is to be seen or heard any longer, not even underneath. */
  hide() {
    this.#turn += 1;
    this.#cover.hidden = false;
    this.#video.srcObject = null;
  }

  /** A match begins: shows its first picture as soon as it is there. @param {() => void} shown */
  expect(shown) {
    this.hide();
    this.#matchedAt = performance.now();
    this.#first = null;
    this.#video.srcObject = this.#stream;
    this.#await(this.#turn, shown);
  }

  /** From this RTP timestamp on, pictures are of this match. @param {number} timestamp */
  recognise(timestamp) {
    this.#first = timestamp;
  }

  /** @param {number} turn @param {() => void} shown */
  #await(turn, shown) {
    this.#video.requestVideoFrameCallback((now, frame) => {
      if (turn !== this.#turn) return;
      if (!this.#isNew(frame, now)) return this.#await(turn, shown);
      this.#cover.hidden = true;
      shown();
    });
  }

  /**
   * Frames of the last match may still be in the jitter buffer, or on their way here, long after
   * `matched` has come by another way.
   * @param {VideoFrameCallbackMetadata} frame
   * @param {number} now
   */
  #isNew({ rtpTimestamp, receiveTime }, now) {
    if (this.#first !== null && rtpTimestamp !== undefined) {
      // Timestamps go round at 2^32: what is ahead by less than half of it is later.
      return ((rtpTimestamp - this.#first) | 0) >= 0;
    }
    return (receiveTime ?? now) >= this.#matchedAt + STRAGGLERS_MS;
  }
}
