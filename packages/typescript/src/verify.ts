// What is checked of every answer: that the attested key signed the receipt, that the receipt is about this
// very question and answer, and that it charges what was used and no more.
import { equal, fromHex } from './bytes.js';
import { decode, evidence as evidenceCodec, receipt as receiptCodec } from './encoding.js';
import type { Evidence, Receipt } from './encoding.js';
import { unverified } from './errors.js';
import type { Line, SessionAnswer } from './messages/billing.js';
import type { WorkerAnswer } from './messages/registry.js';
import { priceOf } from './price.js';
import { decodeSigned, digest, kidOf, verify, type Domain, type Signed } from './receipts.js';

/** `usage` of a chat completion (OpenAI API reference). */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number } | null;
}

/** What an answer consisted of, as the client saw it. */
export interface Exchange {
  domain: Domain;
  session: SessionAnswer;
  worker: WorkerAnswer;
  model: string;
  /** SHA-256 of the request's body as sent. */
  requestSha256: Uint8Array;
  /** SHA-256 of the response as received, up to the receipt. */
  responseSha256: Uint8Array;
  /** Usage as the answer told it. */
  usage: Usage;
  /** The newest receipt known before, of the same session and key. */
  previous?: Receipt | undefined;
  /** Most base units that the answer may cost. */
  maxCharge?: bigint | undefined;
}

/** A receipt that has been verified. */
export interface Verified {
  receipt: Signed<Receipt>;
  evidence: Evidence;
  /** Price of this answer, base units. */
  cost: bigint;
  /** Price of the session so far under this receipt key, base units. */
  total: bigint;
}

/** The receipt of answers that broke off: signed by the attested key, over what nobody here has seen. */
export interface Missed {
  receipt: Signed<Receipt>;
  /** Price of what the client missed, base units; never more than the session's slack. */
  cost: bigint;
  /** Price of the session so far under this receipt key, base units. */
  total: bigint;
}

/**
 * Verifies an encoded receipt and evidence against the exchange.
 *
 * @throws SecretAiError that names the first thing that is wrong.
 */
export function verifyAnswer(exchange: Exchange, receipt: Uint8Array, told: Uint8Array): Verified {
  const { domain, session } = exchange;
  const signed = signedReceipt(exchange, receipt);
  const { body } = signed;
  const evidence = decode(evidenceCodec, told);
  if (!equal(digest(evidenceCodec, domain, evidence), body.evidence)) {
    throw unverified('receipt: for other evidence than the worker sent');
  }
  if (!equal(evidence.requestSha256, exchange.requestSha256)) {
    throw unverified('evidence: for another request');
  }
  if (!equal(evidence.responseSha256, exchange.responseSha256)) {
    throw unverified('evidence: for another answer');
  }
  if (evidence.model !== exchange.model) throw unverified('evidence: for another model');
  checkUnits(exchange, evidence);
  checkCounters(exchange, body, evidence);
  const total = priceOf(session.lines, body.counters);
  const before = body.counters.map((counter, i) => counter - (evidence.units[i] ?? 0n));
  const cost = total - priceOf(session.lines, before);
  if (exchange.maxCharge !== undefined && cost > exchange.maxCharge) {
    throw unverified(`receipt: the answer costs ${cost} base units, allowed were ${exchange.maxCharge}`);
  }
  return { receipt: signed, evidence, cost, total };
}

/**
 * Verifies an encoded receipt that comes without its answer: a worker whose slack is used up shows what has
 * to be countersigned before it goes on.
 *
 * @returns undefined if it says nothing new.
 * @throws SecretAiError that names the first thing that is wrong.
 */
