// @ts-check
/** Ink that can be read: WCAG 2.2 AA asks for 4.5 to 1 for text and 3 to 1 for edges of fields. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const style = await readFile(new URL("../../style.css", import.meta.url), "utf8");
const [, day = "", night = ""] = style.split(":root {");

/** @param {string} palette @param {string} name */
function colour(palette, name) {
  const found = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(palette);
  assert.ok(found?.[1], `no colour --${name}`);
  return Number.parseInt(found[1], 16);
}

/** Relative luminance, WCAG 2.2. @param {number} rgb */
function luminance(rgb) {
  const [red = 0, green = 0, blue = 0] = [16, 8, 0].map((shift) => {
    const part = ((rgb >> shift) & 255) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {number} one @param {number} other */
function contrast(one, other) {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT = [
  ["ink", "paper"],
  ["ink", "sheet"],
  ["ink", "veil"],
  ["ink", "own"],
  ["ink", "heard"],
  ["soft", "paper"],
  ["soft", "sheet"],
  ["soft", "veil"],
  ["on-accent", "accent"],
  ["on-accent", "accent-strong"],
  ["warn", "paper"],
  ["warn", "sheet"],
];

for (const [name, palette] of [["day", day], ["night", night]]) {
  test(`text can be read by ${name}`, () => {
    for (const [ink = "", ground = ""] of TEXT) {
      const ratio = contrast(colour(palette ?? "", ink), colour(palette ?? "", ground));
      assert.ok(ratio >= 4.5, `${ink} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });

  test(`fields have an edge by ${name}`, () => {
    for (const ground of ["paper", "sheet"]) {
      const ratio = contrast(colour(palette ?? "", "edge"), colour(palette ?? "", ground));
      assert.ok(ratio >= 3, `edge on ${ground}: ${ratio.toFixed(2)}`);
    }
  });
}
