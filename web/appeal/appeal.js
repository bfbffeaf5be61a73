// @ts-check
/** The page on which a visitor asks how their case stands, and once for another look. */

import { appealEn } from "../i18n/appeal-en.js";
import { appealFr } from "../i18n/appeal-fr.js";
import { find } from "../page/find.js";
import { Tongue } from "../page/tongue.js";

/**
 * @typedef {object} News
 * @property {string} status
 * @property {string | null} action
 * @property {boolean} automated
 * @property {number | null} decided_ms
 * @property {boolean} appealed
 */

const tongue = new Tongue({ en: appealEn, fr: appealFr });
const code = find("code", HTMLInputElement);
const text = find("text", HTMLTextAreaElement);
const trouble = find("trouble", HTMLElement);
const stands = find("stands", HTMLElement);
const asking = find("ask", HTMLFormElement);
/** @type {News | null} */
let news = null;
/** What went wrong last. @type {string | null} */
let wrong = null;

/** @param {string} path @param {object} [body] @returns {Promise<News | null>} */
async function request(path, body) {
  /** @type {RequestInit} */
  const how = { cache: "no-store" };
  if (body) {
    Object.assign(how, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  }
  wrong = null;
  try {
    const response = await fetch(path, how);
    if (response.status === 202) return null;
    const said = await response.json();
    if (response.ok) return said;
    wrong = String(said.code);
  } catch {
    wrong = "unreachable";
  }
  return null;
}

async function look() {
  news = await request(`/v1/appeals/${encodeURIComponent(code.value.trim())}`);
  show();
}

async function ask() {
  await request("/v1/appeals", { code: code.value.trim(), text: text.value.trim() });
  if (wrong) return show();
  text.value = "";
  await look();
}

function show() {
  const { words } = tongue;
  document.title = `visavis: ${words.title}`;
  trouble.hidden = wrong === null;
  trouble.textContent = wrong === null ? "" : words.problem(wrong);
  stands.hidden = news === null;
  asking.hidden = news === null || news.appealed;
  if (!news) return;
  const lines = [words.done(news.action), words.by(news.automated), words.status(news.status, news.appealed)];
  stands.replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })),
  );
}

find("find", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void look();
});
asking.addEventListener("submit", (event) => {
  event.preventDefault();
  void ask();
});

const language = find("page-language", HTMLSelectElement);
language.value = tongue.language;
language.addEventListener("change", () => tongue.change(language.value));
tongue.addEventListener("change", show);
tongue.apply();
// From `#CODE`, which no browser sends to a server.
code.value = decodeURIComponent(location.hash.slice(1));
show();
if (code.value) void look();
