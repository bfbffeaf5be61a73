// @ts-check
/** An RTCPeerConnection without a network: it keeps the rules of offers and answers. */

export class ConnectionDouble {
  /** @type {ConnectionDouble[]} */
  static all = [];

  signalingState = "stable";
  connectionState = "new";
  /** @type {{ type: string, sdp: string } | null} */
  localDescription = null;
  /** @type {{ type: string, sdp: string } | null} */
  currentRemoteDescription = null;
  /** @type {(() => void) | null} */
  onconnectionstatechange = null;
  /** @type {((event: { track: object }) => void) | null} */
  ontrack = null;
  closed = false;
  /** What the path can take, as Chromium would tell. @type {number | undefined} */
  estimateBps = 300_000;
  /** How often `maxBitrate` was set, and to what. @type {number[]} */
  bitrates = [];
  /** @type {string[]} */
  kinds = [];
  /** @type {object[]} */
  replaced = [];
  /** @type {{ iceServers?: object[] } | null} */
  configuration = null;
  #offers = 0;

  constructor() {
    ConnectionDouble.all.push(this);
  }

  /** @param {{ iceServers?: object[] }} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }

  async getStats() {
    const pair = { type: "candidate-pair", nominated: true, availableOutgoingBitrate: this.estimateBps };
    return new Map([["pair", pair]]);
  }

  /** @param {string | { kind: string }} track */
  addTransceiver(track) {
    this.kinds.push(typeof track === "string" ? track : track.kind);
    const encodings = [{ maxBitrate: 0 }];
    return {
      sender: {
        getParameters: () => ({ encodings }),
        setParameters: async () => void this.bitrates.push(encodings[0]?.maxBitrate ?? 0),
        replaceTrack: async (/** @type {object} */ other) => void this.replaced.push(other),
      },
    };
  }

  /** @param {{ iceRestart?: boolean }} [options] */
  async createOffer({ iceRestart = false } = {}) {
    this.#offers += 1;
    const candidate = "a=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n";
    const sdp = `v=0\r\nc=IN IP4 192.0.2.7\r\na=offer:${this.#offers}${iceRestart ? " restart" : ""}\r\n`;
    return { type: "offer", sdp: sdp + candidate };
  }

  /** @param {{ type: string, sdp?: string }} description */
  async setLocalDescription({ type, sdp = "" }) {
    if (type === "rollback") {
      this.signalingState = "stable";
      return;
    }
    if (this.signalingState !== "stable") throw new Error("an offer is already out");
    this.localDescription = { type, sdp };
    this.signalingState = "have-local-offer";
  }

  /** @param {{ type: string, sdp: string }} description */
  async setRemoteDescription(description) {
    if (this.signalingState !== "have-local-offer") throw new Error("no offer is out");
    this.currentRemoteDescription = description;
    this.signalingState = "stable";
    this.ontrack?.({ track: { kind: "audio" } });
    this.ontrack?.({ track: { kind: "video" } });
  }

  close() {
    this.closed = true;
  }

  // The network's end.

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

/** The connection that was made last. */
export function lastConnection() {
  const connection = ConnectionDouble.all.at(-1);
  if (!connection) throw new Error("no connection was made");
  return connection;
}

export class TrackDouble {
  enabled = true;
  stopped = false;

  /** @param {"audio" | "video"} kind */
  constructor(kind) {
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }
}

export class StreamDouble {
  /** @type {TrackDouble[]} */
  tracks;

  /** @param {TrackDouble[]} [tracks] */
  constructor(tracks = []) {
    this.tracks = tracks;
  }

  getTracks() {
    return [...this.tracks];
  }

  getAudioTracks() {
    return this.tracks.filter((track) => track.kind === "audio");
  }

  getVideoTracks() {
    return this.tracks.filter((track) => track.kind === "video");
  }

  /** @param {TrackDouble} track */
  addTrack(track) {
    this.tracks.push(track);
  }

  /** @param {TrackDouble} track */
  removeTrack(track) {
    this.tracks = this.tracks.filter((other) => other !== track);
  }
}
