/** The connected account: what it has, what workers offer, and what it can do. */
import { signal } from "@preact/signals";
import { SecretAi, keplrSigner, type Offer as ChainOffer } from "secret-ai";
import { explain, type Explained } from "./explain";
import { keplrOf } from "./keplr";
import { askFaucet, gasBalance, Problem } from "./node";
import { loadReceipts } from "./receipts";
import { network, type Network } from "./settings";
import { toast } from "./toasts";
import type { Account, Offer, Token } from "./types";
import { toOffer, toSession } from "./views";
import { wallet, type Connected } from "./wallet";

/** Milliseconds between two looks at the chain while the page is open, and while a session is ending. */
const REFRESH = 15_000;
const REFRESH_SOON = 3_000;
/** A fifth of the cap may be paid beyond what was countersigned. */
const SLACK_SHARE = 5n;

/** The account, once read. */
export const account = signal<Account | undefined>(undefined);
/** Why it could not be read. */
export const accountError = signal<Explained | undefined>(undefined);
/** Offers in the account's token; unknown until loaded. */
export const offers = signal<Offer[] | undefined>(undefined);
export const offersError = signal<Explained | undefined>(undefined);

let service: SecretAi | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const chainOffers = new Map<string, ChainOffer>();

/** The library's view of the account. */
export function ai(): SecretAi {
  if (!service) throw new Problem("Wallet: connect one first", "reconnect");
  return service;
}

/** Reads the account of a wallet that was just connected. */
export async function openAccount(connected: Connected, at: Network): Promise<void> {
  closeAccount();
  try {
    const signer = connected.kind === "keplr" ? keplrSigner(keplrOf(), at.chainId) : undefined;
    const opened = await SecretAi.connect(connected.chain, at.billing, signer && { signer });
    if (wallet.peek() !== connected) return;
    service = opened;
    // A browser that stores nothing can still chat.
    await loadReceipts().catch((error: unknown) => toast(`Receipts cannot be read: ${explain(error).text}`, "bad"));
    await refresh();
    await loadOffers();
  } catch (error) {
    if (wallet.peek() === connected) accountError.value = explain(error);
  }
}

/** Forgets everything of the account. */
export function closeAccount(): void {
  clearTimeout(timer);
  service = undefined;
  account.value = undefined;
  accountError.value = undefined;
  offers.value = undefined;
  offersError.value = undefined;
}

let tokenKnown: Token | undefined;

async function token(from: SecretAi): Promise<Token> {
  const { contract, min_deposit } = from.token();
  if (tokenKnown?.address !== contract.address) {
    const { symbol, decimals } = await from.tokenInfo();
    tokenKnown = { address: contract.address, codeHash: contract.code_hash, symbol, decimals, minDeposit: BigInt(min_deposit) };
  }
  return tokenKnown;
}

/** Reads balances, sessions and the clock, now and then again as long as the account is open. */
export async function refresh(): Promise<void> {
  const from = service;
  if (!from) return;
  if (document.visibilityState === "visible") await read(from);
  if (service !== from) return;
  clearTimeout(timer);
  const isEnding = account.value?.sessions.some((session) => session.status === "closing");
  timer = setTimeout(() => void refresh(), isEnding ? REFRESH_SOON : REFRESH);
}

async function read(from: SecretAi): Promise<void> {
  try {
    const [accepted, gas, clock] = [await token(from), await gasBalance(network.peek(), from.address), await from.clock()];
    const [state, sessions] = [await from.account(), await from.sessions()];
    // Tokens that are not ours may know no permits; the rest of the page works without.
    const inWallet = await from.balance().catch(() => undefined);
    if (service !== from) return;
    account.value = {
      token: accepted,
      inWallet,
      free: BigInt(state.balances.find((entry) => entry.token === accepted.address)?.free ?? 0),
      gas,
      sessions: sessions.map(toSession),
      challengeS: from.config.timing.challenge_s,
      now: clock.now,
      readAt: Date.now() / 1000,
      isDevelopment: from.development,
    };
    accountError.value = undefined;
  } catch (error) {
    if (service === from) accountError.value = explain(error);
  }
}

/** Contract time now, about: what was read and the time since. */
export function contractNow(): number {
  const known = account.value;
  return known ? known.now + (Date.now() / 1000 - known.readAt) : Date.now() / 1000;
}

/** Reads the price list. */
export async function loadOffers(): Promise<void> {
  const from = service;
  if (!from) return;
  try {
    const list = await from.offers(undefined, from.token().contract.address);
    offersError.value = undefined;
    chainOffers.clear();
    list.forEach((offer) => chainOffers.set(offer.workerId + offer.model, offer));
    offers.value = list.map(toOffer);
  } catch (error) {
    offersError.value = explain(error);
  }
}

/** Wallet → free balance. */
export async function deposit(amount: bigint): Promise<void> {
  await ai().deposit(amount);
  await refresh();
}

/** Free balance → wallet; answers with the base units moved. */
export async function withdraw(amount: bigint): Promise<bigint> {
  const moved = await ai().withdraw(amount);
  await refresh();
  return moved;
}

/** Opens a session; answers with its id. */
export async function openSession(offer: Offer, terms: { cap: bigint; hours: number; isCountersigned: boolean }): Promise<string> {
  const chosen = chainOffers.get(offer.workerId + offer.model);
  if (!chosen) throw new Problem("Worker: it no longer offers this model; refresh the list");
  const { cap, hours, isCountersigned } = terms;
  const slack = isCountersigned ? (cap + SLACK_SHARE - 1n) / SLACK_SHARE : cap;
  const own = await ai().open({ offer: chosen, cap, slack, countersign: isCountersigned, lifetime: hours * 3600 });
  await refresh();
  return own.session.session_id;
}

/** Ends a session early. */
export async function closeSession(id: string): Promise<void> {
  await ai().close(id);
  await refresh();
}

/** Ended sessions → free balance; answers with the base units moved. */
export async function reclaim(): Promise<bigint> {
  const moved = await ai().reclaim();
  await refresh();
  return moved;
}

/** Gets gas from the faucet and waits until it is there. */
export async function askForGas(): Promise<void> {
  const connected = wallet.value;
  if (!connected) return;
  const before = await gasBalance(network.value, connected.address);
  await askFaucet(network.value, connected.address);
  for (let tries = 0; tries < 20 && (await gasBalance(network.value, connected.address)) <= before; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await refresh();
}
