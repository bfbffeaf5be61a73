// @ts-check
/** A pair of menus to choose camera and microphone from. */

import { listDevices } from "../client/devices.js";

/** @import { Choice } from "../client/devices.js" */
/** @import { Tongue } from "./tongue.js" */

export class DeviceMenu {
  #tongue;
  #camera;
  #microphone;

  /**
   * @param {Tongue} tongue
   * @param {HTMLSelectElement} camera
   * @param {HTMLSelectElement} microphone
   */
  constructor(tongue, camera, microphone) {
    this.#tongue = tongue;
    this.#camera = camera;
    this.#microphone = microphone;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.fill());
    tongue.addEventListener("change", () => this.fill());
  }

  /** What is chosen; nothing where the browser is to choose. @returns {Choice} */
  get choice() {
    return {
      ...(this.#camera.value && { camera: this.#camera.value }),
      ...(this.#microphone.value && { microphone: this.#microphone.value }),
    };
  }

  /** Lists what there is now, keeping what is chosen. @param {MediaStream | null} [inUse] */
  async fill(inUse = null) {
    const { cameras, microphones } = await listDevices();
    const { words } = this.#tongue;
    this.#fillOne(this.#camera, cameras, words.camera, inUse?.getVideoTracks()[0]);
    this.#fillOne(this.#microphone, microphones, words.microphone, inUse?.getAudioTracks()[0]);
  }

  /** @param {(kind: "camera" | "microphone", deviceId: string) => void} listener */
  onChange(listener) {
    this.#camera.addEventListener("change", () => listener("camera", this.#camera.value));
    this.#microphone.addEventListener("change", () => listener("microphone", this.#microphone.value));
  }

  /**
   * @param {HTMLSelectElement} menu
   * @param {MediaDeviceInfo[]} devices
   * @param {string} kind
   * @param {MediaStreamTrack} [inUse]
   */
  #fillOne(menu, devices, kind, inUse) {
    const chosen = inUse?.getSettings().deviceId ?? menu.value;
    const { words } = this.#tongue;
    // Before the visitor has said yes, browsers list one device without name or id.
    const known = devices.filter((device) => device.deviceId !== "");
    const options = known.map((device, index) => {
      return new Option(device.label || words.numbered(kind, index + 1), device.deviceId);
    });
    menu.replaceChildren(new Option(words.defaultDevice, ""), ...options);
    menu.value = known.some((device) => device.deviceId === chosen) ? chosen : "";
  }
}
