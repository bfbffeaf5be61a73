// @ts-check
/** How sure somebody is of what: a bar for each label. */

import { draw } from "./draw.js";

/** @import { Scores } from "./desk-contract.js" */

/**
 * The highest scores, with a bar each.
 * @param {Scores} scores @param {(label: string) => string} name
 */
export function drawScores(scores, name) {
  const highest = Object.entries(scores)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 4);
  return draw(
    "ul",
    { class: "scores" },
    highest.map(([label, score]) =>
      draw(
        "li",
        {},
        draw("span", {}, name(label)),
        draw("meter", { min: 0, max: 1, value: score, "aria-label": name(label) }),
        draw("span", { class: "number" }, score.toFixed(2)),
      ),
    ),
  );
}
