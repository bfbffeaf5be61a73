// @ts-check
/**
 * The proof of work that a server may ask for (docs/signaling.md): a number behind a text, so that the
 * SHA-256 of both begins with zeros. `crypto.subtle` answers later, each time: too slow for one block a
 * try, so the hash is here (FIPS 180-4).
 */

/** Fractions of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const [ROUND, FIRST] = fractions();

/** Tries between two looks at the clock. */
const ROUNDS = 2_000;

/**
 * Looks for an answer, until it is found or the time is over.
 * @param {string} text
 * @param {number} bits
 * @param {number} from the first number to try
 * @param {number} forMs
 * @returns {{ answer: string } | { next: number }}
 */
export function search(text, bits, from, forMs) {
  const end = performance.now() + forMs;
  const block = new Uint8Array(64);
  const head = new TextEncoder().encode(`${text}.`);
  block.set(head);
  for (let next = from; ; next += 1) {
    if (leadingZeros(block, head.length, String(next)) >= bits) return { answer: String(next) };
    if (next % ROUNDS === 0 && performance.now() >= end) return { next: next + 1 };
  }
}

/**
 * Of the hash of a text that fits into one block.
 * @param {Uint8Array} block begins with what stands before the number
 * @param {number} at where the number begins
 * @param {string} number
 */
function leadingZeros(block, at, number) {
  const length = at + number.length;
  if (length > 55) throw new RangeError("a text that is too long for one block");
  for (let index = 0; index < number.length; index += 1) block[at + index] = number.charCodeAt(index);
  block[length] = 0x80;
  block.fill(0, length + 1, 62);
  block[62] = (length * 8) >> 8;
  block[63] = length * 8;
  let zeros = 0;
  for (const word of compress(block)) {
    zeros += Math.clz32(word);
    if (word !== 0) break;
  }
  return zeros;
}

const words = new Int32Array(64);
const state = new Int32Array(8);

/** @param {Uint8Array} block @returns {Int32Array} the hash, as eight words */
function compress(block) {
  const view = new DataView(block.buffer);
  for (let index = 0; index < 16; index += 1) words[index] = view.getInt32(index * 4);
  for (let index = 16; index < 64; index += 1) {
    const [a, b] = [words[index - 15], words[index - 2]];
    const small = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const large = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    words[index] = words[index - 16] + small + words[index - 7] + large;
  }
  let [a, b, c, d, e, f, g, h] = FIRST;
  for (let index = 0; index < 64; index += 1) {
    const mixed = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + mixed + ((e & f) ^ (~e & g)) + ROUND[index] + words[index]) | 0;
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state.set([a, b, c, d, e, f, g, h]);
  for (let index = 0; index < 8; index += 1) state[index] += FIRST[index];
  return state;
}

/** @param {number} word @param {number} by */
function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** @returns {[Int32Array, Int32Array]} */
function fractions() {
  /** @type {number[]} */
  const primes = [];
  for (let number = 2; primes.length < 64; number += 1) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  const fraction = (/** @type {number} */ root) => Math.floor((root % 1) * 2 ** 32);
  return [
    Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
  ];
}
