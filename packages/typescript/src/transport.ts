// The way to one boot of a worker: sealed to the key that the registry attested, unless it is told otherwise.
import type { AnswerOpener } from './e2ee/answer.js';
import { answerHead } from './e2ee/message.js';
import { sealRequest } from './e2ee/request.js';
import { SecretAiError, unverified } from './errors.js';
import type { WorkerAnswer } from './messages/registry.js';
import type { Domain } from './receipts.js';
import { endpoint } from './url.js';

const PATH = '/e2ee';
const REQUEST_TYPE = 'application/vnd.secret-ai.e2ee-request';
const ANSWER_TYPE = 'application/vnd.secret-ai.e2ee-answer';
/** Longest error that is read, bytes. */
const MAX_ERROR = 64 << 10;

/** Where a request goes, and how. */
export interface Way {
  domain: Domain;
  /** The registry's record of the worker. */
  worker: WorkerAnswer;
  /** Seal request and answer to the worker's attested key; true if absent. False: what ends TLS reads them. */
  sealed?: boolean;
  /** Ends request and answer; the worker charges what it had produced. */
  signal?: AbortSignal;
  fetch?: typeof fetch;
}

/** A request to a worker; `path` with its query, names of headers in small letters. */
export interface Asked {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** An answer, whichever way it came. */
export class Reply {
  constructor(
    readonly status: number,
    private readonly headers: { get(name: string): string | null },
    /** The body as it comes; whoever stops reading ends the request. */
    readonly body: AsyncIterable<Uint8Array>,
  ) {}

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The header of this name, in small letters. */
  header(name: string): string | null {
    return this.headers.get(name);
  }

  /** The body of an error as text; what is longer than 64 KiB, or broke off, is as good as none. */
  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let [text, length] = ['', 0];
    try {
      for await (const bytes of this.body) {
        length += bytes.length;
        if (length > MAX_ERROR) return '';
        text += decoder.decode(bytes, { stream: true });
      }
    } catch {
      return '';
    }
    return text;
  }
}

/**
 * Sends a request; the answer's head is there, its body comes.
 *
 * @throws SecretAiError if there is no way that is safe enough, the worker cannot be reached, or it does not have
 * the keys that the registry attested.
 */
export async function send(way: Way, asked: Asked): Promise<Reply> {
  if (way.sealed === false) return post(way, asked);
  const { path, method } = asked;
  const head = { method, path, time: Math.floor(Date.now() / 1000), headers: Object.entries(asked.headers) };
  const { bytes, answer } = sealRequest(way, head, asked.body);
  const headers = { 'content-type': REQUEST_TYPE };
  const reply = await post(way, { method: 'POST', path: PATH, headers, body: bytes });
  if (reply.header('content-type') !== ANSWER_TYPE) throw await notSealed(reply);
  return opened(reply, answer);
}

/** Sends the bytes as they are. */
async function post(way: Way, { method, path, headers, body }: Asked): Promise<Reply> {
  const url = address(way, path);
  // The registry names one address; whoever answers there does not send questions and keys elsewhere.
  const redirect = 'error' as const;
  const sent = method === 'POST' ? { body: body as BodyInit } : {};
  const request = { method, headers, ...sent, redirect, signal: way.signal ?? null };
  try {
    const response = await (way.fetch ?? fetch)(url, request);
    return new Reply(response.status, response.headers, pieces(response.body, way.signal));
  } catch (error) {
    way.signal?.throwIfAborted();
    throw new SecretAiError('worker', `worker: cannot be reached (${(error as Error).message})`);
  }
}

/** Pages see no TLS keys; that the registry has none they can know. */
function address({ worker, sealed }: Way, path: string): string {
  const url = endpoint(worker.listing.url, path);
  if (sealed === false && url.startsWith('https:') && /^0*$/.test(worker.tls_spki_sha256)) {
    throw unverified('url: the worker has no TLS key that is attested; requests must be sealed');
  }
  return url;
}

/** What came in place of a sealed answer. It can be anybody's: it says no more than that there is no answer. */
async function notSealed(reply: Reply): Promise<SecretAiError> {
  const { status } = reply;
  const { message, code, param } = errorOf(await reply.text());
  if (code === 'wrong_key') {
    const problem = 'worker: has other keys than the registry had; ask the registry again';
    return new SecretAiError('worker', problem, { status, code });
  }
  if (status === 404) return new SecretAiError('worker', 'worker: takes no sealed requests', { status });
  if (reply.ok) return unverified('e2ee: the answer is not sealed');
  return refused(status, { message, code, param });
}

/** The answer inside. */
async function opened(reply: Reply, answer: AnswerOpener): Promise<Reply> {
  const frames = framesOf(reply.body, answer);
  try {
    const first = await frames.next();
    const { status, headers } = answerHead(first.value ?? new Uint8Array());
    const get = (name: string) => headers.find(([known]) => known === name)?.[1] ?? null;
    return new Reply(status, { get }, frames);
  } catch (error) {
    await frames.return();
    throw error;
  }
}

async function* framesOf(body: AsyncIterable<Uint8Array>, answer: AnswerOpener): AsyncGenerator<Uint8Array, void, void> {
  for await (const bytes of body) yield* answer.push(bytes);
  if (!answer.isWhole) throw unverified('e2ee: the answer was cut off');
}

/** A body's bytes as they come. In Node, secretjs puts a `fetch` in place whose bodies are Node's streams. */
async function* pieces(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null, signal?: AbortSignal) {
  if (body === null) return;
  try {
    yield* 'getReader' in body ? read(body) : body;
  } catch (error) {
    signal?.throwIfAborted();
    throw new SecretAiError('worker', `worker: the connection broke off (${(error as Error).message})`);
  }
}

async function* read(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** An error in OpenAI's form. */
export interface WorkerError {
  message?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
}

function errorOf(text: string): WorkerError {
  try {
    return (JSON.parse(text) as { error?: WorkerError } | null)?.error ?? {};
  } catch {
    return {};
  }
}

/** What a reply that is no answer says. */
export async function refusal(reply: Reply): Promise<SecretAiError> {
  return refused(reply.status, errorOf(await reply.text()));
}

/** A worker's error. */
export function refused(status: number, { message = 'no explanation', code, param }: WorkerError): SecretAiError {
  return new SecretAiError('worker', message, { status, ...(code && { code }), ...(param && { param }) });
}
