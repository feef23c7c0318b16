// A request, sealed to a worker's attested key; docs/transport.md has the bytes, packages/e2ee the other side.
import { concat, fromHex, utf8 } from '../bytes.js';
import { badInput } from '../errors.js';
import type { WorkerAnswer } from '../messages/registry.js';
import type { Domain } from '../receipts.js';
import { AnswerOpener } from './answer.js';
import { seal, type Sealed } from './hpke.js';
import { requestMessage, type RequestHead } from './message.js';
import { pad } from './padding.js';

const VERSION = Uint8Array.of(1);
const LABEL = utf8('secret-ai/e2ee/1\0');
/** What answers are sealed with is exported under this name. */
const ANSWER = utf8('secret-ai/e2ee/1 answer');

/** Whom a request is for: it opens nowhere else. */
export interface Recipient {
  domain: Domain;
  /** The registry's record of the worker; ids and key in hex. */
  worker: Pick<WorkerAnswer, 'worker_id' | 'kid' | 'e2ee_pk'>;
}

/**
 * Seals a request; gives the bytes and what opens their answer. `seed` is random, and given by tests only.
 *
 * @throws SecretAiError if the worker has no key that can be sealed to, or the head is too long.
 */
export function sealRequest(
  { domain, worker }: Recipient,
  head: RequestHead,
  body: Uint8Array,
  seed: Uint8Array = crypto.getRandomValues(new Uint8Array(32)),
): { bytes: Uint8Array; answer: AnswerOpener } {
  const [id, kid] = [fromHex(worker.worker_id, 'worker_id', 16), fromHex(worker.kid, 'kid', 20)];
  const info = concat(LABEL, text(domain.chainId), text(domain.billing), id, kid);
  const key = fromHex(worker.e2ee_pk, 'e2ee_pk', 32);
  const { enc, ciphertext, exported } = sealTo(key, info, pad(requestMessage(head, body)), seed);
  return { bytes: concat(VERSION, kid, enc, ciphertext), answer: new AnswerOpener(exported(ANSWER), enc) };
}

function sealTo(key: Uint8Array, info: Uint8Array, message: Uint8Array, seed: Uint8Array): Sealed {
  try {
    return seal(key, info, new Uint8Array(), message, seed);
  } catch {
    throw badInput('e2ee_pk', 'is no X25519 key that can be sealed to');
  }
}

/** Length in bytes as u16, then the bytes. */
function text(value: string): Uint8Array {
  const bytes = utf8(value);
  return concat(Uint8Array.of(bytes.length >> 8, bytes.length), bytes);
}
