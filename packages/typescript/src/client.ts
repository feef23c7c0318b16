// What a user does over a secretjs client: deposit, open, close, reclaim, withdraw.
import type { TxOptions } from 'secretjs';
import { Account } from './account.js';
import { chat, type ChatEvent, type ChatMessage, type ChatOptions } from './chat.js';
import { execute, type Outcome } from './chain.js';
import { badInput, SecretAiError } from './errors.js';
import { gasFor, gasForTokens } from './gas.js';
import type * as billing from './messages/billing.js';
import type * as token from './messages/token.js';
import type { Offer } from './offers.js';
import { padded, receiveMsg } from './padding.js';

/** Most sessions that one message reclaims. */
const MAX_SESSIONS_PER_MESSAGE = 8;
/** Life of a session unless told otherwise, seconds of contract time. */
const SESSION_S = 86_400;

/** What to open; `offer`, or `model` (the cheapest offer, or `workerId`'s). */
export interface OpenTerms {
  offer?: Offer;
  model?: string;
  workerId?: string;
  /** Most that the session can cost, base units; moved out of the free balance. */
  cap: bigint;
  /** Requests and receipts are signed: the worker gets no more than `slack` beyond what was countersigned. */
  countersign?: boolean;
  /** Base units; `cap` if absent, which trusts the TEE alone. */
  slack?: bigint;
  /** Seconds from now, of contract time; a day if absent. */
  lifetime?: number;
  /** Address of the token; the first that billing accepts if absent. */
  token?: string;
}

/** One user's account with one billing contract; made by `SecretAi.connect(client, billingAddress)`. */
export class SecretAi extends Account {
  /** Moves base units from the wallet to the free balance. */
  async deposit(amount: bigint, tokenAddress?: string): Promise<Outcome<unknown>> {
    const accepted = this.token(tokenAddress);
    const least = BigInt(accepted.min_deposit) || 1n;
    if (amount < least) throw badInput('amount', `${amount} base units, must be at least ${least}`);
    const inner: billing.ReceiveMsg = { deposit: {} };
    const send: token.ExecuteMsg = {
      send: {
        recipient: this.billing.address,
        recipient_code_hash: this.billing.code_hash,
        amount: amount.toString(),
        msg: receiveMsg(inner),
      },
    };
    const gasLimit = gasForTokens(inner);
    return execute(this.chain, accepted.contract, padded('token', send), this.tx(gasLimit));
  }

  /** Opens a session at an offer's rates; answers with it as the contract has it. */
  async open(terms: OpenTerms): Promise<billing.OwnSession & { txHash: string }> {
    const tokenAddress = this.token(terms.offer?.token ?? terms.token).contract.address;
    const offer = terms.offer ?? (await this.choose(terms, tokenAddress));
    const [{ now }, { sessions: counter }] = [await this.clock(), await this.account()];
    const session: billing.OpenSession = {
      worker_id: offer.workerId,
      lines: offer.rates.map(({ unit, rate: price }) => ({ model: offer.model, unit, rate: price })),
      cap: terms.cap.toString(),
      slack: (terms.slack ?? terms.cap).toString(),
      expires: now + (terms.lifetime ?? SESSION_S),
      auth: (await this.secrets()).auth(counter, terms.countersign ?? false),
    };
    const { answer, txHash } = await this.call<billing.OpenAnswer>({
      open_sessions: { token: tokenAddress, sessions: [session] },
    });
    const [sessionId] = answer.session_ids;
    if (sessionId === undefined) throw new SecretAiError('verification', 'billing: no session id', { txHash });
    return { ...(await this.session(sessionId)), txHash };
  }

  private async choose(terms: OpenTerms, tokenAddress: string): Promise<Offer> {
    if (terms.model === undefined) throw badInput('open', 'needs an offer or a model');
    const offers = await this.offers(terms.model, tokenAddress);
    const found = offers.find((o) => terms.workerId === undefined || o.workerId === terms.workerId);
    if (found === undefined) {
      throw badInput('model', `no active worker offers ${JSON.stringify(terms.model)} for this token`);
    }
    return found;
  }

  /** Ends a session early; receipts settle for the challenge window, `config.timing.challenge_s`. */
  close(sessionId: string): Promise<Outcome<unknown>> {
    return this.call({ close_session: { session_id: sessionId } });
  }

  /**
   * Moves what ended sessions left to the free balance: of one session, or of all that have ended.
   * Answers with the base units moved; 0 if nothing has ended yet.
   */
  async reclaim(sessionId?: string): Promise<bigint> {
    const all = sessionId === undefined ? await this.sessions() : [];
    const ended = all.filter((own) => own.session.status === 'ended').map((own) => own.session.session_id);
    const ids = sessionId === undefined ? ended : [sessionId];
    let sum = 0n;
    for (let at = 0; at < ids.length; at += MAX_SESSIONS_PER_MESSAGE) {
      const session_ids = ids.slice(at, at + MAX_SESSIONS_PER_MESSAGE);
      const { answer } = await this.call<billing.ReclaimAnswer>({ reclaim: { session_ids } });
      sum += answer.reclaimed.reduce((total, moved) => total + BigInt(moved ?? 0), 0n);
    }
    return sum;
  }

  /** Moves free balance back to the wallet, all of it if no amount is given; answers with the base units. */
  async withdraw(amount?: bigint, tokenAddress?: string): Promise<bigint> {
    const { address } = this.token(tokenAddress).contract;
    const withdraw = { token: address, amount: amount?.toString() ?? null };
    const { answer } = await this.call<billing.WithdrawAnswer>({ withdraw });
    return BigInt(answer.amount);
  }

  /**
   * Asks a session's worker; yields the answer as it comes and its verified receipt, see {@link chat}. The
   * receipt is kept and, in a countersigned session, signed with the next question.
   */
  async *chat(
    session: billing.OwnSession,
    messages: ChatMessage[],
    options: ChatOptions = {},
  ): AsyncGenerator<ChatEvent, void, void> {
    const worker = await this.worker(session.session.worker_id);
    const [{ domain, receipts }, secrets] = [this, await this.secrets()];
    yield* chat({ ...options, domain, receipts, secrets, session, worker, messages });
  }

  /** Calls billing with a message of any kind, filled to the size of its class. */
  call<T>(msg: billing.ExecuteMsg): Promise<Outcome<T>> {
    return execute<T>(this.chain, this.billing, padded('billing', msg), this.tx(gasFor(msg)));
  }

  private tx(gasLimit: number): TxOptions {
    return { broadcastCheckIntervalMs: 1_000, ...this.options.tx, gasLimit };
  }
}
