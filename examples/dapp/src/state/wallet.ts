/**
 * Who signs: Keplr, or a key for development that lives in this tab only (sessionStorage) and ends
 * with it. Nothing else of the page sees a key.
 */
import { signal } from "@preact/signals";
import { keplrSigner } from "secret-ai";
import type { CreateClientOptions, SecretNetworkClient } from "secretjs";
import { enable, keplrOf } from "./keplr";
import { checkNode, Problem } from "./node";
import { DEVELOPMENT_CHAIN, isDevelopmentChain, network } from "./settings";

/** A connected wallet. */
export interface Connected {
  kind: "keplr" | "key";
  address: string;
  chain: SecretNetworkClient;
}

/** The wallet, once connected. */
export const wallet = signal<Connected | undefined>(undefined);

type Signer = NonNullable<CreateClientOptions["wallet"]>;

const KEY = "secret-ai.development-key";
const KIND = "secret-ai.wallet";

/** secretjs is large: it is loaded when it is first needed. */
const secretjs = () => import("secretjs");

/** Connects Keplr; it is asked to add the chain if it does not know it. */
export async function connectKeplr(): Promise<void> {
  const keplr = keplrOf();
  const at = network.value;
  await checkNode(at);
  await enable(keplr, at);
  const signer = keplrSigner(keplr, at.chainId);
  const [account] = await signer.getAccounts();
  if (!account) throw new Problem("Keplr: it has no account for this chain");
  const { SecretNetworkClient } = await secretjs();
  const chain = new SecretNetworkClient({
    url: at.lcdUrl,
    chainId: at.chainId,
    wallet: signer as unknown as Signer,
    walletAddress: account.address,
    encryptionUtils: keplr.getEnigmaUtils(at.chainId),
  });
  sessionStorage.setItem(KIND, "keplr");
  wallet.value = { kind: "keplr", address: account.address, chain };
}

/** Connects with a development key: 12 to 24 words. */
export async function connectKey(words: string): Promise<void> {
  const at = network.value;
  if (!isDevelopmentChain.value) throw new Problem(`Key: only on ${DEVELOPMENT_CHAIN}; use a wallet on ${at.chainId}`);
  const clean = words.trim().replace(/\s+/g, " ");
  if (![12, 15, 18, 21, 24].includes(clean.split(" ").length)) throw new Problem("Key: expected 12 to 24 words");
  // A wrong word would silently be another account.
  const [{ validateMnemonic }, { wordlist }] = [await import("@scure/bip39"), await import("@scure/bip39/wordlists/english.js")];
  if (!validateMnemonic(clean, wordlist)) throw new Problem("Key: a word is unknown, or the last one does not fit the others");
  await checkNode(at);
  const { SecretNetworkClient, Wallet } = await secretjs();
  const signer = new Wallet(clean);
  const chain = new SecretNetworkClient({ url: at.lcdUrl, chainId: at.chainId, wallet: signer, walletAddress: signer.address });
  sessionStorage.setItem(KEY, clean);
  sessionStorage.setItem(KIND, "key");
  wallet.value = { kind: "key", address: signer.address, chain };
}

/** Connects again after a reload, as before. */
export async function reconnect(): Promise<void> {
  const kind = sessionStorage.getItem(KIND);
  const key = sessionStorage.getItem(KEY);
  if (kind === "keplr") await connectKeplr();
  if (kind === "key" && key) await connectKey(key);
}

/** Forgets the wallet and the key. */
export function disconnect(): void {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(KIND);
  wallet.value = undefined;
}
