// @ts-check
/**
 * The one `RTCPeerConnection` of a stay: made at the door, kept across matches.
 */

/** Video needs no more for a face; see `probe` for the other use of this number. */
const MAX_BITRATE_BPS = 2_500_000;

/** Below the usual estimate, and back at once: the picture never gets to feel it. */
const PROBE_FLOOR_BPS = 1_000_000;

/** A network that hiccups is not a network that is gone. */
const HICCUP_MS = 2_000;

/** An offer without an answer for so long was refused or lost. */
const ANSWER_MS = 5_000;

/**
 * @typedef {object} LegEars
 * @property {(track: MediaStreamTrack) => void} track a track that will carry the partners
 * @property {(state: "well" | "ailing") => void} health whether media can pass
 * @property {() => void} restart the path is broken and wants a new offer
 */

export class Leg {
  /** @type {RTCPeerConnection} */
  connection;
  /** @type {LegEars} */
  #ears;
  /** @type {Record<"audio" | "video", RTCRtpSender>} */
  #senders;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiccup;
  /** When the offer left whose answer has not come, on the clock of `Date.now`. */
  #askedAt = -Infinity;

  /**
   * @param {MediaStream} stream
   * @param {LegEars} ears
   */
  constructor(stream, ears) {
    this.#ears = ears;
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const [audio] = stream.getAudioTracks();
    const [video] = stream.getVideoTracks();
    /** @type {RTCRtpTransceiverInit} */
    const both = { direction: "sendrecv", streams: [stream] };
    this.#senders = {
      audio: this.connection.addTransceiver(audio ?? "audio", both).sender,
      video: this.connection.addTransceiver(video ?? "video", {
        ...both,
        sendEncodings: [{ maxBitrate: MAX_BITRATE_BPS }],
      }).sender,
    };
    this.connection.ontrack = ({ track }) => ears.track(track);
    this.connection.onconnectionstatechange = () => this.#handleState();
  }

  /** Whether a new socket has to begin with an offer: no path, or an answer that never came. */
  get wantsOffer() {
    return this.#askedAt > -Infinity || this.connection.connectionState !== "connected";
  }

  /**
   * The offer to send now: the first one, or one with new ICE credentials. Gathers nothing: the
   * server is the passive end and learns the browser's address from its first packet.
   * @returns {Promise<string>} SDP without any address of this machine
   */
  async offer() {
    const { connection } = this;
    if (connection.signalingState === "have-local-offer") {
      if (!connection.currentRemoteDescription && connection.localDescription) {
        return withoutAddresses(connection.localDescription.sdp);
      }
      await connection.setLocalDescription({ type: "rollback" });
    }
    this.#askedAt = Date.now();
    const iceRestart = connection.currentRemoteDescription !== null;
    const offer = await connection.createOffer({ iceRestart });
    await connection.setLocalDescription(offer);
    return withoutAddresses(offer.sdp ?? "");
  }

  /** @param {string} sdp */
  async answer(sdp) {
    if (this.connection.signalingState !== "have-local-offer") return;
    await this.connection.setRemoteDescription({ type: "answer", sdp });
    this.#askedAt = -Infinity;
  }

  /** Asks for a new path, once, however many signs of trouble come together. */
  restart() {
    if (Date.now() - this.#askedAt > ANSWER_MS) this.#ears.restart();
  }

  /**
   * Sends another camera or microphone from now on, without renegotiation.
   * @param {MediaStreamTrack} track
   */
  async replace(track) {
    await this.#senders[/** @type {"audio" | "video"} */ (track.kind)].replaceTrack(track);
  }

  /**
   * A bad partner leaves a low estimate behind, and it takes 15 s to recover by itself. Lowering
   * and raising the allowance makes Chromium probe for more at once; Firefox does not mind.
   */
  async probe() {
    await this.#allow(PROBE_FLOOR_BPS);
    await this.#allow(MAX_BITRATE_BPS);
  }

  close() {
    clearTimeout(this.#hiccup);
    this.connection.ontrack = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** @param {number} maxBitrate in bits per second */
  async #allow(maxBitrate) {
    const parameters = this.#senders.video.getParameters();
    if (!parameters.encodings?.length) return;
    for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
    await this.#senders.video.setParameters(parameters);
  }

  #handleState() {
    clearTimeout(this.#hiccup);
    const state = this.connection.connectionState;
    if (state === "connected") this.#ears.health("well");
    if (state === "disconnected") this.#hiccup = setTimeout(() => this.#handleBreak(), HICCUP_MS);
    if (state === "failed") this.#handleBreak();
  }

  #handleBreak() {
    this.#ears.health("ailing");
    this.restart();
  }
}

/**
 * The same SDP without what tells where this machine is. @param {string} sdp
 */
export function withoutAddresses(sdp) {
  return sdp
    .replace(/^a=(candidate|end-of-candidates)\b.*\r?\n/gm, "")
    .replace(/^c=IN IP[46] \S+/gm, "c=IN IP4 0.0.0.0")
    .replace(/^a=rtcp:(\d+) IN IP[46] \S+/gm, "a=rtcp:$1 IN IP4 0.0.0.0");
}
