// @ts-check
/** A real Chromium with a camera of one colour. */

import { chromium } from "playwright-core";
import { cameraFile } from "./camera.mjs";

/** @import { Browser } from "playwright-core" */
/** @import { Colour } from "./camera.mjs" */

const PROGRAM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  // Servers of these tests live on loopback, or on a second address of a namespace's loopback.
  "--allow-loopback-in-peer-connection",
];

/**
 * @param {Colour} colour what its camera sees
 * @returns {Promise<Browser>}
 */
export async function openChromium(colour) {
  return chromium.launch({
    executablePath: PROGRAM,
    ignoreDefaultArgs: ["--mute-audio", "--headless=old"],
    args: [...FLAGS, `--use-file-for-fake-video-capture=${cameraFile(colour)}`],
  });
}
