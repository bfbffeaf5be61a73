// @ts-check
/** A whole page on the built-in matchmaker: the door, the talk, and what the rules have to say. */

import { Face, Visavis, VisavisError } from "@visavis/client";

/** @param {string} id @returns {any} the element; any, to keep an example short */
const it = (id) => document.getElementById(id);

const { url } = await (await fetch("settings.json")).json();
const visavis = new Visavis({ url });

// Covers the last partner's picture at once and uncovers the next one's first.
new Face(it("partner"), it("listener"), it("cover")).follow(visavis);

// The door.

it("door").onsubmit = async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const interests = it("door").interests.value.split(",").map((/** @type {string} */ word) => word.trim()).filter(Boolean);
  enter(true);
  try {
    await visavis.connect({ adult: true, interests });
    it("own").srcObject = visavis.local;
  } catch (cause) {
    // Not let in (VisavisError, with a stable code), or no camera (DOMException).
    const why = cause instanceof VisavisError ? cause.message : "The browser gave no camera or microphone.";
    if (!(cause instanceof VisavisError) || !["left", "ended"].includes(cause.code)) say(why);
  }
};

/** @param {boolean} inside */
function enter(inside) {
  it("door").hidden = inside;
  it("talk").hidden = it("own").hidden = !inside;
  it("notice").hidden = true;
}

/** Something that must not be overlooked. @param {string} text empty for nothing any more */
function say(text) {
  it("notice").textContent = text;
  it("notice").hidden = !text;
}

// Where the stay is.

const STATES = {
  idle: "You are not looking. Next looks again.",
  connecting: "Connecting ...",
  looking: "Looking for somebody ...",
  matched: "You are talking to a stranger.",
  left: "They are gone. Looking again in a moment.",
  lost: "The connection is lost. Trying again ...",
  full: "Everything is full. You come in as soon as there is room.",
};

visavis.addEventListener("state", ({ detail: { state } }) => {
  it("status").textContent = STATES[state];
  it("text").disabled = state !== "matched";
  if (state !== "matched") it("typing").textContent = "\u00a0";
});
visavis.addEventListener("screening", ({ detail: { state } }) => {
  if (state !== "passed") it("status").textContent = "One look at your picture, then you meet somebody.";
});
visavis.addEventListener("online", ({ detail }) => (it("online").textContent = `${detail.online} online`));
visavis.addEventListener("matched", ({ detail }) => {
  it("log").replaceChildren();
  if (detail.interests.length > 0) note("note", `You both like ${detail.interests.join(", ")}.`);
});
visavis.addEventListener("ended", ({ detail: { reason, judgement } }) => {
  it("own").srcObject = null;
  enter(false);
  it("status").textContent = reason === "left" ? "Come back whenever you like." : "The conversation is over.";
  if (judgement) {
    const minutes = Math.ceil(judgement.retryAfterMs / 60_000);
    say(`Against the rules: ${judgement.label}. Come back in ${minutes} minutes. ${appeal(judgement.caseCode)}`);
  } else if (reason === "lost") {
    say("The server cannot be reached.");
  }
});

// What the rules have to say.

visavis.addEventListener("warned", ({ detail }) => say(`Please stop this, or you have to leave: ${detail.label}`));
visavis.addEventListener("blocked", ({ detail: { whose, blocked, label, caseCode } }) => {
  if (whose === "partner") note("note", blocked ? "Their picture is stopped." : "Their picture is back.");
  else say(blocked ? `Nobody sees you now: ${label}. ${appeal(caseCode)}` : "");
});
visavis.addEventListener("refused", ({ detail }) => note("note", detail.message));
visavis.addEventListener("reported", () => note("note", "Thank you. You will not meet them again."));

/** @param {string | null} code */
function appeal(code) {
  return code ? `If this is a mistake, ask for another look at ${new URL("/appeal", url.replace(/^ws/, "http"))} with ${code}.` : "";
}

// Buttons.

it("next").onclick = () => visavis.next();
it("stop").onclick = () => visavis.stop();
it("leave").onclick = () => visavis.leave();
it("report").onchange = () => {
  if (it("report").value) visavis.report(it("report").value);
  it("report").value = "";
};
for (const [id, kind] of /** @type {const} */ ([["sound", "audio"], ["picture", "video"]])) {
  it(id).onclick = () => {
    if (visavis.isMuted(kind)) visavis.unmute(kind);
    else visavis.mute(kind);
    it(id).ariaPressed = String(visavis.isMuted(kind));
  };
}
addEventListener("pagehide", () => visavis.leave());

// The chat.

visavis.addEventListener("chat", ({ detail }) => note("theirs", detail.text));
visavis.addEventListener("typing", ({ detail }) => (it("typing").textContent = detail.active ? "typing ..." : "\u00a0"));
it("text").oninput = () => visavis.typing();
it("chat").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const text = it("text").value.trim();
  if (!text || !visavis.say(text)) return;
  note("mine", text);
  it("text").value = "";
};

/** @param {"mine" | "theirs" | "note"} kind @param {string} text never HTML: a stranger wrote it */
function note(kind, text) {
  const line = Object.assign(document.createElement("p"), { className: kind, textContent: text });
  it("log").append(line);
  line.scrollIntoView({ block: "nearest" });
}
