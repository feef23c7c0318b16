// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

import type { Addr, Binary, Permit, PermitRevocation, RevokedInterval, Uint128, Viewer } from './common.js';

/**
 * State-changing messages. Amounts are base units, `expiration` is unix seconds.
 */
export type ExecuteMsg =
  | {
      transfer: {
        amount: Uint128;
        memo?: string | null;
        padding?: string | null;
        recipient: string;
      };
    }
  | {
      send: {
        amount: Uint128;
        memo?: string | null;
        msg?: Binary | null;
        padding?: string | null;
        recipient: string;
        recipient_code_hash?: string | null;
      };
    }
  | {
      register_receive: {
        code_hash: string;
        padding?: string | null;
      };
    }
  | {
      increase_allowance: {
        amount: Uint128;
        expiration?: number | null;
        padding?: string | null;
        spender: string;
      };
    }
  | {
      decrease_allowance: {
        amount: Uint128;
        expiration?: number | null;
        padding?: string | null;
        spender: string;
      };
    }
  | {
      transfer_from: {
        amount: Uint128;
        memo?: string | null;
        owner: string;
        padding?: string | null;
        recipient: string;
      };
    }
  | {
      send_from: {
        amount: Uint128;
        memo?: string | null;
        msg?: Binary | null;
        owner: string;
        padding?: string | null;
        recipient: string;
        recipient_code_hash?: string | null;
      };
    }
  | {
      create_viewing_key: {
        entropy?: string | null;
        padding?: string | null;
      };
    }
  | {
      set_viewing_key: {
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
    }
  | {
      mint: {
        amount: Uint128;
        memo?: string | null;
        padding?: string | null;
        recipient: string;
      };
    }
  | {
      set_minters: {
        minters: string[];
        padding?: string | null;
      };
    };
/**
 * Answers of queries.
 */
export type QueryAnswer =
  | {
      token_info: {
        decimals: number;
        name: string;
        symbol: string;
        /**
         * Base units; absent unless public.
         */
        total_supply?: Uint128 | null;
      };
    }
  | {
      token_config: {
        burn_enabled: boolean;
        deposit_enabled: boolean;
        mint_enabled: boolean;
        public_total_supply: boolean;
        redeem_enabled: boolean;
        supported_denoms: string[];
      };
    }
  | {
      minters: {
        minters: Addr[];
      };
    }
  | {
      balance: {
        amount: Uint128;
      };
    }
  | {
      allowance: {
        allowance: Uint128;
        /**
         * Unix seconds.
         */
        expiration?: number | null;
        owner: Addr;
        spender: Addr;
      };
    }
  | {
      list_permit_revocations: {
        /**
         * Oldest first; `REVOKED_ALL` at the end.
         */
        revocations: PermitRevocation[];
      };
    }
  | {
      viewing_key_error: {
        msg: string;
      };
    };
/**
 * Queries.
 */
export type QueryMsg =
  | {
      token_info: {};
    }
  | {
      token_config: {};
    }
  | {
      minters: {};
    }
  | {
      balance: {
        address: string;
        key: string;
      };
    }
  | {
      allowance: {
        key: string;
        owner: string;
        spender: string;
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
        query: QueryWithPermit;
      };
    };
/**
 * What a permit's holder may ask.
 */
export type QueryWithPermit =
  | {
      balance: {};
    }
  | {
      allowance: {
        owner: string;
        spender: string;
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

export interface Unused {
  [k: string]: unknown;
}
/**
 * Switches of a token; absent means `false`. What this token lacks must not be switched on.
 */
export interface InitConfig {
  can_modify_denoms?: boolean | null;
  enable_burn?: boolean | null;
  enable_deposit?: boolean | null;
  /**
   * Whether minters may mint; the admin is the first minter.
   */
  enable_mint?: boolean | null;
  enable_redeem?: boolean | null;
  /**
   * Whether `token_info` tells the total supply.
   */
  public_total_supply?: boolean | null;
}
/**
 * A balance that exists from the start.
 */
export interface InitialBalance {
  address: string;
  /**
   * Base units.
   */
  amount: Uint128;
}
/**
 * Creates a token.
 */
export interface InstantiateMsg {
  /**
   * Names the minters; the sender if absent.
   */
  admin?: string | null;
  config?: InitConfig | null;
  /**
   * 0 to 18.
   */
  decimals: number;
  /**
   * What exists from the start, in base units; an address may appear more than once.
   */
  initial_balances?: InitialBalance[] | null;
  /**
   * 3 to 30 bytes.
   */
  name: string;
  /**
   * Part of the standard, not used: randomness comes from the chain.
   */
  prng_seed: Binary;
  /**
   * 3 to 20 ASCII letters or digits.
   */
  symbol: string;
}
