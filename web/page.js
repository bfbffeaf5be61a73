// @ts-check
/** The demo page: the door, the talk behind it, and what both share. */

import { Visavis, VisavisError } from "./client/visavis.js";
import { Door } from "./page/door.js";
import { en } from "./i18n/en.js";
import { fr } from "./i18n/fr.js";
import { find } from "./page/find.js";
import { Talk } from "./page/talk.js";
import { Tongue } from "./page/tongue.js";

/** @import { Wish } from "./client/visavis.js" */

/** How often the door asks how many are online; within a stay the server tells by itself. */
const ONLINE_EVERY_MS = 10_000;

const tongue = new Tongue({ en, fr });
const visavis = new Visavis();
const talk = new Talk(visavis, tongue);
const door = new Door(tongue, enter);
const online = find("online", HTMLElement);
/** What the visitor came in with, until they leave. @type {Wish | null} */
let inside = null;

/** @param {Wish} wanted */
async function enter(wanted) {
  const wish = { ...wanted, ...broughtToken() };
  inside = wish;
  door.close();
  talk.open(wish);
  try {
    await visavis.connect(wish);
  } catch (cause) {
    // A server that cannot be reached is told on the second screen; a refusal takes one back.
    const code = cause instanceof VisavisError ? cause.code : "";
    if (code !== "left" && code !== "lost") goOut(code);
  }
}

/** From `#token=`, which no browser sends to a server and no server writes down. */
function broughtToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  return token === null ? {} : { token };
}

/** Back to the door, with the camera off. @param {string | null} code why, unless by wish */
function goOut(code) {
  for (const track of inside?.stream?.getTracks() ?? []) track.stop();
  inside = null;
  talk.close();
  door.open(code);
}

/** @param {number} count */
function showOnline(count) {
  online.textContent = String(count);
  find("online-word", HTMLElement).textContent = tongue.words.online(count);
}

async function askOnline() {
  if (inside || document.hidden) return;
  try {
    const answer = await fetch("/v1/online");
    const count = (await answer.json()).online;
    if (Number.isInteger(count)) showOnline(count);
  } catch {
    // Only a number on the wall: the next try may have it.
  }
}

visavis.addEventListener("online", ({ detail }) => showOnline(detail.online));
visavis.addEventListener("ended", ({ detail }) => {
  if (detail.reason === "left") goOut(null);
  if (detail.reason === "refused") goOut("");
});
// The partner is told at once instead of after the grace for lost connections.
addEventListener("pagehide", () => inside && visavis.leave());

const language = find("page-language", HTMLSelectElement);
language.value = tongue.language;
language.addEventListener("change", () => tongue.change(language.value));
tongue.addEventListener("change", () => showOnline(Number(online.textContent)));
tongue.apply();

setInterval(askOnline, ONLINE_EVERY_MS);
document.addEventListener("visibilitychange", askOnline);
void askOnline();
