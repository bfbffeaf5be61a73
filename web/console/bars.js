// @ts-check
/** A plot of stacked bars, one for each day, drawn as SVG. */

import { drawSvg } from "./draw.js";

/** @typedef {{ day: string, parts: number[] }} Bar */

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 40;
const BOTTOM = 24;
const TOP = 8;

/**
 * @param {Bar[]} bars each with as many parts, from the bottom up
 * @param {string} title for those who do not see it
 * @param {(day: string, part: number, count: number) => string} describe what a part says when it is pointed at
 */
export function drawBars(bars, title, describe) {
  const most = niceCeiling(Math.max(1, ...bars.map(({ parts }) => sum(parts))));
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const thick = Math.max(1, Math.min(28, step * 0.72));
  const height = (/** @type {number} */ count) => ((HEIGHT - TOP - BOTTOM) * count) / most;
  const drawn = bars.flatMap(({ day, parts }, index) => {
    let y = HEIGHT - BOTTOM;
    return parts.map((count, part) => {
      y -= height(count);
      const x = LEFT + index * step + (step - thick) / 2;
      const place = { x: round(x), y: round(y), width: round(thick), height: round(height(count)) };
      return drawSvg("rect", { ...place, class: `part part-${part}` }, drawSvg("title", {}, describe(day, part, count)));
    });
  });
  const lines = [0, most / 2, most].flatMap((count) => {
    const y = round(HEIGHT - BOTTOM - height(count));
    return [
      drawSvg("line", { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: "rule" }),
      drawSvg("text", { x: LEFT - 8, y: y + 4, class: "scale" }, Number.isInteger(count) ? count : ""),
    ];
  });
  const days = [0, Math.floor((bars.length - 1) / 2), bars.length - 1].map((index, place) =>
    drawSvg(
      "text",
      { x: round(LEFT + (index + 0.5) * step), y: HEIGHT - 6, class: `day day-${place}` },
      bars[index]?.day.slice(5) ?? "",
    ),
  );
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  return drawSvg("svg", { viewBox, role: "img", "aria-label": title, class: "bars" }, lines, drawn, days);
}

/** The first of 1, 2, 5, 10, 20, 50 and so on that is no less. @param {number} count */
export function niceCeiling(count) {
  for (let size = 1; ; size *= 10) {
    for (const factor of [1, 2, 5]) if (size * factor >= count) return size * factor;
  }
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** @param {number} number */
const round = (number) => Math.round(number * 10) / 10;
