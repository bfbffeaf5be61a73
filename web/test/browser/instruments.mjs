// @ts-check
/** What runs inside a page to see what its visitor sees; each function stands alone. */

/**
 * Runs before the page's own scripts: keeps connections and sockets, counts what is asked of
 * cameras, and remembers the colour of each stranger's picture at the moment it is uncovered.
 */
export function instrument() {
  /** @type {RTCPeerConnection[]} */
  const legs = [];
  /** @type {WebSocket[]} */
  const sockets = [];
  /** @type {{ colour: number[], at: number }[]} */
  const faces = [];
  const instruments = { legs, sockets, faces, asked: 0 };
  Object.assign(globalThis, { instruments });

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      legs.push(this);
    }
  };
  globalThis.WebSocket = class extends WebSocket {
    /** @param {string | URL} url */
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  };
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (constraints) => {
    instruments.asked += 1;
    return ask(constraints);
  };

  const brush = new OffscreenCanvas(16, 12).getContext("2d", { willReadFrequently: true });
  Object.assign(instruments, {
    look(selector = "[data-testid=remote-video]") {
      const video = document.querySelector(selector);
      if (!(video instanceof HTMLVideoElement) || !brush || video.videoWidth === 0) return [0, 0, 0];
      // A video without a frame draws nothing, and must not show what was drawn before.
      brush.clearRect(0, 0, 16, 12);
      brush.drawImage(video, 0, 0, 16, 12);
      const { data } = brush.getImageData(0, 0, 16, 12);
      const sums = [0, 0, 0];
      data.forEach((value, index) => {
        if (index % 4 < 3) sums[index % 4] = (sums[index % 4] ?? 0) + value;
      });
      return sums.map((sum) => Math.round(sum / (16 * 12)));
    },
  });
  document.addEventListener("DOMContentLoaded", () => {
    const cover = document.getElementById("cover");
    if (!cover) return;
    // The first frame may reach the screen a moment after the page was told of it.
    const glance = () => {
      if (!cover.hidden) return;
      const colour = /** @type {any} */ (instruments).look();
      if (Math.max(...colour) === 0) return requestAnimationFrame(glance);
      faces.push({ colour, at: performance.now() });
    };
    new MutationObserver(glance).observe(cover, { attributeFilter: ["hidden"] });
  });
}

/** What `getStats` says of the newest connection, in numbers to compare. */
export async function readStats() {
  const leg = /** @type {any} */ (globalThis).instruments.legs.at(-1);
  /** @type {any[]} */
  const reports = [...(await leg.getStats()).values()];
  /** @param {string} type @param {string} kind */
  const of = (type, kind) => reports.find((report) => report.type === type && report.kind === kind) ?? {};
  const [video, audio, out] = [of("inbound-rtp", "video"), of("inbound-rtp", "audio"), of("outbound-rtp", "video")];
  const pair = reports.find(({ type, state, nominated }) => {
    return type === "candidate-pair" && state === "succeeded" && nominated !== false;
  });
  const chosen = reports.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const own = reports.find(({ id }) => id === chosen)?.localCandidateId;
  const local = reports.find(({ id }) => id === own);
  return {
    video: {
      packets: Number(video.packetsReceived ?? 0),
      lost: Number(video.packetsLost ?? 0),
      discarded: Number(video.packetsDiscarded ?? 0),
      decoded: Number(video.framesDecoded ?? 0),
      dropped: Number(video.framesDropped ?? 0),
      freezes: Number(video.freezeCount ?? 0),
      nacks: Number(video.nackCount ?? 0),
      bufferedMs: (1000 * video.jitterBufferDelay) / video.jitterBufferEmittedCount,
    },
    audio: {
      packets: Number(audio.packetsReceived ?? 0),
      lost: Number(audio.packetsLost ?? 0),
      discarded: Number(audio.packetsDiscarded ?? 0),
      energy: Number(audio.totalAudioEnergy ?? 0),
    },
    sent: { codec: out.codecId, frames: Number(out.framesEncoded ?? 0), keyframes: Number(out.keyFramesEncoded ?? 0) },
    /** Chromium only. @type {number | null} */
    availableBps: pair?.availableOutgoingBitrate ?? null,
    /** By which way it sends, as "host udp"; Chromium only. @type {string | null} */
    way: local ? `${local.candidateType} ${local.protocol}` : null,
    legs: /** @type {any} */ (globalThis).instruments.legs.length,
  };
}
