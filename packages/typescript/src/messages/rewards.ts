// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

import type { Addr, Binary, ChannelInfoAnswer, Contract, Hex32, Permit, RevocationsAnswer, RevokedInterval, SignedSeedUpdate, Uint128, Viewer } from './common.js';

/**
 * State-changing messages.
 */
export type ExecuteMsg =
  | {
      credit: {
        sealed: Binary;
      };
    }
  | {
      claim: {
        /**
         * All if absent, also if that is nothing.
         */
        amount?: Uint128 | null;
        padding?: string | null;
        token: Addr;
      };
    }
  | {
      create_viewing_key: {
        entropy: string;
        padding?: string | null;
      };
    }
  | {
      set_viewing_key: {
        /**
         * 8 to 128 bytes.
         */
        key: string;
        padding?: string | null;
      };
    }
  | {
      revoke_permit: {
        padding?: string | null;
        permit_name: string;
      };
    }
  | {
      update_seed: {
        padding?: string | null;
        signed_doc: SignedSeedUpdate;
      };
    }
  | {
      revoke_all_permits: {
        interval?: RevokedInterval;
        padding?: string | null;
      };
    }
  | {
      delete_permit_revocation: {
        padding?: string | null;
        revocation_id: string;
      };
    };
/**
 * What a permit query answers: the bare answer of the query that was asked.
 */
export type PermitAnswer = EarningsAnswer | ChannelInfoAnswer | RevocationsAnswer;
/**
 * Queries that a permit opens.
 */
export type PermitQuery =
  | {
      earnings: {};
    }
  | {
      channel_info: {
        /**
         * Ids from `list_channels`.
         */
        channels: string[];
        /**
         * Asks for the notification ids in this transaction too; 64 hex digits.
         */
        txhash?: string | null;
      };
    }
  | {
      list_permit_revocations: {
        /**
         * 0 if absent.
         */
        page?: number | null;
        /**
         * All if absent.
         */
        page_size?: number | null;
      };
    };
/**
 * Read-only queries.
 */
export type QueryMsg =
  | {
      config: {};
    }
  | {
      earnings: {
        address: Addr;
        key: string;
      };
    }
  | {
      list_channels: {};
    }
  | {
      channel_info: {
        /**
         * Ids from `list_channels`.
         */
        channels: string[];
        /**
         * Asks for the notification ids in this transaction too; 64 hex digits.
         */
        txhash?: string | null;
        viewer: Viewer;
      };
    }
  | {
      list_permit_revocations: {
        /**
         * 0 if absent.
         */
        page?: number | null;
        /**
         * All if absent.
         */
        page_size?: number | null;
        viewer: Viewer;
      };
    }
  | {
      with_permit: {
        permit: Permit;
        query: PermitQuery;
      };
    };

export interface Unused {
  [k: string]: unknown;
}
/**
 * Answer to `claim`.
 */
export interface ClaimAnswer {
  /**
   * Base units paid out.
   */
  amount: Uint128;
}
export interface ConfigAnswer {
  billing: Contract;
  /**
   * X25519 key under which billing seals messages for this contract.
   */
  sealing_pk: Hex32;
}
/**
 * What one operator earned in one token, in base units.
 */
export interface Earnings {
  claimed: Uint128;
  earned: Uint128;
  token: Addr;
}
export interface EarningsAnswer {
  /**
   * One row per token that billing accepts.
   */
  earnings: Earnings[];
}
/**
 * Creates a rewards contract for one billing contract, whose sealing key it asks for.
 */
export interface InstantiateMsg {
  billing: Contract;
}
