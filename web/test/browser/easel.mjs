// @ts-check
/** A camera whose picture the test paints: so that it can change from one moment to the next. */

/** The picture of `known`, as PDQ sees it (from the reference implementation). */
export const KNOWN_PICTURE = "7ae06c4f91a96ae081573d39e6c4015fd5a8ae44d16ebe9b0e65b09b3b3107f2";

/**
 * Runs inside a page, before everything else: the camera is a canvas, and `easel.show` says what
 * is on it.
 * @param {"stripes" | "known"} first
 */
export function easel(first) {
  const [width, height] = [640, 480];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let scene = first;
  let turn = 0;

  /** Something harmless that moves. */
  function stripes() {
    turn += 1;
    for (let x = 0; x < 16; x += 1) {
      brush.fillStyle = `hsl(${(x * 47 + turn * 3) % 360} 60% ${30 + ((x * 7 + turn) % 40)}%)`;
      brush.fillRect(x * 40, 0, 40, height);
    }
  }

  /** Sixty grey discs, by a fixed die. */
  function known() {
    let state = 6n;
    const die = () => {
      state = (state * 1103515245n + 12345n) % 2147483648n;
      return Number(state >> 16n);
    };
    brush.fillStyle = "rgb(110 110 110)";
    brush.fillRect(0, 0, width, height);
    for (let disc = 0; disc < 60; disc += 1) {
      const [x, y, radius, grey] = [die() % width, die() % height, 20 + (die() % 90), 20 + (die() % 215)];
      brush.fillStyle = `rgb(${grey} ${grey} ${grey})`;
      brush.beginPath();
      brush.arc(x, y, radius, 0, 2 * Math.PI);
      brush.fill();
    }
  }

  const paint = () => (scene === "known" ? known() : stripes());
  paint();
  setInterval(paint, 33);
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    for (const track of stream.getVideoTracks()) {
      stream.removeTrack(track);
      track.stop();
      for (const painted of canvas.captureStream(30).getVideoTracks()) stream.addTrack(painted);
    }
    return stream;
  };
  Object.assign(globalThis, {
    easel: {
      /** @param {"stripes" | "known"} next */
      show(next) {
        scene = next;
        paint();
        return performance.timeOrigin + performance.now();
      },
    },
  });
}
