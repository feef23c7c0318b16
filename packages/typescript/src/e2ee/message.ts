// What is inside: the head of an HTTP message as JSON, then its body as it is (packages/e2ee/src/message.rs).
import { concat, utf8 } from '../bytes.js';
import { badInput, unverified, type SecretAiError } from '../errors.js';

/** Bytes of the length before a head: u32, big-endian. */
const LENGTH = 4;
/** Longest head, bytes of JSON. */
const MAX_HEAD = 16 << 10;

/** Names in small letters, with their values. */
export type Headers = [name: string, value: string][];

/** Head of a request. */
export interface RequestHead {
  method: 'GET' | 'POST';
  /** Path with its query, as `/v1/chat/completions`. */
  path: string;
  /** Unix seconds at which it was sealed; the worker refuses what is more than 60 s off. */
  time: number;
  /** Who asks is told here, never outside. */
  headers: Headers;
}

/** Head of an answer. */
export interface AnswerHead {
  /** HTTP status. */
  status: number;
  headers: Headers;
}

/**
 * A request's head and body.
 *
 * @throws SecretAiError if the head is too long.
 */
export function requestMessage({ method, path, time, headers }: RequestHead, body: Uint8Array): Uint8Array {
  const head = utf8(JSON.stringify({ method, path, time, headers }));
  if (head.length > MAX_HEAD) throw badInput('request', `${head.length} bytes of head, must be at most ${MAX_HEAD}`);
  const length = new Uint8Array(LENGTH);
  new DataView(length.buffer).setUint32(0, head.length);
  return concat(length, head, body);
}

/**
 * Reads the data of an answer's first frame.
 *
 * @throws SecretAiError if it is no head.
 */
export function answerHead(data: Uint8Array): AnswerHead {
  const length = data.length < LENGTH ? -1 : new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (length > MAX_HEAD || length !== data.length - LENGTH) throw noHead();
  let head: unknown;
  try {
    head = JSON.parse(new TextDecoder().decode(data.subarray(LENGTH)));
  } catch {
    throw noHead();
  }
  if (!isHead(head)) throw noHead();
  return head;
}

function isHead(value: unknown): value is AnswerHead {
  const { status, headers } = (value ?? {}) as Partial<Record<keyof AnswerHead, unknown>>;
  const isHeader = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
  return Number.isInteger(status) && Array.isArray(headers) && headers.every(isHeader);
}

function noHead(): SecretAiError {
  return unverified('e2ee: the answer has no head');
}
