// @ts-check
/**
 * The stranger's picture: covered the moment a match ends, shown with the first frame of the next.
 */

/** Frames of the last match that were still on their way have arrived after so long. */
const STRAGGLERS_MS = 300;

/** For browsers that do not tell when a frame was received: the most it stays in a jitter buffer. */
const BUFFERED_MS = 60;

export class Face {
  /** @type {HTMLVideoElement} */
  #video;
  /** @type {HTMLElement} */
  #cover;
  /** @type {MediaStream | null} */
  #stream = null;
  #hiddenAt = -Infinity;
  #matchedAt = 0;
  /** Counts matches, so that a frame awaited for one does not show the next. */
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLElement} cover lies over the video unless hidden
   */
  constructor(video, cover) {
    this.#video = video;
    this.#cover = cover;
  }

  /** Where the strangers' pictures will come from. @param {MediaStream} stream */
  watch(stream) {
    this.#stream = stream;
  }

  /** Nothing of the match that ends here is to be seen or heard any longer, not even underneath. */
  hide() {
    this.#turn += 1;
    if (this.#cover.hidden) this.#hiddenAt = performance.now();
    this.#cover.hidden = false;
    this.#video.srcObject = null;
  }

  /** A match begins: shows its first picture as soon as it is there. @param {() => void} shown */
  expect(shown) {
    this.hide();
    this.#matchedAt = performance.now();
    this.#video.srcObject = this.#stream;
    this.#await(this.#turn, shown);
  }

  /** @param {number} turn @param {() => void} shown */
  #await(turn, shown) {
    this.#video.requestVideoFrameCallback((now, frame) => {
      if (turn !== this.#turn) return;
      if (!this.#isNew(frame.receiveTime ?? now - BUFFERED_MS)) return this.#await(turn, shown);
      this.#cover.hidden = true;
      shown();
    });
  }

  /**
   * Right after a match the last one's frames may still be in the jitter buffer. The first frame
   * of a new match needs a round trip to the partner, so it is never here before `matched` is.
   * @param {number} receivedAt
   */
  #isNew(receivedAt) {
    return receivedAt >= Math.min(this.#matchedAt, this.#hiddenAt + STRAGGLERS_MS);
  }
}
