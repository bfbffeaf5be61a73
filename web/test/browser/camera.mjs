// @ts-check
/** Films for fake cameras: one colour each, with enough moving texture to cost real bandwidth. */

import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A quarter of what cameras give: three browsers have two cores, and no fast ones, to encode and decode. */
const SMALL = [320, 240];
const FRAMES = 30;

/** Brightness and chroma (Y, U, V) of what each camera sees: far apart, also after compression. */
const COLOURS = {
  red: [90, 100, 220],
  green: [120, 70, 60],
  blue: [70, 210, 100],
  yellow: [190, 40, 150],
};

/** @typedef {keyof typeof COLOURS} Colour */

/**
 * @param {Colour} colour
 * @param {number[]} [size] width and height in pixels
 * @returns {string} path of a y4m film, made on first use
 */
export function cameraFile(colour, size = SMALL) {
  const folder = join(tmpdir(), "visavis-cameras");
  const path = join(folder, `${colour}-${size.join("x")}.y4m`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFilm(draft, COLOURS[colour], size);
  renameSync(draft, path);
  return path;
}

/**
 * The camera that a picture comes from, or `dark`.
 * @param {number[]} rgb the picture's mean
 * @returns {Colour | "dark"}
 */
export function nearestColour(rgb) {
  /** @type {[Colour | "dark", number[]][]} */
  const known = [["dark", [0, 0, 0]]];
  for (const [name, yuv] of Object.entries(COLOURS)) known.push([/** @type {Colour} */ (name), toRgb(yuv)]);
  const distances = known.map(([name, other]) => {
    return { name, distance: Math.hypot(...other.map((value, index) => value - (rgb[index] ?? 0))) };
  });
  distances.sort((one, other) => one.distance - other.distance);
  return distances[0]?.name ?? "dark";
}

/** @param {Colour} colour @returns {number[]} red, green and blue, 0 to 255 */
export function cameraRgb(colour) {
  return toRgb(COLOURS[colour]).map((value) => Math.round(Math.min(255, Math.max(0, value))));
}

/** BT.601. @param {number[]} yuv */
function toRgb([y = 0, u = 0, v = 0]) {
  const [blue, red] = [u - 128, v - 128];
  return [y + 1.402 * red, y - 0.344 * blue - 0.714 * red, y + 1.772 * blue];
}

/** @param {string} path @param {number[]} yuv @param {number[]} size */
function writeFilm(path, [luma = 0, u = 0, v = 0], [width = 0, height = 0]) {
  const file = openSync(path, "w");
  writeSync(file, `YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420jpeg\n`);
  const [pixels, chroma] = [width * height, (width * height) / 4];
  const noise = makeNoise(luma * 1000 + u);
  for (let index = 0; index < FRAMES; index += 1) {
    const frame = Buffer.alloc(pixels + 2 * chroma);
    paintTexture(frame.subarray(0, pixels), width, [luma, index], noise);
    frame.fill(u, pixels, pixels + chroma);
    frame.fill(v, pixels + chroma);
    writeSync(file, "FRAME\n");
    writeSync(file, frame);
  }
  closeSync(file);
}

/**
 * A slowly drifting weave with grain, as a face before a wall has.
 * @param {Buffer} pixels @param {number} width @param {number[]} frame its brightness and its number
 * @param {() => number} noise
 */
function paintTexture(pixels, width, [luma = 0, index = 0], noise) {
  const drift = (2 * Math.PI * index) / FRAMES;
  for (let y = 0; y * width < pixels.length; y += 1) {
    const row = 12 * Math.sin(y / 23 + drift);
    for (let x = 0; x < width; x += 1) {
      pixels[y * width + x] = luma + row + 10 * Math.sin(x / 17 - drift) + noise();
    }
  }
}

/** Small numbers that look like chance and are the same every time. @param {number} seed */
function makeNoise(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) % 9) - 4;
  };
}
