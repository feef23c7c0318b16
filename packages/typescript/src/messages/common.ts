// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

/**
 * Address of an account or contract, `secret1…`.
 */
export type Addr = string;
/**
 * Bytes in base64.
 */
export type Binary = string;
/**
 * How notification ids are made.
 */
export type ChannelMode = 'txhash';
/**
 * Answer to `channel_info`.
 */
export type ChannelInfoAnswer = {
  channel_info: {
    /**
     * Height at which this is so.
     */
    as_of_block: string;
    /**
     * In the order asked for.
     */
    channels: ChannelInfo[];
    /**
     * Bytes in base64.
     */
    seed: string;
  };
};
export type Hex16 = string;
export type Hex20 = string;
export type Hex32 = string;
export type Hex33 = string;
/**
 * Answer to `list_channels`.
 */
export type ListChannelsAnswer = {
  list_channels: {
    channels: string[];
  };
};
export type Permission = string;
/**
 * A whole number below 2⁶⁴, as decimal text.
 */
export type Uint64 = string;
/**
 * A whole number below 2¹²⁸, as decimal text.
 */
export type Uint128 = string;
/**
 * What is counted. Classes are disjoint: `input` excludes cached and audio tokens, `output` includes reasoning tokens.
 */
export type Unit = 'input' | 'cached_input' | 'output' | 'image' | 'audio_ms' | 'embedding' | 'request';
/**
 * Answer to `update_seed`.
 */
export type UpdateSeedAnswer = {
  update_seed: {
    /**
     * Bytes in base64.
     */
    seed: string;
  };
};

export interface Unused {
  [k: string]: unknown;
}
/**
 * One channel, as an account sees it.
 */
export interface ChannelInfo {
  /**
   * The notification id in the transaction that the query named.
   */
  answer_id?: Binary | null;
  /**
   * Form of the notifications' CBOR (RFC 8610).
   */
  cddl: string;
  channel: string;
  mode: ChannelMode;
  /**
   * Bytes in base64.
   */
  seed: string;
}
/**
 * Another contract, as one must name it to call it on Secret Network.
 */
export interface Contract {
  /**
   * `secret1…`
   */
  address: string;
  /**
   * Lower-case hex SHA-256 of the contract's wasm, 64 characters.
   */
  code_hash: string;
}
/**
 * A SNIP-24 query permit: an amino-signed document that proves ownership of an address off chain.
 */
export interface Permit {
  params: PermitParams;
  signature: PermitSignature;
}
/**
 * What the wallet signed.
 */
export interface PermitParams {
  /**
   * Contracts for which the permit is good, or `ANY_TOKEN` alone.
   */
  allowed_tokens: string[];
  /**
   * Chain for which it was signed; must be this chain.
   */
  chain_id: string;
  /**
   * When it was signed, if it says so; must say so if it is good for any contract. Not good before this date.
   */
  created?: string | null;
  /**
   * Not good from this date on; for ever if absent.
   */
  expires?: string | null;
  /**
   * What it allows; `owner` is what our contracts ask for.
   */
  permissions: Permission[];
  /**
   * The name under which the permit can be revoked, at most 128 bytes.
   */
  permit_name: string;
}
/**
 * Signature over the amino JSON sign document.
 */
export interface PermitSignature {
  pub_key: PermitPublicKey;
  /**
   * Bytes in base64.
   */
  signature: string;
}
/**
 * The signer's key.
 */
export interface PermitPublicKey {
  /**
   * `tendermint/PubKeySecp256k1`.
   */
  type: string;
  /**
   * Bytes in base64.
   */
  value: string;
}
/**
 * The signed content of a permit (SNIP-24, "Permit content"; SNIP-24.1). Dates are `YYYY-MM-DDThh:mm:ss.sssZ`, from 1970 to 9999.
 */
export interface PermitParams1 {
  /**
   * Contracts for which the permit is good, or `ANY_TOKEN` alone.
   */
  allowed_tokens: string[];
  /**
   * Chain for which it was signed; must be this chain.
   */
  chain_id: string;
  /**
   * When it was signed, if it says so; must say so if it is good for any contract. Not good before this date.
   */
  created?: string | null;
  /**
   * Not good from this date on; for ever if absent.
   */
  expires?: string | null;
  /**
   * What it allows; `owner` is what our contracts ask for.
   */
  permissions: Permission[];
  /**
   * The name under which the permit can be revoked, at most 128 bytes.
   */
  permit_name: string;
}
/**
 * Amino's typed public key.
 */
export interface PermitPublicKey1 {
  /**
   * `tendermint/PubKeySecp256k1`.
   */
  type: string;
  /**
   * Bytes in base64.
   */
  value: string;
}
/**
 * One revocation that holds.
 */
export interface PermitRevocation {
  interval: RevokedInterval;
  /**
   * Its number, or `REVOKED_ALL`.
   */
  revocation_id: string;
}
/**
 * Which permits a revocation ends, by their `created` (SNIP-24.1): those for which both bounds hold, and those without a date. Without bounds: all permits.
 */
export interface RevokedInterval {
  /**
   * Permits created after this time, Unix seconds; must be less than `created_before`.
   */
  created_after?: Uint64 | null;
  /**
   * Permits created before this time, Unix seconds.
   */
  created_before?: Uint64 | null;
}
/**
 * A secp256k1 signature with its public key, in the amino form that wallets return.
 */
export interface PermitSignature1 {
  pub_key: PermitPublicKey;
  /**
   * Bytes in base64.
   */
  signature: string;
}
/**
 * The answer to `revoke_all_permits`.
 */
export interface RevocationAnswer {
  /**
   * What `delete_permit_revocation` takes; `REVOKED_ALL` if the interval had no bounds.
   */
  revocation_id: string;
}
/**
 * The answer to `list_permit_revocations`.
 */
export interface RevocationsAnswer {
  /**
   * Oldest first; `REVOKED_ALL` at the end.
   */
  revocations: PermitRevocation[];
}
/**
 * The signed content. The contract knows all of it; what is given must agree.
 */
export interface SeedUpdateParams {
  /**
   * Must be this chain.
   */
  chain_id: string;
  /**
   * Must be this contract.
   */
  contract?: Addr | null;
  /**
   * Must be the sender's seed so far.
   */
  previous_seed?: Binary | null;
}
/**
 * What a wallet signs to choose a new notification seed (SNIP-52, "UpdateSeed Method").
 */
export interface SignedSeedUpdate {
  params: SeedUpdateParams;
  signature: PermitSignature2;
}
/**
 * Signature over the amino JSON sign document; its SHA-256 becomes the seed.
 */
export interface PermitSignature2 {
  pub_key: PermitPublicKey;
  /**
   * Bytes in base64.
   */
  signature: string;
}
/**
 * Who asks with the viewing key of an account (SNIP-24.1, SNIP-52).
 */
export interface Viewer {
  address: Addr;
  viewing_key: string;
}
/**
 * The answer to `create_viewing_key`.
 */
export interface ViewingKeyAnswer {
  /**
   * The new key, to be sent with queries.
   */
  key: string;
}
