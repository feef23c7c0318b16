// An answer, sealed in frames; docs/transport.md has the bytes, packages/e2ee/src/answer.rs the other side.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, utf8 } from '../bytes.js';
import { unverified } from '../errors.js';
import { BLOCK, unpad } from './padding.js';

/** Bytes before the frames that nobody can foresee. */
const RANDOM = 32;
/** Bytes of the length before a frame: u32, big-endian. */
const LENGTH = 4;
/** Longest ciphertext of a frame: `last`, 64 KiB of data, padding and tag. */
const MAX_SEALED = (64 << 10) + BLOCK + 1 + 16;

interface Cipher {
  key: Uint8Array;
  nonce: Uint8Array;
}

/** Opens an answer's frames from bytes that come in any pieces. */
export class AnswerOpener {
  private cipher: Cipher | undefined;
  private rest: Uint8Array = new Uint8Array();
  private frames = 0;
  private ended = false;

  /** By the secret that was exported from the request, and the request's `enc`. */
  constructor(
    private readonly secret: Uint8Array,
    private readonly enc: Uint8Array,
  ) {}

  /** True after the last frame; an answer that ends without was cut off. */
  get isWhole(): boolean {
    return this.ended;
  }

  /**
   * Adds bytes; returns the data of the frames that they complete. That of the first is the head.
   *
   * @throws SecretAiError if the answer was changed, or goes on after its end; it cannot be read on.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    this.rest = concat(this.rest, bytes);
    this.cipher ??= this.begin();
    const found: Uint8Array[] = [];
    if (this.cipher === undefined) return found;
    for (let sealed = this.frame(); sealed !== undefined; sealed = this.frame()) {
      found.push(this.open(sealed, this.cipher));
    }
    if (this.ended && this.rest.length > 0) throw unverified('e2ee: the answer goes on after its end');
    return found;
  }

  private begin(): Cipher | undefined {
    const random = this.take(0, RANDOM);
    if (random === undefined) return undefined;
    const prk = extract(sha256, this.secret, concat(this.enc, random));
    return { key: expand(sha256, prk, utf8('key'), 32), nonce: expand(sha256, prk, utf8('nonce'), 12) };
  }

  /** The next frame, sealed, if it is all there. */
  private frame(): Uint8Array | undefined {
    const { rest } = this;
    if (this.ended || rest.length < LENGTH) return undefined;
    const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0);
    if (length > MAX_SEALED) throw unverified(`e2ee: a frame of ${length} bytes, must be at most ${MAX_SEALED}`);
    return this.take(LENGTH, length);
  }

  /** Takes bytes off the beginning, without those that are skipped, if they are all there. */
  private take(skipped: number, length: number): Uint8Array | undefined {
    const end = skipped + length;
    if (this.rest.length < end) return undefined;
    const taken = this.rest.subarray(skipped, end);
    this.rest = this.rest.subarray(end);
    return taken;
  }

  private open(sealed: Uint8Array, { key, nonce }: Cipher): Uint8Array {
    const number = this.frames;
    this.frames += 1;
    let padded: Uint8Array;
    try {
      padded = chacha20poly1305(key, numbered(nonce, number)).decrypt(sealed);
    } catch {
      throw unverified('e2ee: the answer cannot be opened: not sealed by this worker, or changed on its way');
    }
    const frame = unpad(padded);
    if (frame[0] !== 0 && frame[0] !== 1) throw unverified('e2ee: what was sealed is no frame');
    this.ended = frame[0] === 1;
    return frame.subarray(1);
  }
}

/** `nonce` XOR the frame's number (RFC 9180, section 5.2). */
function numbered(nonce: Uint8Array, frame: number): Uint8Array {
  const changed = nonce.slice();
  const end = new DataView(changed.buffer, 4);
  end.setBigUint64(0, end.getBigUint64(0) ^ BigInt(frame));
  return changed;
}
