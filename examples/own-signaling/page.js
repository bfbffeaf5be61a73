// @ts-check
/** One connection for the whole visit; whom it shows is decided elsewhere. */

/** @param {string} id @returns {any} the element; any, to keep an example short */
const it = (id) => document.getElementById(id);

/** What ends the visit, while there is one. @type {(() => void) | null} */
let end = null;

/** Whether visavis has heard this connection. */
let isConnected = false;

it("door").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  show(true, "");
  void visit();
};
it("leave").onclick = () => leave("Come back whenever you like.");

async function visit() {
  end?.();
  end = null;
  cover("Connecting ...");
  try {
    await enter();
  } catch (cause) {
    leave(cause instanceof Error ? cause.message : String(cause));
  }
}

async function enter() {
  isConnected = false;
  // The operator's STUN and TURN servers, for whom the media port alone is not enough. By default there are none.
  const { ice_servers: iceServers = [] } = await (await fetch("ice-servers")).json();
  const own = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  const connection = new RTCPeerConnection({ iceServers });
  end = () => {
    connection.close();
    for (const track of own.getTracks()) track.stop();
  };
  it("own").srcObject = own;
  // Sound and picture, both sent and received. The strangers come on the same two tracks, one after the other.
  for (const track of own.getTracks()) connection.addTrack(track, own);
  const strangers = new MediaStream();
  it("partner").srcObject = it("listener").srcObject = strangers;
  connection.ontrack = ({ track }) => strangers.addTrack(track);
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "failed") leave("The connection is lost.");
  };

  // No waiting for candidates: visavis learns this browser's address from its first packet.
  await connection.setLocalDescription();
  const answer = await fetch("visitors", { method: "POST", body: connection.localDescription?.sdp ?? "" });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? said.code);
  await connection.setRemoteDescription({ type: "answer", sdp: said.answer });

  const events = new EventSource(`visitors/${said.id}/events`);
  events.onmessage = ({ data }) => hear(JSON.parse(data));
  // The backend has closed the leg by now.
  events.onerror = () => leave("The connection is lost.");
  it("next").onclick = () => {
    cover("Looking for somebody ...");
    void fetch(`visitors/${said.id}/next`, { method: "POST" });
  };
  const endMedia = end;
  end = () => {
    events.close();
    endMedia();
  };
}

/** @param {{ type: string, reason?: string, label?: string, case?: string, retry_after_ms?: number }} event */
function hear({ type, label, case: code, retry_after_ms = 0 }) {
  const appeal = code ? ` If this is a mistake, ask for another look with the code ${code}.` : "";
  isConnected ||= type === "connected";
  if (type === "connected") cover("One look at your picture, then you meet somebody.");
  if (type === "looking" || type === "parted") cover("Looking for somebody ...");
  if (type === "matched") uncover();
  if (type === "warned") say(`Please stop this, or you have to leave: ${label}.`);
  if (type === "blocked") say(`Nobody sees you now: ${label}.${appeal}`);
  if (type === "unblocked") say("");
  if (type === "ended") leave(`Against the rules: ${label}. Come back in ${Math.ceil(retry_after_ms / 60_000)} minutes.${appeal}`);
  // As when visavis is upgraded: whoever it had heard comes in again.
  if (type === "closed") void (isConnected ? visit() : leave("The connection is lost."));
}

/** Counts covers, so that a picture awaited under one does not lift the next. */
let turn = 0;

/** A video keeps its last picture: nobody is to be taken for somebody else. @param {string} status */
function cover(status) {
  turn += 1;
  it("cover").hidden = false;
  it("partner").muted = true;
  it("status").textContent = status;
}

/** Shows the stranger from the first picture that comes after the word of the match. */
function uncover() {
  const [mine, matchedAt] = [turn, performance.now()];
  /** @param {number} now @param {VideoFrameCallbackMetadata} frame */
  const look = (now, { receiveTime = now }) => {
    if (mine !== turn) return;
    if (receiveTime < matchedAt) return void it("partner").requestVideoFrameCallback(look);
    it("cover").hidden = true;
    it("partner").muted = false;
    it("status").textContent = "You see a stranger, and they see you.";
  };
  it("partner").requestVideoFrameCallback(look);
}

/** @param {string} text empty for nothing any more */
function say(text) {
  it("notice").textContent = text;
  it("notice").hidden = !text;
}

/** @param {string} why */
function leave(why) {
  // Of two reasons the first is told.
  if (it("talk").hidden) return;
  end?.();
  end = null;
  cover(why);
  show(false, why);
}

/** @param {boolean} inside @param {string} status */
function show(inside, status) {
  it("door").hidden = inside;
  it("talk").hidden = it("own").hidden = !inside;
  it("status").textContent = status;
  say("");
}
