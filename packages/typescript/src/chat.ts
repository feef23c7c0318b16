// One question to a worker: streams the answer, then verifies its receipt.
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from './bytes.js';
import { ack as ackCodec, request as requestCodec } from './encoding.js';
import { badInput, unverified, type SecretAiError } from './errors.js';
import type { OwnSession } from './messages/billing.js';
import { priceOf } from './price.js';
import { ReceiptStore } from './receipt-store.js';
import { encodeSigned, sha256, sign } from './receipts.js';
import type { SessionSecrets } from './session.js';
import { SseParser, type SseEvent } from './sse.js';
import { refusal, refused, send, type Reply, type Way, type WorkerError } from './transport.js';
import { verifyAnswer, verifyMissed, type Missed, type Usage, type Verified } from './verify.js';

/** A message of a conversation, as OpenAI's API has it. */
export interface ChatMessage {
  role: string;
  content: unknown;
  [field: string]: unknown;
}

/** What may be said about a question besides its messages. */
export interface ChatOptions extends Pick<Way, 'sealed' | 'signal' | 'fetch'> {
  /** The session's first model if absent. */
  model?: string;
  /** Most tokens of the answer; the worker decides if absent. */
  maxTokens?: number;
  /** Most base units that the answer may cost. */
  maxCharge?: bigint;
  /** Further fields of the request, such as `temperature` or `tools`. */
  extra?: Record<string, unknown>;
}

/** A question and where it goes. */
export interface Question extends ChatOptions, Way {
  session: OwnSession;
  secrets: SessionSecrets;
  /** Where newest receipts are kept; give the same one with every question of a session. */
  receipts: ReceiptStore;
  messages: ChatMessage[];
}

/** What an answer consists of: pieces, then its usage, then its verified receipt, which is last. */
export type ChatEvent =
  /** First of all, if need be: the receipt of an earlier answer that broke off, countersigned to go on. */
  | ({ type: 'missed' } & Missed)
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
  const { session, domain, worker, receipts, maxCharge } = question;
  const model = question.model ?? session.session.lines[0]?.model;
  if (model === undefined) throw badInput('model', 'the session has no line');
  const body = bodyOf(question, model);
  const requestSha256 = sha256(body);
  const reply = yield* accepted(question, body, requestSha256);
  const previous = receipts.newest(session.session.session_id, worker.kid)?.body;
  const answered = sha256.create();
  let usage: Usage | undefined;
  let failure: SecretAiError | undefined;
  for await (const event of events(reply)) {
    if (event.name === 'receipt') {
      if (usage === undefined) throw failure ?? unverified('the answer tells no usage');
      const hashes = { requestSha256, responseSha256: answered.digest() };
      const exchange = { ...hashes, domain, session: session.session, worker, model, usage, previous, maxCharge };
      const verified = verifyAnswer(exchange, ...proof(event.data));
      receipts.keep(verified.receipt);
      yield { type: 'receipt', ...verified };
      if (failure !== undefined) throw failure;
      return;
    }
    answered.update(event.raw);
    const chunk = parseChunk(event.data);
    // An answer that broke off has a receipt, too, if anything of it is charged.
    if (chunk.error !== undefined) failure = refused(200, chunk.error);
    yield* said(chunk);
    if (chunk.usage != null) {
      usage = chunk.usage;
      yield { type: 'usage', usage };
    }
  }
  throw failure ?? unverified('the answer broke off before its receipt');
}

function bodyOf({ extra, messages, maxTokens }: Question, model: string): Uint8Array {
  const options = { stream: true, stream_options: { include_usage: true } };
  const limit = maxTokens === undefined ? {} : { max_tokens: maxTokens };
  return utf8(JSON.stringify({ ...extra, model, messages, ...options, ...limit }));
}

/**
 * The answer that the worker begins. One that wants the receipt of an answer that broke off countersigned
 * first gets that, and is asked once more.
 */
async function* accepted(question: Question, body: Uint8Array, sha: Uint8Array): AsyncGenerator<ChatEvent, Reply> {
  const first = await ask(question, body, sha);
  if (first.ok) return first;
  const missed = missedReceipt(question, first);
  if (missed === undefined) throw await refusal(first);
  question.receipts.keep(missed.receipt);
  yield { type: 'missed', ...missed };
  const second = await ask(question, body, sha);
  if (second.ok) return second;
  throw await refusal(second);
}

/** The newest receipt, in a 402 for used up slack, if this client does not have it. */
function missedReceipt({ session: own, domain, worker, receipts }: Question, reply: Reply): Missed | undefined {
  const text = reply.header('x-secret-ai-receipt');
  if (reply.status !== 402 || text === null || 'h' in own.session.auth) return undefined;
  const previous = receipts.newest(own.session.session_id, worker.kid)?.body;
  return verifyMissed({ domain, session: own.session, worker, previous }, fromBase64Url(text, 'receipt'));
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
  error?: WorkerError;
}

function parseChunk(data: string): Chunk {
  const chunk = json(data);
  return typeof chunk === 'object' && chunk !== null ? (chunk as Chunk) : {};
}

/** What a chunk adds to the answer. */
function* said(chunk: Chunk): Generator<ChatEvent> {
  const delta = chunk.choices?.[0]?.delta;
  if (typeof delta !== 'object' || delta === null) return;
  if (typeof delta['content'] === 'string' && delta['content'] !== '') {
    yield { type: 'text', text: delta['content'] };
  }
  const others = Object.keys(delta).filter((key) => key !== 'content' && key !== 'role');
  if (others.length > 0) yield { type: 'delta', delta };
}

function ask(question: Question, body: Uint8Array, sha: Uint8Array): Promise<Reply> {
  const headers: Record<string, string> = { 'content-type': 'application/json', ...credentials(question, sha) };
  if (question.maxCharge !== undefined) headers['x-max-charge'] = question.maxCharge.toString();
  return send(question, { method: 'POST', path: '/v1/chat/completions', headers, body });
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
async function* events(reply: Reply): AsyncGenerator<SseEvent> {
  const parser = new SseParser();
  let done = false;
  for await (const bytes of reply.body) {
    for (const event of parser.push(bytes)) {
      if (done && event.name !== 'receipt') throw unverified('the answer goes on after its end');
      done ||= event.data === '[DONE]';
      yield event;
    }
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
