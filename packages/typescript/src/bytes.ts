// Bytes and texts, the same in browsers and Node.
import { concatBytes, equalBytes } from '@noble/curves/utils.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { badInput } from './errors.js';

export { concatBytes as concat, equalBytes as equal, bytesToHex as toHex, utf8ToBytes as utf8 };

/** Bytes of hex text; `length`, if given, is how many there must be. `field` names it in the error. */
export function fromHex(text: string, field: string, length?: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = hexToBytes(text);
  } catch {
    throw badInput(field, 'is not hex');
  }
  if (length !== undefined && bytes.length !== length) {
    throw badInput(field, `${bytes.length} bytes, must be ${length}`);
  }
  return bytes;
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Bytes of standard base64. `field` names it in the error. */
export function fromBase64(text: string, field: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw badInput(field, 'is not base64');
  }
}

/** Base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of base64url without padding. `field` names it in the error. */
export function fromBase64Url(text: string, field: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw badInput(field, 'is not base64url');
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'), field);
}
