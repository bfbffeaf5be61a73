// @ts-check
/** How loud the microphone hears the visitor, so that they trust it before they start. */

/** Speech at an ordinary distance fills about half of the meter. */
const GAIN = 4;

/**
 * @param {MediaStream} stream
 * @param {HTMLMeterElement} meter
 * @returns {() => void} stops listening
 */
export function showLevel(stream, meter) {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = 0;
  const draw = () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    meter.value = Math.min(1, Math.sqrt(power) * GAIN);
    frame = requestAnimationFrame(draw);
  };
  draw();
  meter.hidden = false;
  return () => {
    cancelAnimationFrame(frame);
    meter.hidden = true;
    void context.close();
  };
}
