// What a user sees over a secretjs client: the contracts, offers, balances, sessions. Private state is read
// by permit.
import type { SecretNetworkClient, TxOptions } from 'secretjs';
import { query } from './chain.js';
import { badInput, SecretAiError } from './errors.js';
import type * as billing from './messages/billing.js';
import type { Contract, Permit } from './messages/common.js';
import type * as registry from './messages/registry.js';
import type * as token from './messages/token.js';
import { byPrice, isReadable, toOffer, type Offer } from './offers.js';
import { ownerPermit, type AminoSigner } from './permit.js';
import { ReceiptStore } from './receipt-store.js';
import type { Domain } from './receipts.js';
import { SessionSecrets } from './session.js';

/** Name of the permits that this library signs; `revoke_permit` with it ends them all. */
const PERMIT = 'secret-ai-client';
/** A permit is made out for a minute earlier: another node may lag, and permits from the future are refused. */
const PERMIT_BEFORE_S = 60;
const PERMIT_LIFE_S = 3_600;

/** How an account is opened. */
export interface ConnectOptions {
  /** Signs permits, and the root of session secrets; the client's wallet if absent. */
  signer?: AminoSigner;
  /** The session secrets; derived from the wallet when they are first needed if absent. */
  secrets?: SessionSecrets;
  /** Where newest receipts are kept; in memory if absent. */
  receipts?: ReceiptStore;
  /** Given to every transaction of secretjs; `gasLimit` is set by this library. */
  tx?: Omit<TxOptions, 'gasLimit'>;
}

/** What the owner has in one token, base units. */
export interface Balances {
  token: string;
  /** In the wallet itself. */
  wallet: bigint;
  /** Free in billing: can be withdrawn, or put into sessions. */
  free: bigint;
  /** Held by sessions that are not reclaimed, less what they paid. */
  sessions: bigint;
}

/** One user's account with one billing contract, to look at. */
export class Account {
  private held: { permit: Promise<Permit>; until: number } | undefined;
  private derived: Promise<SessionSecrets> | undefined;
  /** The newest receipts of this wallet's sessions. */
  readonly receipts: ReceiptStore;

  constructor(
    readonly chain: SecretNetworkClient,
    readonly chainId: string,
    readonly billing: Contract,
    readonly config: billing.ConfigAnswer,
    readonly registryConfig: registry.ConfigAnswer,
    private readonly signer: AminoSigner | undefined,
    protected readonly options: ConnectOptions,
  ) {
    this.receipts = options.receipts ?? new ReceiptStore();
  }

  /**
   * Connects: billing names the registry and the tokens, the node the code hash.
   *
   * @throws SecretAiError if billing cannot be asked, or its registry accepts simulated TEEs on secret-4.
   */
  static async connect<T extends Account>(
    this: new (...parts: ConstructorParameters<typeof Account>) => T,
    chain: SecretNetworkClient,
    billingAddress: string,
    options: ConnectOptions = {},
  ): Promise<T> {
    const info = { contract_address: billingAddress };
    const { code_hash } = await chain.query.compute.codeHashByContractAddress(info).catch((error) => {
      throw new SecretAiError('chain', `billing: ${error?.message ?? error}`);
    });
    if (!code_hash) throw badInput('billing', 'there is no such contract');
    const contract = { address: billingAddress, code_hash };
    const config = await query<billing.ConfigAnswer>(chain, contract, { config: {} });
    const policy = await query<registry.ConfigAnswer>(chain, config.registry, { config: {} });
    const { chainId } = chain as unknown as { chainId: string };
    if (policy.development && chainId === 'secret-4') {
      throw new SecretAiError('verification', 'the registry accepts simulated TEEs; refusing to use it on secret-4');
    }
    const permits = chain.utils?.accessControl?.permit as { signer?: object } | undefined;
    const wallet = permits?.signer;
    const own = wallet && 'signAmino' in wallet ? (wallet as AminoSigner) : undefined;
    return new this(chain, chainId, contract, config, policy, options.signer ?? own, options);
  }

  /** `secret1…` of the user. */
  get address(): string {
    return this.chain.address;
  }

  /** What receipts are bound to. */
  get domain(): Domain {
    return { chainId: this.chainId, billing: this.billing.address };
  }

  /** True if the registry accepts simulated TEEs: nothing here is confidential then. */
  get development(): boolean {
    return this.registryConfig.development;
  }

  /** The accepted token with this address, or the first one. */
  token(address?: string): billing.TokenConfig {
    const { tokens } = this.config;
    const found = address === undefined ? tokens[0] : tokens.find((t) => t.contract.address === address);
    if (found === undefined) throw badInput('token', 'billing does not accept it');
    return found;
  }

  /** Name, symbol and decimals of a token. */
  async tokenInfo(address?: string): Promise<{ name: string; symbol: string; decimals: number }> {
    const answer = await query<token.QueryAnswer>(this.chain, this.token(address).contract, { token_info: {} });
    if (!('token_info' in answer)) throw new SecretAiError('verification', 'token: no token_info');
    return answer.token_info;
  }

