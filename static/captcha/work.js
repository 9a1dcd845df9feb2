/* The worker of the proof of work: finds the number whose SHA-256, behind a salt, begins with so
 * many zero bits. WebCrypto would hash too, but its calls are asynchronous and cost more than the
 * hash itself; this loop does a few hundred thousand a second on a phone.
 *
 * In: {salt, bits}. Out: {nonce}, a decimal number as text, with SHA-256(salt + ":" + nonce).
 */
"use strict";

// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of cube roots of primes.
const K = new Uint32Array(64);
// FIPS 180-4, section 5.3.3: the same of square roots.
const INITIAL = new Uint32Array(8);
for (let candidate = 2, count = 0; count < 64; candidate += 1) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) isPrime = false;
  }
  if (!isPrime) continue;
  if (count < 8) INITIAL[count] = (Math.sqrt(candidate) % 1) * 2 ** 32;
  K[count] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  count += 1;
}

const BLOCK_BYTES = 64;
const schedule = new Uint32Array(64);

/** Hash one block into a state, in place. */
function compress(state, bytes, offset) {
  for (let i = 0; i < 16; i += 1) {
    const at = offset + i * 4;
    schedule[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const x = schedule[i - 15];
    const y = schedule[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + schedule[i]) | 0;
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

function zeroBits(state) {
  return state[0] ? Math.clz32(state[0]) : 32 + Math.clz32(state[1]);
}

/** Find the nonce; the salt's whole blocks are hashed once only. */
function solve(salt, bits) {
  const prefix = new TextEncoder().encode(`${salt}:`);
  const whole = prefix.length - (prefix.length % BLOCK_BYTES);
  const middle = INITIAL.slice();
  for (let at = 0; at < whole; at += BLOCK_BYTES) compress(middle, prefix, at);
  const rest = prefix.length - whole;
  const tail = new Uint8Array(2 * BLOCK_BYTES);
  const state = new Uint32Array(8);
  for (let nonce = 0; ; nonce += 1) {
    tail.fill(0);
    tail.set(prefix.subarray(whole));
    const digits = String(nonce);
    for (let i = 0; i < digits.length; i += 1) tail[rest + i] = digits.charCodeAt(i);
    const length = rest + digits.length;
    tail[length] = 0x80;
    const end = length + 9 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    new DataView(tail.buffer).setUint32(end - 4, (whole + length) * 8);
    state.set(middle);
    compress(state, tail, 0);
    if (end > BLOCK_BYTES) compress(state, tail, BLOCK_BYTES);
    if (zeroBits(state) >= bits) return digits;
  }
}

self.onmessage = ({ data }) => self.postMessage({ nonce: solve(data.salt, data.bits) });
