// @ts-check
/** The moderators' console: signing in, finding the view that the address names, keys and language. */

import { deskEn } from "../i18n/desk-en.js";
import { deskFr } from "../i18n/desk-fr.js";
import { find } from "../page/find.js";
import { Tongue } from "../page/tongue.js";
import { BansView } from "./bans-view.js";
import { CaseView } from "./case-view.js";
import { Desk } from "./desk.js";
import { draw } from "./draw.js";
import { FiguresView } from "./figures-view.js";
import { QueueView } from "./queue-view.js";
import { RulesView } from "./rules-view.js";
import { Shortcuts } from "./shortcuts.js";
import { TrailView } from "./trail-view.js";

/** @import { Shortcut } from "./shortcuts.js" */

/**
 * @typedef {object} View
 * @property {HTMLElement} section
 * @property {(detail: string) => Promise<void>} show reads anew what it shows
 * @property {() => void} [hide]
 * @property {() => Shortcut[]} [shortcuts]
 */

const tongue = new Tongue({ en: deskEn, fr: deskFr });
const desk = new Desk(tongue, signOut);
const shortcuts = new Shortcuts(find("keys", HTMLElement));
const door = find("sign-in", HTMLFormElement);
const token = find("token", HTMLInputElement);

/** What there is, and who may see it; what is aside is reached from another.
    @type {{ name: string, action: string, view: View, isAside?: boolean }[]} */
const PLACES = [
  { name: "queue", action: "see_cases", view: new QueueView(desk) },
  { name: "case", action: "see_cases", view: new CaseView(desk), isAside: true },
  { name: "bans", action: "see_bans", view: new BansView(desk) },
  { name: "trail", action: "read_trail", view: new TrailView(desk) },
  { name: "figures", action: "see_figures", view: new FiguresView(desk) },
  { name: "rules", action: "reload_policy", view: new RulesView(desk) },
];

/** @type {View | null} */
let shown = null;

function places() {
  return PLACES.filter(({ action }) => desk.may(action));
}

/** What stands in the line at the top. */
const inLine = () => places().filter(({ isAside }) => !isAside);

/** The view that the address names; the first where it names none. */
async function follow() {
  if (!desk.me.name) return;
  const [name = "", detail = ""] = decodeURIComponent(location.hash.slice(1)).split("/", 2);
  const place = places().find((one) => one.name === name) ?? places()[0];
  if (!place) return;
  shown?.hide?.();
  shown = place.view;
  for (const { view } of PLACES) view.section.hidden = view !== shown;
  for (const link of find("places", HTMLElement).querySelectorAll("a")) {
    if (link.hash === `#${place.name === "case" ? "queue" : place.name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const { view } = place;
  await desk.try(() => view.show(detail));
  shortcuts.setHere(view.shortcuts?.() ?? []);
}

/** Everything that depends on who is there and on the language. */
function dress() {
  const { words } = tongue;
  document.title = words.title;
  const links = inLine().map(({ name }) => draw("a", { href: `#${name}` }, words.place(name)));
  find("places", HTMLElement).replaceChildren(...links);
  find("who", HTMLElement).textContent = desk.me.name;
  find("role", HTMLElement).textContent = desk.me.role ? words.role(desk.me.role) : "";
  const isIn = desk.me.name !== "";
  door.hidden = isIn;
  find("bar", HTMLElement).hidden = !isIn;
  find("keys-open", HTMLElement).hidden = !isIn;
  shortcuts.setAlways(isIn ? everywhere() : []);
}

/** @returns {Shortcut[]} */
function everywhere() {
  const { words } = tongue;
  const ways = inLine().map(({ name }, index) => ({
    key: String(index + 1),
    word: words.place(name),
    run: () => void (location.hash = `#${name}`),
  }));
  return [...ways, { key: "?", word: words.keys, run: openKeys }];
}

function openKeys() {
  find("keys-on", HTMLInputElement).checked = shortcuts.isOn;
  find("keys-dialog", HTMLDialogElement).showModal();
}

/** @param {string} secret */
async function signIn(secret) {
  const isIn = await desk.try(() => desk.signIn(secret));
  if (!isIn) return;
  token.value = "";
  desk.hush();
  dress();
  await follow();
}

function signOut() {
  shown?.hide?.();
  shown = null;
  for (const { view } of PLACES) view.section.hidden = true;
  desk.signOut();
  shortcuts.setHere([]);
  dress();
  token.focus();
}

door.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(token.value.trim());
});
find("sign-out", HTMLButtonElement).addEventListener("click", () => {
  desk.hush();
  signOut();
});
find("keys-open", HTMLButtonElement).addEventListener("click", openKeys);
find("keys-on", HTMLInputElement).addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) shortcuts.turn(target.checked);
});
addEventListener("hashchange", () => void follow());

const language = find("page-language", HTMLSelectElement);
language.value = tongue.language;
language.addEventListener("change", () => tongue.change(language.value));
tongue.addEventListener("change", () => {
  dress();
  void follow();
});
tongue.apply();
dress();
if (Desk.remembered()) void signIn(Desk.remembered());
else token.focus();