  /** Asks the registry that billing believes. */
  askRegistry<T>(msg: registry.QueryMsg): Promise<T> {
    return query<T>(this.chain, this.config.registry, msg);
  }

  /** What active workers ask, for one model or all, cheapest first. */
  async offers(model?: string, tokenAddress?: string): Promise<Offer[]> {
    const price_list = { model: model ?? null, token: tokenAddress ?? null };
    const { offers } = await this.askRegistry<registry.PriceListAnswer>({ price_list });
    const readable = offers.filter(isReadable);
    const found = await Promise.all(readable.map(async (o) => toOffer(o, await this.worker(o.worker_id))));
    return found.sort(byPrice);
  }

  /** A worker with its keys, as the registry has verified them. */
  worker(workerId: string): Promise<registry.WorkerAnswer> {
    return this.askRegistry({ worker: { worker_id: workerId } });
  }

  /** Billing's clock: contract time and epochs. */
  clock(): Promise<billing.ClockAnswer> {
    return query(this.chain, this.billing, { clock: {} });
  }

  /** Free balances and the number of sessions. */
  account(): Promise<billing.AccountAnswer> {
    return this.askBilling({ account: {} });
  }

  /** All sessions of this wallet, oldest first. */
  async sessions(): Promise<billing.OwnSession[]> {
    const all: billing.OwnSession[] = [];
    for (;;) {
      const page = await this.askBilling<billing.SessionsAnswer>({ sessions: { start: all.length } });
      all.push(...page.sessions);
      if (page.sessions.length === 0 || all.length >= page.total) return all;
    }
  }

  /** The session with this id. */
  async session(sessionId: string): Promise<billing.OwnSession> {
    const found = (await this.sessions()).find((own) => own.session.session_id === sessionId);
    if (found === undefined) throw badInput('session', 'none of this wallet has this id');
    return found;
  }

  /** Balance in the wallet itself, base units, by permit. */
  async balance(tokenAddress?: string): Promise<bigint> {
    const with_permit = { permit: await this.permit(), query: { balance: {} } };
    const { contract } = this.token(tokenAddress);
    const answer = await query<token.QueryAnswer>(this.chain, contract, { with_permit });
    if (!('balance' in answer)) throw new SecretAiError('verification', 'token: no balance in its answer');
    return BigInt(answer.balance.amount);
  }

  /** Wallet, free balance and what sessions hold, per token. */
  async balances(): Promise<Balances[]> {
    const [account, sessions] = [await this.account(), await this.sessions()];
    return Promise.all(
      account.balances.map(async ({ token: address, free }) => ({
        token: address,
        wallet: await this.balance(address),
        free: BigInt(free),
        sessions: sessions
          .map((own) => own.session)
          .filter((s) => s.token === address && s.status !== 'reclaimed')
          .reduce((sum, s) => sum + BigInt(s.cap) - BigInt(s.paid), 0n),
      })),
    );
  }

  /** The session secrets of this wallet; a wallet that only signs is asked once. */
  secrets(): Promise<SessionSecrets> {
    const { secrets } = this.options;
    if (secrets !== undefined) return Promise.resolve(secrets);
    this.derived ??= this.derive().catch((error) => {
      this.derived = undefined;
      throw error;
    });
    return this.derived;
  }

  private async derive(): Promise<SessionSecrets> {
    const signer = this.needSigner();
    const key = (signer as { privateKey?: unknown }).privateKey;
    return key instanceof Uint8Array
      ? SessionSecrets.fromPrivateKey(key, this.billing.address)
      : SessionSecrets.fromSigner(signer, this.address, this.billing.address);
  }

  private needSigner(): AminoSigner {
    if (this.signer === undefined) throw badInput('wallet', 'must sign amino documents (signAmino)');
    return this.signer;
  }

  /** A permit for billing and all tokens, good for an hour; the wallet is asked once, however many ask here. */
  private permit(): Promise<Permit> {
    const now = Date.now() / 1000;
    if (this.held !== undefined && this.held.until > now) return this.held.permit;
    const permit = this.newPermit().catch((error) => {
      this.held = undefined;
      throw error;
    });
    this.held = { permit, until: now + PERMIT_LIFE_S - 2 * PERMIT_BEFORE_S };
    return permit;
  }

  private async newPermit(): Promise<Permit> {
    const { block } = await this.chain.query.tendermint.getLatestBlock({});
    const now = Math.floor(Date.parse(String(block?.header?.time)) / 1000);
    if (!Number.isFinite(now)) throw new SecretAiError('chain', 'node: the newest block has no time');
    return ownerPermit(this.needSigner(), this.address, {
      chainId: this.chainId,
      contracts: [this.billing.address, ...this.config.tokens.map((t) => t.contract.address)],
      name: PERMIT,
      created: now - PERMIT_BEFORE_S,
      expires: now + PERMIT_LIFE_S,
    });
  }

  private async askBilling<T>(permitted: billing.PermitQuery): Promise<T> {
    const with_permit = { permit: await this.permit(), query: permitted };
    return query<T>(this.chain, this.billing, { with_permit });
  }
}
