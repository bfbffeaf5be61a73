// @ts-check
/**
 * The one `RTCPeerConnection` of a stay: made at the door, kept across matches.
 */

/** One path for everything; it cannot be changed later. */
const BUNDLE_POLICY = "max-bundle";

/** Video needs no more for a face; see `probe` for the other use of this number. */
const MAX_BITRATE_BPS = 2_500_000;

/** An estimate above this shows a face well, and is left alone. */
const ENOUGH_BPS = 1_000_000;

/** So little, for so long, and Chromium takes the sender for one that has little to say. */
const PROBE_FLOOR_BPS = 40_000;
const PROBE_MS = 500;

/**
 * A network that hiccups is not a network that is gone. Browsers say `disconnected` after some 5 s
 * without an answer, and after 6 s the server tells the partner: there is no time to lose.
 */
const HICCUP_MS = 300;

/**
 * @typedef {object} LegEars
 * @property {(track: MediaStreamTrack) => void} track a track that will carry the partners
 * @property {(state: "well" | "ailing") => void} health whether media can pass; an ailing leg wants
 *   an offer for a new path
 * @property {() => Promise<RTCIceServer[]>} servers by which a way may be found, besides the direct one
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
  /** Ends the probe that is going on. @type {ReturnType<typeof setTimeout> | undefined} */
  #raise;
  /** An offer has left whose answer has not come. */
  #asked = false;

  /**
   * @param {MediaStream} stream
   * @param {LegEars} ears
   */
  constructor(stream, ears) {
    this.#ears = ears;
    this.connection = new RTCPeerConnection({ bundlePolicy: BUNDLE_POLICY });
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
    return this.#asked || this.connection.connectionState !== "connected";
  }

  /** Whether an offer has left whose answer has not come. */
  get isAsking() {
    return this.#asked;
  }

  /** The last offer was refused: no answer will come. */
  forgetOffer() {
    this.#asked = false;
  }

  /**
   * The offer to send now: the first one, or one with new ICE credentials. Waits for no candidate: the
   * server is the passive end and learns the browser's address, or that of a TURN server, from its checks.
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
    this.#asked = true;
    const iceServers = await this.#ears.servers();
    if (iceServers.length > 0) connection.setConfiguration({ bundlePolicy: BUNDLE_POLICY, iceServers });
    const iceRestart = connection.currentRemoteDescription !== null;
    const offer = await connection.createOffer({ iceRestart });
    await connection.setLocalDescription(offer);
    return withoutAddresses(offer.sdp ?? "");
  }

  /** @param {string} sdp */
  async answer(sdp) {
    if (this.connection.signalingState !== "have-local-offer") return;
    await this.connection.setRemoteDescription({ type: "answer", sdp });
    this.#asked = false;
  }

  /**
   * Sends another camera or microphone from now on, without renegotiation.
   * @param {MediaStreamTrack} track
   */
  async replace(track) {
    await this.#senders[/** @type {"audio" | "video"} */ (track.kind)].replaceTrack(track);
  }

  /**
   * A bad partner leaves a low estimate behind, and it takes 15 s to recover by itself. Chromium
   * probes for more when the allowance rises while it sends little: so the allowance is lowered for
   * a moment, where there is something to gain. Firefox tells no estimate and is left alone.
   */
  async probe() {
    const estimateBps = await this.#estimateBps();
    if (estimateBps === undefined || estimateBps > ENOUGH_BPS || this.#raise) return;
    await this.#allow(PROBE_FLOOR_BPS);
    this.#raise = setTimeout(() => {
      this.#raise = undefined;
      this.#allow(MAX_BITRATE_BPS).catch(() => {});
    }, PROBE_MS);
  }

  close() {
    clearTimeout(this.#hiccup);
    clearTimeout(this.#raise);
    this.connection.ontrack = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** What the browser believes the path to the partner can take. */
  async #estimateBps() {
    /** @type {number | undefined} */
    let estimate;
    for (const report of (await this.connection.getStats()).values()) {
      if (report.type === "candidate-pair" && report.nominated) estimate = report.availableOutgoingBitrate;
    }
    return estimate;
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
    if (state === "failed") this.#ears.health("ailing");
    if (state === "disconnected") {
      this.#hiccup = setTimeout(() => this.#ears.health("ailing"), HICCUP_MS);
    }
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
