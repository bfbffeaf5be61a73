// @ts-check
/** The pictures of a case: small, grey and blurred until somebody asks for more. */

import { find } from "../page/find.js";
import { Problem } from "./desk-client.js";
import { draw } from "./draw.js";
import { decodePicture } from "./keyframe.js";
import { describeMoment } from "./moments.js";
import { drawScores } from "./scores.js";

/** @import { Case, Evidence } from "./desk-contract.js" */
/** @import { Desk } from "./desk.js" */

/** How much of a picture is shown; each press goes one further, and then back to the first. */
const SIGHTS = /** @type {const} */ (["veiled", "grey", "plain"]);

/** @typedef {(typeof SIGHTS)[number]} Sight */

export class Pictures {
  #section = find("case-pictures", HTMLElement);
  #list = find("case-picture-list", HTMLElement);
  #desk;
  /** @type {Picture[]} */
  #pictures = [];

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /** @param {Case} it */
  show(it) {
    this.hide();
    this.#pictures = it.evidence.map((evidence, place) => {
      const name = this.#desk.words.pictureName(place + 1, it.evidence.length, evidence.whose);
      return new Picture(this.#desk, it.id, evidence, name);
    });
    this.#list.replaceChildren(...this.#pictures.map((picture) => picture.element));
    this.#section.hidden = this.#pictures.length === 0;
    // Each look at what may show a child is somebody's decision.
    if (it.class === "conduct") for (const picture of this.#pictures) picture.fetch();
  }

  /** Nothing of them is left on the page. */
  hide() {
    for (const picture of this.#pictures) picture.close();
    this.#pictures = [];
    this.#list.replaceChildren();
    this.#section.hidden = true;
  }

  shortcuts() {
    if (this.#pictures.length === 0) return [];
    return [{ key: "v", word: this.#desk.words.viewPictures, run: () => this.#next() }];
  }

  /** All of them go where the first one goes. */
  #next() {
    const sight = this.#pictures[0]?.nextSight ?? "veiled";
    for (const picture of this.#pictures) picture.turn(sight);
  }
}

class Picture {
  element;
  #desk;
  #path;
  #name;
  #button;
  #canvas = draw("canvas", { width: 160, height: 120 });
  #trouble = draw("span", { class: "picture-trouble", role: "status" });
  /** @type {Sight} */
  #sight = "veiled";
  /** Whether it was asked for; a picture is fetched once. */
  #isAsked = false;
  #isClosed = false;

  /** @param {Desk} desk @param {string} id of the case @param {Evidence} evidence @param {string} name */
  constructor(desk, id, { n, whose, taken_ms, scores }, name) {
    this.#desk = desk;
    this.#path = `cases/${id}/evidence/${n}`;
    this.#name = name;
    const press = () => this.turn(this.nextSight);
    this.#button = draw("button", { type: "button", class: "picture", click: press }, this.#canvas, this.#trouble);
    const { words, language } = desk;
    this.element = draw(
      "li",
      { "data-testid": "picture", "data-whose": whose },
      this.#button,
      draw("p", { class: "small" }, `${words.whose(whose)} · ${describeMoment(taken_ms, language)}`),
      Object.keys(scores).length > 0 && drawScores(scores, words.label),
    );
    this.#tell();
  }

  /** @returns {Sight} */
  get nextSight() {
    const place = SIGHTS.indexOf(this.#sight);
    return SIGHTS[(place + 1) % SIGHTS.length] ?? "veiled";
  }

  /** @param {Sight} sight */
  turn(sight) {
    this.#sight = sight;
    if (sight !== "veiled") this.fetch();
    this.#tell();
  }

  fetch() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    void this.#read();
  }

  close() {
    this.#isClosed = true;
    this.#canvas.width = 0;
  }

  async #read() {
    try {
      const bitmap = await decodePicture(await this.#desk.client.file(this.#path));
      if (!this.#isClosed) this.#paint(bitmap);
      bitmap.close();
    } catch (cause) {
      const { words } = this.#desk;
      this.#trouble.textContent =
        cause instanceof Problem ? words.problem(cause.code, cause.detail) : words.pictureShowsNothing;
    }
  }

  /** @param {ImageBitmap} bitmap */
  #paint(bitmap) {
    this.#canvas.width = bitmap.width;
    this.#canvas.height = bitmap.height;
    this.#canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    this.#button.dataset.painted = "";
  }

  #tell() {
    this.#button.dataset.sight = this.#sight;
    this.#button.setAttribute("aria-label", `${this.#name}. ${this.#desk.words.sight(this.#sight)}`);
  }
}