export function verifyMissed(
  exchange: Pick<Exchange, 'domain' | 'session' | 'worker' | 'previous'>,
  receipt: Uint8Array,
): Missed | undefined {
  const { session, previous } = exchange;
  const signed = signedReceipt(exchange, receipt);
  const { seq, counters } = signed.body;
  if (seq <= (previous?.seq ?? 0n)) return undefined;
  if (counters.length !== session.lines.length) throw unverified('receipt: another number of lines');
  if (counters.some((counter, i) => counter < (previous?.counters[i] ?? 0n))) {
    throw unverified('receipt: counters are lower than known before');
  }
  const cost = missedCost(session, counters, previous);
  return { receipt: signed, cost, total: priceOf(session.lines, counters) };
}

/** A receipt of this session, signed by the worker's attested key. */
function signedReceipt(
  { domain, session, worker }: Pick<Exchange, 'domain' | 'session' | 'worker'>,
  receipt: Uint8Array,
): Signed<Receipt> {
  const signed = decodeSigned(receiptCodec, receipt);
  const { body } = signed;
  const [key, kid] = [fromHex(worker.receipt_pk, 'receipt_pk', 33), fromHex(worker.kid, 'kid', 20)];
  if (!equal(kidOf(key), kid) || !equal(body.kid, kid)) {
    throw unverified('receipt: not by the key that the registry attested');
  }
  verify(receiptCodec, domain, signed, key);
  if (!equal(body.sessionId, fromHex(session.session_id, 'session_id', 16))) {
    throw unverified('receipt: for another session');
  }
  return signed;
}

/**
 * Price of counters beyond those of the newest receipt known, base units. What was not countersigned is never
 * more than the slack, so neither is what an honest worker can have counted since.
 */
function missedCost({ lines, slack }: SessionAnswer, counters: bigint[], previous: Receipt | undefined): bigint {
  const cost = priceOf(lines, counters) - priceOf(lines, previous?.counters ?? []);
  if (cost > BigInt(slack)) {
    throw unverified(`receipt: ${cost} base units for answers that never came, more than the slack of ${slack}`);
  }
  return cost;
}

/** Units must not be more than the usage that the answer told. */
function checkUnits({ session, model, usage }: Exchange, evidence: Evidence): void {
  const { lines } = session;
  if (evidence.units.length !== lines.length) throw unverified('evidence: another number of lines');
  const hasCachedLine = lines.some((line) => line.model === model && line.unit === 'cached_input');
  const cached = hasCachedLine ? count(usage.prompt_tokens_details?.cached_tokens ?? 0) : 0n;
  evidence.units.forEach((units, i) => {
    const told = toldUnits(lines[i] as Line, model, usage, cached);
    if (units > told) throw unverified(`evidence: ${units} units charged, ${told} told in usage`);
  });
}

function toldUnits(line: Line, model: string, usage: Usage, cached: bigint): bigint {
  if (line.model !== model) return 0n;
  const input = count(usage.prompt_tokens) - cached;
  switch (line.unit) {
    case 'input':
      return input < 0n ? 0n : input;
    case 'cached_input':
      return cached;
    case 'output':
      return count(usage.completion_tokens);
    case 'request':
      return 1n;
    default:
      return 0n;
  }
}

function count(value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0) throw unverified('usage: is no whole number');
  return BigInt(value);
}

/** Counters must contain this answer's units on top of what was known before, and no more than they can. */
function checkCounters({ previous, session }: Exchange, body: Receipt, evidence: Evidence): void {
  if (body.counters.length !== evidence.units.length) {
    throw unverified('receipt: another number of lines');
  }
  const before = body.counters.map((counter, i) => counter - (evidence.units[i] ?? 0n));
  const known = before.map((_, i) => previous?.counters[i] ?? 0n);
  if (before.some((counter, i) => counter < (known[i] ?? 0n))) {
    throw unverified('receipt: counters are lower than known before');
  }
  const last = previous?.seq ?? 0n;
  if (body.seq <= last) throw unverified('receipt: seq does not rise');
  if (body.seq === last + 1n && before.some((counter, i) => counter !== known[i])) {
    throw unverified('receipt: counts more than this answer, and there was no other');
  }
  // Answers between the two broke off, or went to another program with the same wallet.
  if (previous !== undefined && 'k' in session.auth) missedCost(session, before, previous);
}
