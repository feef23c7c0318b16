// HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305: as much as
// a sender of one message needs. Not WebCrypto's: pages that came over http:// have none.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from '../bytes.js';

const VERSION = utf8('HPKE-v1');
/** DHKEM(X25519, HKDF-SHA256) is 0x0020, HKDF-SHA256 0x0001, ChaCha20-Poly1305 0x0003 (RFC 9180, section 7). */
const KEM = concat(utf8('KEM'), Uint8Array.of(0, 0x20));
const HPKE = concat(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 3));
const BASE_MODE = Uint8Array.of(0);
const NOTHING = new Uint8Array();

/** A message sealed to a public key. */
export interface Sealed {
  /** The sender's key, 32 bytes: for this message alone. */
  enc: Uint8Array;
  ciphertext: Uint8Array;
  /** A secret of 32 bytes that only the two ends of this message can derive. */
  exported(context: Uint8Array): Uint8Array;
}

/**
 * Seals one message. `seed` are 32 random bytes, new for every message, from which the sender's key is derived.
 *
 * @throws Error if the public key is none that can be sealed to.
 */
export function seal(
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  message: Uint8Array,
  seed: Uint8Array,
): Sealed {
  const { enc, secret } = encapsulate(publicKey, seed);
  const context = concat(
    BASE_MODE,
    labeledExtract(HPKE, NOTHING, 'psk_id_hash', NOTHING),
    labeledExtract(HPKE, NOTHING, 'info_hash', info),
  );
  const schedule = labeledExtract(HPKE, secret, 'secret', NOTHING);
  const key = labeledExpand(HPKE, schedule, 'key', context, 32);
  const nonce = labeledExpand(HPKE, schedule, 'base_nonce', context, 12);
  const exporter = labeledExpand(HPKE, schedule, 'exp', context, 32);
  return {
    enc,
    ciphertext: chacha20poly1305(key, nonce, aad).encrypt(message),
    exported: (name) => labeledExpand(HPKE, exporter, 'sec', name, 32),
  };
}

/** RFC 9180, section 4.1: a key pair of the seed (section 7.1.3), and the secret that it shares with the public key. */
function encapsulate(publicKey: Uint8Array, seed: Uint8Array): { enc: Uint8Array; secret: Uint8Array } {
  const own = labeledExpand(KEM, labeledExtract(KEM, NOTHING, 'dkp_prk', seed), 'sk', NOTHING, 32);
  const enc = x25519.getPublicKey(own);
  // Refuses keys with which every secret is the same.
  const shared = labeledExtract(KEM, NOTHING, 'eae_prk', x25519.getSharedSecret(own, publicKey));
  return { enc, secret: labeledExpand(KEM, shared, 'shared_secret', concat(enc, publicKey), 32) };
}

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return extract(sha256, concat(VERSION, suite, utf8(label), input), salt);
}

function labeledExpand(suite: Uint8Array, key: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  const labeled = concat(Uint8Array.of(0, length), VERSION, suite, utf8(label), info);
  return expand(sha256, key, labeled, length);
}
