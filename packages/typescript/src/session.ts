// The secrets of an owner's sessions. Nothing is stored: they follow from the wallet and the session's
// counter, so a lost machine loses nothing.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { concat, fromHex, toBase64, toBase64Url, fromBase64, toHex, utf8 } from './bytes.js';
import { badInput } from './errors.js';
import type { OwnSession, SessionAuth } from './messages/billing.js';
import type { AminoSigner } from './permit.js';
import { sha256 } from './receipts.js';

/** HKDF's salt, the same as in packages/chain-client/src/wallet.rs. */
const SALT = utf8('secret-ai/wallet-secrets/1');

/** Derives the secrets of all sessions of one wallet with one billing contract. */
export class SessionSecrets {
  private constructor(
    private readonly root: Uint8Array,
    private readonly billing: string,
  ) {}

  /**
   * From the wallet's private key, 32 bytes: the secrets that the CLI `secret-ai` derives from the same
   * wallet, so that both see the same sessions.
   */
  static fromPrivateKey(key: Uint8Array, billing: string): SessionSecrets {
    if (key.length !== 32) throw badInput('private key', `${key.length} bytes, must be 32`);
    return new SessionSecrets(key, billing);
  }

  /**
   * From a wallet that only signs, such as Keplr: its signature over a fixed text (ADR-36) is the root. Such
   * wallets sign deterministically (RFC 6979), so the same wallet finds its sessions again; secretjs' own
   * `Wallet` does not, but has a private key to give. The CLI finds other sessions. The text names the billing
   * contract, and warns: whoever gets this signature gets the sessions.
   */
  static async fromSigner(
    signer: AminoSigner,
    address: string,
    billing: string,
  ): Promise<SessionSecrets> {
    const text =
      'Secret AI: open my sessions.\n\n' +
      `Billing contract: ${billing}\n\n` +
      'Whoever has this signature can use your sessions. Sign only where you use Secret AI.';
    const data = toBase64(utf8(text));
    const { signature } = await signer.signAmino(address, {
      chain_id: '',
      account_number: '0',
      sequence: '0',
      fee: { gas: '0', amount: [] },
      msgs: [{ type: 'sign/MsgSignData', value: { signer: address, data } }],
      memo: '',
    });
    return new SessionSecrets(sha256(fromBase64(signature.signature, 'signature')), billing);
  }

  private derive(label: string, counter: number): Uint8Array {
    return hkdf(sha256, this.root, SALT, utf8(`${label}/${this.billing}/${counter}`), 32);
  }

  /** The 32-byte bearer secret of the owner's session with this counter. */
  bearer(counter: number): Uint8Array {
    return this.derive('secret-ai/bearer/1', counter);
  }

  /** The signing key, 32 bytes, of the owner's session with this counter. */
  key(counter: number): Uint8Array {
    return this.derive('secret-ai/session-key/1', counter);
  }

  /** The compressed public half of {@link key}. */
  publicKey(counter: number): Uint8Array {
    return secp256k1.getPublicKey(this.key(counter), true);
  }

  /** What to put into `open_sessions`: a bearer secret's digest, or a countersigning key. */
  auth(counter: number, countersign: boolean): SessionAuth {
    return countersign
      ? { k: toHex(this.publicKey(counter)) }
      : { h: toHex(sha256(this.bearer(counter))) };
  }

  /** Whether the session was opened with these secrets. */
  owns(own: OwnSession): boolean {
    const { auth } = own.session;
    const mine = this.auth(own.counter, 'k' in auth);
    return JSON.stringify(auth).toLowerCase() === JSON.stringify(mine);
  }

  /**
   * The API key of a bearer session, for any program that speaks OpenAI's API: `sk-` and base64url of
   * session id, worker id and secret.
   *
   * @throws SecretAiError if the session has a signing key instead, or was opened with other secrets.
   */
  apiKey(own: OwnSession): string {
    if ('k' in own.session.auth || !this.owns(own)) {
      throw badInput('session', 'has no bearer secret of this wallet');
    }
    const { session_id, worker_id } = own.session;
    const ids = [fromHex(session_id, 'session_id', 16), fromHex(worker_id, 'worker_id', 16)];
    return `sk-${toBase64Url(concat(...ids, this.bearer(own.counter)))}`;
  }
}
