// @ts-check
/**
 * Cameras and microphones: asking for them, listing them, choosing among them.
 */

/** A face, at a size whose keyframe is small enough to arrive within a blink. */
const PICTURE = {
  width: { ideal: 640 },
  height: { ideal: 480 },
  frameRate: { ideal: 30 },
};

/**
 * @typedef {object} Choice
 * @property {string} [camera] a `deviceId`; the browser's default when left out
 * @property {string} [microphone] a `deviceId`; the browser's default when left out
 */

/**
 * @typedef {object} DeviceList
 * @property {MediaDeviceInfo[]} cameras
 * @property {MediaDeviceInfo[]} microphones
 */

/**
 * Asks the visitor for camera and microphone.
 * @param {Choice} [choice]
 * @returns {Promise<MediaStream>}
 * @throws {DOMException} `NotAllowedError`, `NotFoundError`, `NotReadableError`: see `getUserMedia`
 */
export async function openMedia(choice = {}) {
  return ask({ video: picture(choice.camera), audio: sound(choice.microphone) });
}

/**
 * One track of the chosen camera. @param {string} [deviceId]
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openCamera(deviceId) {
  const stream = await ask({ video: picture(deviceId) });
  return /** @type {MediaStreamTrack} */ (stream.getVideoTracks()[0]);
}

/**
 * One track of the chosen microphone. @param {string} [deviceId]
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openMicrophone(deviceId) {
  const stream = await ask({ audio: sound(deviceId) });
  return /** @type {MediaStreamTrack} */ (stream.getAudioTracks()[0]);
}

/**
 * What there is to choose from. Names are empty until the visitor has said yes once.
 * @returns {Promise<DeviceList>}
 */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return {
    cameras: all.filter((device) => device.kind === "videoinput"),
    microphones: all.filter((device) => device.kind === "audioinput"),
  };
}

/** @param {MediaStreamConstraints} constraints */
function ask(constraints) {
  if (!navigator.mediaDevices) {
    // Plain http from another machine: the browser hides the whole interface.
    throw new DOMException("cameras need a secure page (https or localhost)", "SecurityError");
  }
  return navigator.mediaDevices.getUserMedia(constraints);
}

/** @param {string | undefined} deviceId @returns {MediaTrackConstraints} */
function picture(deviceId) {
  return deviceId ? { ...PICTURE, deviceId: { exact: deviceId } } : PICTURE;
}

/** @param {string | undefined} deviceId @returns {MediaTrackConstraints | boolean} */
function sound(deviceId) {
  return deviceId ? { deviceId: { exact: deviceId } } : true;
}
