// Query permits (SNIP-24, SNIP-24.1): a wallet signs, off chain, that the bearer may read what the wallet
// owns, until a date.
import { badInput } from './errors.js';
import type { Permit } from './messages/common.js';

/** An amino sign document. */
export interface SignDoc {
  readonly chain_id: string;
  readonly account_number: string;
  readonly sequence: string;
  readonly fee: { readonly amount: readonly { denom: string; amount: string }[]; readonly gas: string };
  readonly msgs: readonly { readonly type: string; readonly value: object }[];
  readonly memo: string;
}

/** What a wallet answers. */
export interface SignAnswer {
  readonly signed: SignDoc;
  readonly signature: { readonly pub_key: { type: string; value: string }; readonly signature: string };
}

/** What signs: secretjs' `Wallet`, Keplr's amino signer, or {@link keplrSigner}. */
export interface AminoSigner {
  signAmino(address: string, doc: SignDoc): Promise<SignAnswer>;
  /** If present, signs permits: wallets may otherwise put a fee into the document. */
  signPermit?(address: string, doc: SignDoc): Promise<SignAnswer>;
}

/** What a permit is for. */
export interface PermitTerms {
  chainId: string;
  /** Contracts that it opens. */
  contracts: string[];
  /** Name under which it can be revoked, at most 128 bytes. */
  name: string;
  /** Unix seconds: not good before. */
  created: number;
  /** Unix seconds: not good from then on. */
  expires: number;
}

/** A permit to read everything that `address` owns in the contracts. */
export async function ownerPermit(
  signer: AminoSigner,
  address: string,
  terms: PermitTerms,
): Promise<Permit> {
  const params = {
    allowed_tokens: terms.contracts,
    created: date(terms.created),
    expires: date(terms.expires),
    permit_name: terms.name,
    permissions: ['owner'],
  };
  const doc: SignDoc = {
    chain_id: terms.chainId,
    account_number: '0',
    sequence: '0',
    fee: { amount: [{ denom: 'uscrt', amount: '0' }], gas: '1' },
    msgs: [{ type: 'query_permit', value: params }],
    memo: '',
  };
  const sign = signer.signPermit ?? signer.signAmino;
  const { signed, signature } = await sign.call(signer, address, doc);
  if (signed.fee.gas !== doc.fee.gas || signed.fee.amount[0]?.amount !== '0' || signed.memo !== '') {
    throw badInput('permit', 'the wallet signed it with another fee or memo; use keplrSigner');
  }
  return {
    params: { ...params, chain_id: terms.chainId },
    signature: { pub_key: signature.pub_key, signature: signature.signature },
  };
}

/** The date form of SNIP-24.1, `YYYY-MM-DDThh:mm:ss.sssZ`. */
function date(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** The part of Keplr's (or a wallet's that behaves like it) API that is used here. */
export interface Keplr {
  getKey(chainId: string): Promise<{ bech32Address: string; algo: string; pubKey: Uint8Array }>;
  signAmino(chainId: string, signer: string, doc: SignDoc, options?: object): Promise<SignAnswer>;
}

/**
 * Keplr as a signer for secretjs and for this library. Permits are signed with the fee and memo that they
 * must have; Keplr would otherwise fill in its own.
 */
export function keplrSigner(keplr: Keplr, chainId: string) {
  return {
    async getAccounts() {
      const { bech32Address, pubKey } = await keplr.getKey(chainId);
      return [{ address: bech32Address, algo: 'secp256k1' as const, pubkey: pubKey }];
    },
    // ADR-36 documents have no chain id; Keplr shows them as the text that they are.
    signAmino: (address: string, doc: SignDoc) =>
      keplr.signAmino(chainId, address, doc, doc.chain_id === '' ? { isADR36WithString: true } : {}),
    signPermit: (address: string, doc: SignDoc) =>
      keplr.signAmino(chainId, address, doc, {
        preferNoSetFee: true,
        preferNoSetMemo: true,
        disableBalanceCheck: true,
      }),
  };
}
