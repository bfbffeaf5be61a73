// @ts-check
/** A real Firefox with a camera of one colour. */

import puppeteer from "puppeteer-core";
import { cameraRgb } from "./camera.mjs";
import { instrument } from "./instruments.mjs";
import { Person } from "./person.mjs";

/** @import { Browser } from "puppeteer-core" */
/** @import { Colour } from "./camera.mjs" */

const PROGRAM = process.env.FIREFOX_BIN ?? "/usr/bin/firefox-esr";

/** @returns {Promise<Browser>} */
export function openFirefox() {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: PROGRAM,
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "media.autoplay.default": 0,
      "media.autoplay.blocking_policy": 0,
      "intl.accept_languages": "en-US",
    },
  });
}

/**
 * Somebody at the door of a server. The camera is a drawn one: Firefox's own fake camera changes
 * its colour all the time. The microphone is Firefox's fake one.
 * @param {Browser} browser
 * @param {string} url
 * @param {Colour} colour
 */
export async function arriveInFirefox(browser, url, colour) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.evaluateOnNewDocument(instrument);
  await page.evaluateOnNewDocument(drawCamera, cameraRgb(colour));
  await page.goto(url);
  return new Person(page);
}

/** Runs in the page. @param {number[]} rgb */
function drawCamera(rgb) {
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    const canvas = document.createElement("canvas");
    canvas.width = 320;
    canvas.height = 240;
    const brush = canvas.getContext("2d");
    let turn = 0;
    const draw = () => {
      if (!brush) return;
      brush.fillStyle = `rgb(${rgb.join(" ")})`;
      brush.fillRect(0, 0, canvas.width, canvas.height);
      // Texture, so that a picture costs about what a face does.
      for (let index = 0; index < 60; index += 1) {
        brush.fillStyle = index % 2 ? "rgb(255 255 255 / 12%)" : "rgb(0 0 0 / 12%)";
        brush.fillRect((index * 83 + turn) % canvas.width, (index * 47 + turn) % canvas.height, 30, 20);
      }
      turn += 1;
    };
    draw();
    setInterval(draw, 33);
    const [camera] = canvas.captureStream(30).getVideoTracks();
    const [real] = stream.getVideoTracks();
    if (camera && real) {
      stream.removeTrack(real);
      stream.addTrack(camera);
    }
    return stream;
  };
}
