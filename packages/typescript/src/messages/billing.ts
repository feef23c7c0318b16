// Made by `npm run generate` from schema/ (`make schema`); a test compares. Do not edit.

import type { Addr, Binary, ChannelInfoAnswer, Contract, Hex16, Hex20, Hex32, Hex33, Permit, RevocationsAnswer, RevokedInterval, SignedSeedUpdate, Uint128, Unit, Viewer } from './common.js';

/**
 * What became of one settled entry.
 */
export type EntryStatus =
  'pending' | 'bad_receipt' | 'bad_ack' | 'unknown_kid' | 'lease_over' | 'too_many_pages' | 'bad_signature';
/**
 * State-changing messages.
 */
export type ExecuteMsg =
  | {
      receive: {
        amount: Uint128;
        /**
         * Whose tokens they were.
         */
        from: Addr;
        memo?: string | null;
        msg?: Binary | null;
        /**
         * Who called the token.
         */
        sender: Addr;
      };
    }
  | {
      open_sessions: {
        padding?: string | null;
        /**
         * 1 to 8.
         */
        sessions: OpenSession[];
        /**
         * Address of the token.
         */
        token: Addr;
      };
    }
  | {
      settle: {
        /**
         * 0 to 4.
         */
        entries: SettleEntry[];
        /**
         * The receipt key that signed all of them.
         */
        kid: Hex20;
        padding?: string | null;
      };
    }
  | {
      finalize: {
        /**
         * Must have ended.
         */
        epoch: number;
        /**
         * Sessions that this batch touches, 1 to 16: always as many, filled up with decoys.
         */
        limit: number;
        padding?: string | null;
      };
    }
  | {
      close_session: {
        padding?: string | null;
        session_id: Hex16;
      };
    }
  | {
      reclaim: {
        padding?: string | null;
        /**
         * 1 to 8.
         */
        session_ids: Hex16[];
      };
    }
  | {
      withdraw: {
        /**
         * All of the free balance if absent, also if that is nothing.
         */
        amount?: Uint128 | null;
        padding?: string | null;
        /**
         * Address of the token.
         */
        token: Addr;
      };
    }
  | {
      payout: {
        amount: Uint128;
        padding?: string | null;
        recipient: Addr;
        token: Addr;
      };
    }
  | {
      link_rewards: {
        rewards: Contract;
      };
    }
  | {
      pause: {};
    }
  | {
      unpause: {};
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
 * How requests of a session are authenticated to the worker.
 */
export type SessionAuth =
  | {
      h: Hex32;
    }
  | {
      k: Hex33;
    };
export type SessionStatus = 'open' | 'closing' | 'ended' | 'reclaimed';
/**
 * What a permit query answers: the bare answer of the query that was asked.
 */
export type PermitAnswer = AccountAnswer | SessionsAnswer | ChannelInfoAnswer | RevocationsAnswer;
/**
 * Queries that a permit opens.
 */
export type PermitQuery =
  | {
      account: {};
    }
  | {
      sessions: {
        /**
         * At most 30, the default.
         */
        limit?: number | null;
        /**
         * Counter of the first session wanted; 0 if absent.
         */
        start?: number | null;
      };
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
 * Read-only queries. Private ones are authenticated by viewing key or permit; one that fails tells nobody whether the account exists.
 */
export type QueryMsg =
  | {
      config: {};
    }
  | {
      clock: {};
    }
  | {
      account: {
        address: Addr;
        key: string;
      };
    }
  | {
      sessions: {
        address: Addr;
        key: string;
        /**
         * At most 30, the default.
         */
        limit?: number | null;
        /**
         * Counter of the first session wanted; 0 if absent.
         */
        start?: number | null;
      };
    }
  | {
      session: {
        auth: SessionAuth;
        session_id: Hex16;
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
/**
 * What a SNIP-20 `send` to billing carries in its `msg`.
 */
export type ReceiveMsg =
  | {
      deposit: {
        /**
         * Whose balance; the owner of the tokens if absent.
         */
        beneficiary?: Addr | null;
        padding?: string | null;
      };
    }
  | {
      open_sessions: {
        padding?: string | null;
        /**
         * 1 to 8.
         */
        sessions: OpenSession[];
      };
    };

export interface Unused {
  [k: string]: unknown;
}
export interface AccountAnswer {
  balances: Balance[];
  /**
   * Sessions ever opened; the next one gets this counter.
   */
  sessions: number;
}
export interface Balance {
  /**
   * Free balance in base units.
   */
  free: Uint128;
  token: Addr;
}
export interface ClockAnswer {
  epoch: number;
  /**
   * Epochs before this one are finalized.
   */
  finalized_before: number;
  /**
   * Unix seconds of contract time.
   */
  now: number;
  paused: boolean;
  /**
   * Entries of pages, empty ones included, that wait for `finalize`, in whatever epoch.
   */
  pending: number;
}
export interface ConfigAnswer {
  admin: Addr;
  registry: Contract;
  rewards?: Contract | null;
  /**
   * X25519 key under which rewards seals messages for this contract.
   */
  sealing_pk: Hex32;
  timing: Timing;
  tokens: TokenConfig[];
}
/**
 * Lengths of the protocol's windows, in seconds of contract time.
 */
export interface Timing {
  /**
   * How long after `close_session` receipts still settle; up to `grace_s`.
   */
  challenge_s: number;
  /**
   * Length of an epoch, 1 to 86,400.
   */
  epoch_s: number;
  /**
   * How long after a session's `expires`, and after a lease, receipts still settle; up to 2,592,000.
   */
  grace_s: number;
}
/**
 * A SNIP-20 token that billing accepts.
 */
export interface TokenConfig {
  contract: Contract;
  /**
   * Smallest deposit, in base units.
   */
  min_deposit: Uint128;
}
/**
 * The terms of a session; they never change.
 */
export interface OpenSession {
  /**
   * Who may send requests.
   */
  auth:
    | {
        h: Hex32;
      }
    | {
        k: Hex33;
      };
  /**
   * Most that the session can cost, in base units; moved out of the free balance.
   */
  cap: Uint128;
  /**
   * Unix seconds of contract time after which the worker must not serve.
   */
  expires: number;
  /**
   * 1 to 8 lines, one per (model, unit).
   */
  lines: Line[];
  /**
   * Most that is paid beyond what the client countersigned, in base units; `cap` trusts the TEE alone.
   */
  slack: Uint128;
  /**
   * The one worker that may be paid.
   */
  worker_id: Hex16;
}
/**
 * One price of a session.
 */
export interface Line {
  /**
   * 1 to 64 bytes.
   */
  model: string;
  /**
   * Base units per 1,000,000 units, below 2⁵⁶.
   */
  rate: number;
  unit: Unit;
}
/**
 * One receipt, and the client's newest ack for it if there is one.
 */
export interface SettleEntry {
  /**
   * Encoded signed ack.
   */
  ack?: Binary | null;
  /**
   * Encoded signed receipt (docs/protocol.md).
   */
  receipt: Binary;
}
/**
 * Answer to `finalize`.
 */
export interface FinalizeAnswer {
  /**
   * Entries of pages, empty ones included, that this batch worked off; fewer than `limit` at the end of a cohort.
   */
  finalized: number;
  /**
   * Entries of pages, empty ones included, that still wait, in whatever epoch.
   */
  remaining: number;
}
/**
 * Creates a billing contract. It registers itself with every token.
 */
export interface InstantiateMsg {
  /**
   * May pause, unpause and link rewards once; the sender if absent.
   */
  admin?: string | null;
  registry: Contract;
  timing: Timing;
  /**
   * 1 to 4 tokens; the list never changes.
   */
  tokens: TokenConfig[];
}
/**
 * Answer to `open_sessions`.
 */
export interface OpenAnswer {
  session_ids: Hex16[];
}
/**
 * A session with its place among the owner's.
 */
export interface OwnSession {
  /**
   * The owner's first session has counter 0.
   */
  counter: number;
  session: SessionAnswer;
}
export interface SessionAnswer {
  auth: SessionAuth;
  cap: Uint128;
  /**
   * Units paid for so far, one per line.
   */
  counters: number[];
  /**
   * After this, unix seconds of contract time, no receipt counts.
   */
  deadline: number;
  /**
   * Unix seconds of contract time.
   */
  expires: number;
  /**
   * Receipt keys that were finalized for this session, at most `MAX_KEYS`; further ones are not paid.
   */
  keys: Hex20[];
  lines: Line[];
  /**
   * Paid so far, base units.
   */
  paid: Uint128;
  session_id: Hex16;
  slack: Uint128;
  status: SessionStatus;
  token: Addr;
  worker_id: Hex16;
}
export interface SessionsAnswer {
  sessions: OwnSession[];
  /**
   * Sessions ever opened by this account.
   */
  total: number;
}
/**
 * Answer to `reclaim`.
 */
export interface ReclaimAnswer {
  /**
   * One per session, in order: base units moved, `None` if the session has not ended yet.
   */
  reclaimed: (Uint128 | null)[];
}
/**
 * Answer to `settle`.
 */
export interface SettleAnswer {
  /**
   * Epoch that the entries joined.
   */
  epoch: number;
  /**
   * One per entry, in order; all `unknown_kid`, `lease_over` or `too_many_pages` if nothing of the key is taken.
   */
  statuses: EntryStatus[];
}
/**
 * Answer to `withdraw`.
 */
export interface WithdrawAnswer {
  amount: Uint128;
}
