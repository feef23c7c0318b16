// What is signed off chain, as packages/receipts does it: ECDSA over secp256k1 (RFC 6979), 64 bytes
// r ‖ s, s in the lower half of the curve's order.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from './bytes.js';
import { Fields, type Codec } from './encoding.js';
import { unverified } from './errors.js';

export { sha256 };

/** Chain and billing contract for which something is signed. */
export interface Domain {
  /** E.g. `secret-4`. */
  chainId: string;
  /** Address of the billing contract. */
  billing: string;
}

/** A body and its signature of 64 bytes; what travels is body ‖ signature. */
export interface Signed<T> {
  body: T;
  signature: Uint8Array;
}

/** The digest to sign for a body of this kind. */
export function digest<T>(codec: Codec<T>, domain: Domain, body: T): Uint8Array {
  const head = `secret-ai/${codec.kind}/1\0${domain.chainId}\0${domain.billing}\0`;
  return sha256(concat(utf8(head), codec.write(body)));
}

/** Key id of a compressed public key: RIPEMD160(SHA256(key)). */
export function kidOf(publicKey: Uint8Array): Uint8Array {
  return ripemd160(sha256(publicKey));
}

/** Signs a body for a domain with a private key of 32 bytes. */
export function sign<T>(codec: Codec<T>, domain: Domain, body: T, key: Uint8Array): Signed<T> {
  const hash = digest(codec, domain, body);
  return { body, signature: secp256k1.sign(hash, key, { prehash: false, lowS: true }) };
}

/**
 * Checks that a compressed public key of 33 bytes signed the body for the domain.
 *
 * @throws SecretAiError if it did not, or the signature's s is in the upper half.
 */
export function verify<T>(
  codec: Codec<T>,
  domain: Domain,
  signed: Signed<T>,
  publicKey: Uint8Array,
): void {
  const hash = digest(codec, domain, signed.body);
  let good = false;
  try {
    good = secp256k1.verify(signed.signature, hash, publicKey, { prehash: false, lowS: true });
  } catch {
    // A key or signature that is none: not good.
  }
  if (!good) throw unverified(`signature: not by this key over this ${codec.kind}`);
}

/** body ‖ signature. */
export function encodeSigned<T>(codec: Codec<T>, signed: Signed<T>): Uint8Array {
  return concat(codec.write(signed.body), signed.signature);
}

/**
 * Takes apart what {@link encodeSigned} made. Who signed is for {@link verify} to say.
 *
 * @throws SecretAiError for anything else, and for a signature whose s is in the upper half.
 */
export function decodeSigned<T>(codec: Codec<T>, bytes: Uint8Array): Signed<T> {
  const fields = new Fields(bytes, codec.kind);
  const body = codec.read(fields);
  const signature = fields.take(64);
  fields.end();
  if (!isLowS(signature)) throw unverified("s: not in the lower half of the curve's order");
  return { body, signature };
}

/** Half of the order of secp256k1 (SEC 2, section 2.4.1), rounded down. */
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;

function isLowS(signature: Uint8Array): boolean {
  const s = signature.slice(32).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return s <= HALF_ORDER;
}
