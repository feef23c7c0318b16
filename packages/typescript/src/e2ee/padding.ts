// Lengths are seen, so what is sealed fills blocks, as packages/e2ee/src/padding.rs does it.
import { unverified } from '../errors.js';

/** What is sealed has a multiple of this many bytes. */
export const BLOCK = 512;
/** First byte of the padding; zeros follow (ISO/IEC 7816-4). */
const MARK = 0x80;

/** Fills up to a whole number of blocks; at least one byte is added. */
export function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor(bytes.length / BLOCK) + 1) * BLOCK);
  padded.set(bytes);
  padded[bytes.length] = MARK;
  return padded;
}

/**
 * Takes the padding off.
 *
 * @throws SecretAiError if there is none.
 */
export function unpad(bytes: Uint8Array): Uint8Array {
  let at = bytes.length - 1;
  while (bytes[at] === 0) at -= 1;
  if (bytes[at] !== MARK) throw unverified('e2ee: what was sealed has no padding');
  return bytes.subarray(0, at);
}
