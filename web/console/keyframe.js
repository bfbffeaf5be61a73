// @ts-check
/** A picture of a case as the server sends it, made into something that can be drawn. */

/** What the server calls a keyframe that is no file: RFC 9628 and RFC 6184. */
const CODECS = /** @type {Record<string, string>} */ ({
  "video/vp9": "vp09.00.31.08",
  "video/h264": "avc1.42e01f",
});

/**
 * @param {Blob} blob a WebP, or one keyframe of VP9 or H.264
 * @returns {Promise<ImageBitmap>} rejects where it shows nothing
 */
export async function decodePicture(blob) {
  const codec = CODECS[blob.type.toLowerCase()];
  if (!codec) return createImageBitmap(blob);
  const data = await blob.arrayBuffer();
  return new Promise((resolve, reject) => {
    const decoder = new VideoDecoder({
      error: reject,
      output: (frame) => {
        createImageBitmap(frame).then(resolve, reject).finally(() => frame.close());
      },
    });
    decoder.configure({ codec, optimizeForLatency: true });
    decoder.decode(new EncodedVideoChunk({ type: "key", timestamp: 0, data }));
    decoder.flush().then(() => decoder.close(), reject);
  });
}
