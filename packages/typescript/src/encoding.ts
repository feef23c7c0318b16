// Bodies of what is signed off chain: fixed-width big-endian fields, one after the other
// (docs/protocol.md, "What is signed").
import { concat, utf8 } from './bytes.js';
import { unverified } from './errors.js';
import { MAX_COUNT } from './price.js';

/** Most lines of a session. */
export const MAX_LINES = 8;
/** Longest name of a model, bytes of UTF-8. */
const MAX_MODEL = 64;
const FINAL = 1;
const ABORTED = 2;

/** The worker's cumulative statement of what a session used. */
export interface Receipt {
  /** 16 bytes. */
  sessionId: Uint8Array;
  /** Receipt key that signs this, 20 bytes. */
  kid: Uint8Array;
  /** Rises with every receipt of this session and key, from 1. */
  seq: bigint;
  /** The session ends with this receipt. */
  isFinal: boolean;
  /** The answer was cut off; what was produced is counted. */
  aborted: boolean;
  /** Units used in this session under this key, one per line, each below 2⁵⁶; never fall. */
  counters: bigint[];
  /** Digest of the evidence of the answer that it came with, 32 bytes. */
  evidence: Uint8Array;
}

/** What one answer consisted of. */
export interface Evidence {
  /** SHA-256 of the request's body as sent. */
  requestSha256: Uint8Array;
  /** SHA-256 of the response's body as received, up to the receipt itself. */
  responseSha256: Uint8Array;
  /** 1 to 64 bytes. */
  model: string;
  /** Unix seconds, the worker's clock. */
  time: bigint;
  /** Units of this request alone, one per line of the session. */
  units: bigint[];
}

/** The client's countersignature: up to this amount, the state of the session is agreed. */
export interface Ack {
  sessionId: Uint8Array;
  /** Receipt key whose receipts are acknowledged. */
  kid: Uint8Array;
  /** Newest receipt that the client has verified. */
  seq: bigint;
  /** Price of that receipt's counters, base units. */
  amount: bigint;
}

/** A request signed with a session's key. */
export interface Request {
  sessionId: Uint8Array;
  /** Receipt key of the worker that may serve it. */
  kid: Uint8Array;
  /** Unix seconds, the client's clock. */
  time: bigint;
  /** 16 bytes, never used twice in a session. */
  nonce: Uint8Array;
  /** SHA-256 of the request's body as sent. */
  bodySha256: Uint8Array;
}

/** A sign of life of a worker's TEE. */
export interface Heartbeat {
  kid: Uint8Array;
  epoch: bigint;
}

/** How a kind of body is written and read; `kind` is part of the digest that is signed. */
export interface Codec<T> {
  readonly kind: string;
  write(body: T): Uint8Array;
  read(from: Fields): T;
}

/** Takes fields off the front of a byte string. */
export class Fields {
  private at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly kind: string,
  ) {}

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.bytes.length) throw unverified(`${this.kind}: too short`);
    const field = this.bytes.slice(this.at, end);
    this.at = end;
    return field;
  }

  number(length: number): bigint {
    return this.take(length).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  byte(): number {
    return Number(this.number(1));
  }

  counters(): bigint[] {
    const n = this.byte();
    if (n === 0 || n > MAX_LINES) throw unverified(`n: ${n} lines, must be 1 to ${MAX_LINES}`);
    return Array.from({ length: n }, () => {
      const counter = this.number(8);
      if (counter >= MAX_COUNT) throw unverified(`counter: ${counter} is not below 2^56`);
      return counter;
    });
  }

  end(): void {
    const extra = this.bytes.length - this.at;
    if (extra > 0) throw unverified(`${extra} bytes after the end`);
  }
}

function number(value: bigint, length: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * length) !== 0n) {
    throw unverified(`${value} does not fit into ${length} bytes`);
  }
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

function counters(values: readonly bigint[]): Uint8Array {
  return concat(number(BigInt(values.length), 1), ...values.map((value) => number(value, 8)));
}

export const receipt: Codec<Receipt> = {
  kind: 'receipt',
  write: (body) =>
    concat(
      body.sessionId,
      body.kid,
      number(body.seq, 8),
      Uint8Array.of((body.isFinal ? FINAL : 0) | (body.aborted ? ABORTED : 0)),
      counters(body.counters),
      body.evidence,
    ),
  read: (from) => {
    const [sessionId, kid, seq, flags] = [from.take(16), from.take(20), from.number(8), from.byte()];
    if ((flags & ~(FINAL | ABORTED)) !== 0) {
      throw unverified(`flags: 0x${flags.toString(16)} has bits that are not defined`);
    }
    const [isFinal, aborted] = [(flags & FINAL) !== 0, (flags & ABORTED) !== 0];
    return { sessionId, kid, seq, isFinal, aborted, counters: from.counters(), evidence: from.take(32) };
  },
};

export const evidence: Codec<Evidence> = {
  kind: 'evidence',
  write: (body) => {
    const model = utf8(body.model);
    return concat(
      body.requestSha256,
      body.responseSha256,
      number(BigInt(model.length), 1),
      model,
      number(body.time, 8),
      counters(body.units),
    );
  },
  read: (from) => {
    const [requestSha256, responseSha256] = [from.take(32), from.take(32)];
    const length = from.byte();
    const refused = () => unverified(`model: ${length} bytes of UTF-8, must be 1 to ${MAX_MODEL}`);
    if (length === 0 || length > MAX_MODEL) throw refused();
    let model: string;
    try {
      model = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(from.take(length));
    } catch {
      throw refused();
    }
    return { requestSha256, responseSha256, model, time: from.number(8), units: from.counters() };
  },
};

export const ack: Codec<Ack> = {
  kind: 'ack',
  write: (body) => concat(body.sessionId, body.kid, number(body.seq, 8), number(body.amount, 16)),
  read: (from) => ({
    sessionId: from.take(16),
    kid: from.take(20),
    seq: from.number(8),
    amount: from.number(16),
  }),
};

export const request: Codec<Request> = {
  kind: 'request',
  write: (body) =>
    concat(body.sessionId, body.kid, number(body.time, 8), body.nonce, body.bodySha256),
  read: (from) => ({
    sessionId: from.take(16),
    kid: from.take(20),
    time: from.number(8),
    nonce: from.take(16),
    bodySha256: from.take(32),
  }),
};

export const heartbeat: Codec<Heartbeat> = {
  kind: 'heartbeat',
  write: (body) => concat(body.kid, number(body.epoch, 8)),
  read: (from) => ({ kid: from.take(20), epoch: from.number(8) }),
};

/** Exactly one body, with nothing after it. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const fields = new Fields(bytes, codec.kind);
  const body = codec.read(fields);
  fields.end();
  return body;
}
