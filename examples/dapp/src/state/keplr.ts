/** Keplr, as far as this page uses it beyond the library (docs.keplr.app). */
import type { Keplr as SigningKeplr } from "secret-ai";
import type { EncryptionUtils } from "secretjs";
import { Problem } from "./node";
import type { Network } from "./settings";

/** `window.keplr`. */
export interface Keplr extends SigningKeplr {
  enable(chainId: string): Promise<void>;
  experimentalSuggestChain(info: ChainInfo): Promise<void>;
  getEnigmaUtils(chainId: string): EncryptionUtils;
}

/** The extension. */
export function keplrOf(): Keplr {
  const found = (window as { keplr?: Keplr }).keplr;
  if (!found) throw new Problem("Keplr: there is no such extension in this browser");
  return found;
}

interface Currency {
  coinDenom: string;
  coinMinimalDenom: string;
  coinDecimals: number;
}

/** A chain, as Keplr wants it described. */
export interface ChainInfo {
  chainId: string;
  chainName: string;
  rpc: string;
  rest: string;
  bip44: { coinType: number };
  bech32Config: Record<string, string>;
  currencies: Currency[];
  feeCurrencies: (Currency & { gasPriceStep: { low: number; average: number; high: number } })[];
  stakeCurrency: Currency;
  features: string[];
}

/** Asks Keplr for access; a chain that it does not know it is asked to add. */
export async function enable(keplr: Keplr, at: Network): Promise<void> {
  try {
    await keplr.enable(at.chainId);
  } catch (error) {
    if (!/no chain info|unknown chain|no modular chain/i.test(String(error))) throw error;
    await keplr.experimentalSuggestChain(suggestion(at));
    await keplr.enable(at.chainId);
  }
}

function suggestion(at: Network): ChainInfo {
  const scrt = { coinDenom: "SCRT", coinMinimalDenom: "uscrt", coinDecimals: 6 };
  const prefix = "secret";
  return {
    chainId: at.chainId,
    chainName: `Secret (${at.chainId})`,
    // Keplr wants an RPC address too; this page asks the LCD only.
    rpc: at.lcdUrl,
    rest: at.lcdUrl,
    bip44: { coinType: 529 },
    bech32Config: {
      bech32PrefixAccAddr: prefix,
      bech32PrefixAccPub: `${prefix}pub`,
      bech32PrefixValAddr: `${prefix}valoper`,
      bech32PrefixValPub: `${prefix}valoperpub`,
      bech32PrefixConsAddr: `${prefix}valcons`,
      bech32PrefixConsPub: `${prefix}valconspub`,
    },
    currencies: [scrt],
    feeCurrencies: [{ ...scrt, gasPriceStep: { low: 0.1, average: 0.1, high: 0.25 } }],
    stakeCurrency: scrt,
    features: ["secretwasm"],
  };
}
