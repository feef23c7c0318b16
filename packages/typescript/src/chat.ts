// One question to a worker: streams the answer, then verifies its receipt.
import { concat, fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from './bytes.js';
import { ack as ackCodec, request as requestCodec } from './encoding.js';
import { badInput, SecretAiError, unverified } from './errors.js';
import type { OwnSession } from './messages/billing.js';
import type { WorkerAnswer } from './messages/registry.js';
import { priceOf } from './price.js';
import { ReceiptStore } from './receipt-store.js';
import { encodeSigned, sha256, sign, type Domain } from './receipts.js';
import type { SessionSecrets } from './session.js';
import { SseParser, type SseEvent } from './sse.js';
import { verifyAnswer, type Usage, type Verified } from './verify.js';

/** A message of a conversation, as OpenAI's API has it. */
export interface ChatMessage {
  role: string;
  content: unknown;
  [field: string]: unknown;
}

/** What may be said about a question besides its messages. */
export interface ChatOptions {
  /** The session's first model if absent. */
  model?: string;
  /** Most tokens of the answer; the worker decides if absent. */
  maxTokens?: number;
  /** Most base units that the answer may cost. */
  maxCharge?: bigint;
  /** Further fields of the request, such as `temperature` or `tools`. */
  extra?: Record<string, unknown>;
  /** Ends the answer; the worker charges what it had produced. */
  signal?: AbortSignal;
  fetch?: typeof fetch;
}

/** A question and where it goes. */
export interface Question extends ChatOptions {
  domain: Domain;
  session: OwnSession;
  /** The session's worker, from the registry. */
  worker: WorkerAnswer;
  secrets: SessionSecrets;
  /** Where newest receipts are kept; give the same one with every question of a session. */
  receipts: ReceiptStore;
  messages: ChatMessage[];
}

/** What an answer consists of: pieces, then its usage, then its verified receipt, which is last. */
export type ChatEvent =
  | { type: 'text'; text: string }
  /** A choice's `delta` that has no text, such as tool calls. */
  | { type: 'delta'; delta: Record<string, unknown> }
  | { type: 'usage'; usage: Usage }
  | ({ type: 'receipt' } & Verified);

/**
 * Asks, and yields the answer as it comes; the receipt at its end has been verified and is kept.
 *
 * @throws SecretAiError if the worker refused, broke off, or its receipt is not what it must be.
 */
export async function* chat(question: Question): AsyncGenerator<ChatEvent, void, void> {
  const { session, domain, worker, receipts } = question;
  const model = question.model ?? session.session.lines[0]?.model;
  if (model === undefined) throw badInput('model', 'the session has no line');
  const body = utf8(
    JSON.stringify({
      ...question.extra,
      model,
      messages: question.messages,
      stream: true,
      stream_options: { include_usage: true },
      ...(question.maxTokens === undefined ? {} : { max_tokens: question.maxTokens }),
    }),
  );
  const requestSha256 = sha256(body);
  const previous = receipts.newest(session.session.session_id, worker.kid)?.body;
  const response = await send(question, body, requestSha256);
  const answered: Uint8Array[] = [];
  let usage: Usage | undefined;
  for await (const event of events(response)) {
    if (event.name === 'receipt') {
      if (usage === undefined) throw unverified('the answer tells no usage');
      const responseSha256 = sha256(concat(...answered));
      const hashes = { requestSha256, responseSha256 };
      const exchange = { ...hashes, domain, session: session.session, worker, model, usage, previous };
      const verified = verifyAnswer(exchange, ...proof(event.data));
      receipts.keep(verified.receipt);
      yield { type: 'receipt', ...verified };
      return;
    }
    answered.push(event.raw);
    const chunk = parseChunk(event.data);
    yield* said(chunk);
    if (chunk.usage != null) {
      usage = chunk.usage;
      yield { type: 'usage', usage };
    }
  }
  throw unverified('the answer broke off before its receipt');
}

/** What the receipt's event carries: receipt and evidence. */
function proof(data: string): [Uint8Array, Uint8Array] {
  const told = json(data) as { receipt?: unknown; evidence?: unknown } | undefined;
  if (typeof told?.receipt !== 'string' || typeof told.evidence !== 'string') {
    throw unverified('receipt event: unreadable');
  }
  return [fromBase64Url(told.receipt, 'receipt'), fromBase64Url(told.evidence, 'evidence')];
}

interface Chunk {
  choices?: { delta?: Record<string, unknown> }[];
  usage?: Usage | null;
  error?: { message?: string; code?: string; param?: string };
}

function parseChunk(data: string): Chunk {
  const chunk = (json(data) ?? {}) as Chunk;
  if (chunk.error !== undefined) throw refused(200, chunk);
  return chunk;
}

/** What a chunk adds to the answer. */
function* said(chunk: Chunk): Generator<ChatEvent> {
  const delta = chunk.choices?.[0]?.delta;
  if (delta === undefined) return;
  if (typeof delta['content'] === 'string' && delta['content'] !== '') {
    yield { type: 'text', text: delta['content'] };
  }
  const others = Object.keys(delta).filter((key) => key !== 'content' && key !== 'role');
  if (others.length > 0) yield { type: 'delta', delta };
}

async function send(question: Question, body: Uint8Array, sha: Uint8Array): Promise<Response> {
  const url = `${question.worker.listing.url.replace(/\/+$/, '')}/v1/chat/completions`;
  const headers: Record<string, string> = { 'content-type': 'application/json', ...credentials(question, sha) };
  if (question.maxCharge !== undefined) headers['x-max-charge'] = question.maxCharge.toString();
  const request = { method: 'POST', headers, body: body as BodyInit, signal: question.signal ?? null };
  let response: Response;
  try {
    response = await (question.fetch ?? fetch)(url, request);
  } catch (error) {
    question.signal?.throwIfAborted();
    throw new SecretAiError('worker', `worker: cannot be reached (${(error as Error).message})`);
  }
  if (response.ok) return response;
  throw refused(response.status, json(await response.text()) as Chunk | undefined);
}

function refused(status: number, answer: Chunk | undefined): SecretAiError {
  const { message = 'no explanation', code, param } = answer?.error ?? {};
  return new SecretAiError('worker', message, { status, ...(code && { code }), ...(param && { param }) });
}

/** The bearer secret, or a signature and the ack of the newest receipt. */
function credentials(question: Question, bodySha256: Uint8Array): Record<string, string> {
  const { session: own, secrets, domain, worker, receipts } = question;
  if ('h' in own.session.auth) return { authorization: `Bearer ${secrets.apiKey(own)}` };
  if (!secrets.owns(own)) throw badInput('session', 'was opened with other secrets than this wallet has');
  const key = secrets.key(own.counter);
  const request = {
    sessionId: fromHex(own.session.session_id, 'session_id', 16),
    kid: fromHex(worker.kid, 'kid', 20),
    time: BigInt(Math.floor(Date.now() / 1000)),
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    bodySha256,
  };
  const headers: Record<string, string> = {
    'x-secret-ai-key': toHex(secrets.publicKey(own.counter)),
    'x-secret-ai-request': toBase64Url(encodeSigned(requestCodec, sign(requestCodec, domain, request, key))),
  };
  const newest = receipts.newest(own.session.session_id, worker.kid)?.body;
  if (newest !== undefined) {
    const { sessionId, kid, seq, counters } = newest;
    const body = { sessionId, kid, seq, amount: priceOf(own.session.lines, counters) };
    headers['x-secret-ai-ack'] = toBase64Url(encodeSigned(ackCodec, sign(ackCodec, domain, body, key)));
  }
  return headers;
}

/** The answer's events; whoever stops reading ends the request. After `[DONE]` only the receipt may come. */
async function* events(response: Response): AsyncGenerator<SseEvent> {
  if (response.body === null) throw unverified('the answer is empty');
  const parser = new SseParser();
  let done = false;
  for await (const bytes of pieces(response.body)) {
    for (const event of parser.push(bytes)) {
      if (done && event.name !== 'receipt') throw unverified('the answer goes on after its end');
      done ||= event.data === '[DONE]';
      yield event;
    }
  }
}

/** A body's bytes as they come. In Node, secretjs puts a `fetch` in place whose bodies are Node's streams. */
async function* pieces(body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>) {
  if (!('getReader' in body)) return yield* body;
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
