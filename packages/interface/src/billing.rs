//! Billing: token vault, accounts, sessions, settlement.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary, Uint128};

use crate::auth::{Permit, RevocationsAnswer, RevokedInterval, Viewer};
use crate::notifications::{ChannelInfoAnswer, SignedSeedUpdate};
use crate::{Contract, Digest, Hex, Kid, PublicKey, SessionId, Unit, WorkerId};

/// Most tokens that one billing contract accepts.
pub const MAX_TOKENS: usize = 4;
/// Most sessions opened, or reclaimed, by one message.
pub const MAX_SESSIONS_PER_MESSAGE: usize = 8;
/// Entries of one page: what one `settle` brings. A page with fewer is filled with empty ones.
pub const PAGE_ENTRIES: usize = 4;
/// Most sessions that one `finalize` touches.
pub const MAX_BATCH: usize = 16;
/// Most pages that are mixed with each other (docs/privacy.md, P4).
pub const MAX_COHORT: usize = 32;
/// Most receipt keys (boots of the worker) that one session pays.
pub const MAX_KEYS: usize = 4;

/// Creates a billing contract. It registers itself with every token.
#[cw_serde]
pub struct InstantiateMsg {
    /// May pause, unpause and link rewards once; the sender if absent.
    pub admin: Option<String>,
    pub registry: Contract,
    /// 1 to 4 tokens; the list never changes.
    pub tokens: Vec<TokenConfig>,
    pub timing: Timing,
}

/// A SNIP-20 token that billing accepts.
#[cw_serde]
#[derive(Eq)]
pub struct TokenConfig {
    pub contract: Contract,
    /// Smallest deposit, in base units.
    pub min_deposit: Uint128,
}

/// Lengths of the protocol's windows, in seconds of contract time.
#[cw_serde]
#[derive(Eq, Copy)]
pub struct Timing {
    /// Length of an epoch, 1 to 86,400.
    pub epoch_s: u64,
    /// How long after a session's `expires`, and after a lease, receipts still settle; up to 2,592,000.
    pub grace_s: u64,
    /// How long after `close_session` receipts still settle; up to `grace_s`.
    pub challenge_s: u64,
}

/// State-changing messages.
#[cw_serde]
pub enum ExecuteMsg {
    /// From an accepted token only (SNIP-20): credits a deposit. `msg` is a [`ReceiveMsg`].
    Receive {
        /// Who called the token.
        sender: Addr,
        /// Whose tokens they were.
        from: Addr,
        amount: Uint128,
        memo: Option<String>,
        msg: Option<Binary>,
    },
    /// Opens sessions out of the free balance. Answer: [`OpenAnswer`].
    OpenSessions {
        /// Address of the token.
        token: Addr,
        /// 1 to 8.
        sessions: Vec<OpenSession>,
        padding: Option<String>,
    },
    /// Hands in the newest receipts of one receipt key, one page of them; a page looks the same
    /// whatever is in it. A bad entry gets a status and harms no other. Anyone may send good
    /// entries; a page without one is cover traffic, kept for the key's operator only.
    /// Answer: [`SettleAnswer`].
    Settle {
        /// The receipt key that signed all of them.
        kid: Kid,
        /// 0 to 4.
        entries: Vec<SettleEntry>,
        padding: Option<String>,
    },
    /// Anyone: prices and pays what was settled in ended epochs up to this one: the oldest cohort
    /// of pages, mixed. Answer: [`FinalizeAnswer`].
    Finalize {
        /// Must have ended.
        epoch: u64,
        /// Sessions that this batch touches, 1 to 16: always as many, filled up with decoys.
        limit: u32,
        padding: Option<String>,
    },
    /// Owner: ends a session early; receipts settle for the challenge window.
    CloseSession {
        session_id: SessionId,
        padding: Option<String>,
    },
    /// Owner: moves what ended sessions left back to the free balance. Sessions that have not
    /// ended yet are skipped. Answer: [`ReclaimAnswer`].
    Reclaim {
        /// 1 to 8.
        session_ids: Vec<SessionId>,
        padding: Option<String>,
    },
    /// Owner: takes free balance out; at once, never paused. Answer: [`WithdrawAnswer`].
    Withdraw {
        /// Address of the token.
        token: Addr,
        /// All of the free balance if absent, also if that is nothing.
        amount: Option<Uint128>,
        padding: Option<String>,
    },
    /// From the rewards contract only: pays a claim out of the vault.
    Payout {
        token: Addr,
        recipient: Addr,
        amount: Uint128,
        padding: Option<String>,
    },
    /// Admin, once: names the rewards contract, which must already name this one.
    LinkRewards { rewards: Contract },
    /// Admin: stops `open_sessions` and `settle` and the contract's clock; lapses after 7 days and
    /// cannot be repeated for 7 more.
    Pause {},
    /// Admin: ends a pause.
    Unpause {},
    /// Makes a viewing key for the sender. Answer: [`crate::auth::ViewingKeyAnswer`].
    CreateViewingKey {
        entropy: String,
        padding: Option<String>,
    },
    /// Sets the sender's viewing key.
    SetViewingKey {
        /// 8 to 128 bytes.
        key: String,
        padding: Option<String>,
    },
    /// Makes the sender's permits of this name worthless.
    RevokePermit {
        permit_name: String,
        padding: Option<String>,
    },
    /// Sets the sender's notification seed (SNIP-52). Answer: [`UpdateSeedAnswer`].
    ///
    /// [`UpdateSeedAnswer`]: crate::notifications::UpdateSeedAnswer
    UpdateSeed {
        signed_doc: SignedSeedUpdate,
        padding: Option<String>,
    },
    /// Makes the sender's permits of an interval worthless, all of them if it has no bounds
    /// (SNIP-24.1). At most 10 intervals hold at a time. Answer:
    /// [`crate::auth::RevocationAnswer`].
    RevokeAllPermits {
        #[serde(default)]
        interval: RevokedInterval,
        padding: Option<String>,
    },
    /// Ends one of the sender's revocations.
    DeletePermitRevocation {
        revocation_id: String,
        padding: Option<String>,
    },
}

/// What a SNIP-20 `send` to billing carries in its `msg`.
#[cw_serde]
pub enum ReceiveMsg {
    /// Credits the free balance.
    Deposit {
        /// Whose balance; the owner of the tokens if absent.
        beneficiary: Option<Addr>,
        padding: Option<String>,
    },
    /// Credits the free balance of the owner, who must be the sender, and opens sessions out of it.
    OpenSessions {
        /// 1 to 8.
        sessions: Vec<OpenSession>,
        padding: Option<String>,
    },
}

/// The terms of a session; they never change.
#[cw_serde]
pub struct OpenSession {
    /// The one worker that may be paid.
    pub worker_id: WorkerId,
    /// 1 to 8 lines, one per (model, unit).
    pub lines: Vec<Line>,
    /// Most that the session can cost, in base units; moved out of the free balance.
    pub cap: Uint128,
    /// Most that is paid beyond what the client countersigned, in base units; `cap` trusts the TEE
    /// alone.
    pub slack: Uint128,
    /// Unix seconds of contract time after which the worker must not serve.
    pub expires: u64,
    /// Who may send requests.
    pub auth: SessionAuth,
}

/// One price of a session.
#[cw_serde]
#[derive(Eq)]
pub struct Line {
    /// 1 to 64 bytes.
    pub model: String,
    pub unit: Unit,
    /// Base units per 1,000,000 units, below 2⁵⁶.
    pub rate: u64,
}

/// How requests of a session are authenticated to the worker.
#[cw_serde]
#[derive(Eq)]
pub enum SessionAuth {
    /// SHA-256 of a 32-byte bearer secret.
    H(Digest),
    /// A secp256k1 key, which signs requests and acks.
    K(PublicKey),
}

/// One receipt, and the client's newest ack for it if there is one.
#[cw_serde]
pub struct SettleEntry {
    /// Encoded signed receipt (docs/protocol.md).
    pub receipt: Binary,
    /// Encoded signed ack.
    pub ack: Option<Binary>,
}

/// Answer to `open_sessions`.
#[cw_serde]
pub struct OpenAnswer {
    pub session_ids: Vec<SessionId>,
}

/// Answer to `settle`.
#[cw_serde]
pub struct SettleAnswer {
    /// Epoch that the entries joined.
    pub epoch: u64,
    /// One per entry, in order; all `unknown_kid` or `lease_over` if the key is no good.
    pub statuses: Vec<EntryStatus>,
}

/// What became of one settled entry.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum EntryStatus {
    /// Joined the epoch's pending set.
    Pending,
    /// Not an encoded receipt of this key.
    BadReceipt,
    /// Not an encoded ack, or an ack for another session, key or a later receipt.
    BadAck,
    /// The registry does not know the receipt key.
    UnknownKid,
    /// The key's lease ended longer ago than the grace.
    LeaseOver,
    /// The key's pages of this epoch are used up; hand it in again in the next epoch.
    TooManyPages,
    /// The receipt key did not sign this.
    BadSignature,
}

/// Answer to `finalize`.
#[cw_serde]
pub struct FinalizeAnswer {
    /// Entries of pages, empty ones included, that this batch worked off; fewer than `limit` at the
    /// end of a cohort.
    pub finalized: u32,
    /// Entries of pages, empty ones included, that still wait, in whatever epoch.
    pub remaining: u64,
}

/// Answer to `reclaim`.
#[cw_serde]
pub struct ReclaimAnswer {
    /// One per session, in order: base units moved, `None` if the session has not ended yet.
    pub reclaimed: Vec<Option<Uint128>>,
}

/// Answer to `withdraw`.
#[cw_serde]
pub struct WithdrawAnswer {
    pub amount: Uint128,
}

/// Read-only queries. Private ones are authenticated by viewing key or permit; one that fails
/// tells nobody whether the account exists.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigAnswer)]
    Config {},
    /// The contract's time and epochs.
    #[returns(ClockAnswer)]
    Clock {},
    #[returns(AccountAnswer)]
    Account { address: Addr, key: String },
    #[returns(SessionsAnswer)]
    Sessions {
        address: Addr,
        key: String,
        /// Counter of the first session wanted; 0 if absent.
        start: Option<u32>,
        /// At most 30, the default.
        limit: Option<u32>,
    },
    /// What the worker of a session sees. Whoever has the id and the authenticator may ask; the
    /// owner is not in the answer.
    #[returns(SessionAnswer)]
    Session {
        session_id: SessionId,
        auth: SessionAuth,
    },
    /// Channels of push notifications (SNIP-52).
    #[returns(crate::notifications::ListChannelsAnswer)]
    ListChannels {},
    /// What an account needs to find and read its notifications (SNIP-52).
    #[returns(ChannelInfoAnswer)]
    ChannelInfo {
        /// Ids from `list_channels`.
        channels: Vec<String>,
        /// Asks for the notification ids in this transaction too; 64 hex digits.
        txhash: Option<String>,
        viewer: Viewer,
    },
    /// Revocations of permits, with a viewing key (SNIP-24.1).
    #[returns(RevocationsAnswer)]
    ListPermitRevocations {
        viewer: Viewer,
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
    /// `account`, `sessions`, `channel_info` or `list_permit_revocations` for the signer of a permit.
    #[returns(PermitAnswer)]
    WithPermit { permit: Permit, query: PermitQuery },
}

/// Queries that a permit opens.
#[cw_serde]
pub enum PermitQuery {
    Account {},
    Sessions {
        /// Counter of the first session wanted; 0 if absent.
        start: Option<u32>,
        /// At most 30, the default.
        limit: Option<u32>,
    },
    ChannelInfo {
        /// Ids from `list_channels`.
        channels: Vec<String>,
        /// Asks for the notification ids in this transaction too; 64 hex digits.
        txhash: Option<String>,
    },
    /// The signer's revocations of permits (SNIP-24.1).
    ListPermitRevocations {
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
}

/// What a permit query answers: the bare answer of the query that was asked.
#[cw_serde]
#[serde(untagged)]
#[schemars(untagged)]
pub enum PermitAnswer {
    Account(AccountAnswer),
    Sessions(SessionsAnswer),
    ChannelInfo(ChannelInfoAnswer),
    Revocations(RevocationsAnswer),
}

#[cw_serde]
pub struct ConfigAnswer {
    pub admin: Addr,
    pub registry: Contract,
    pub tokens: Vec<TokenConfig>,
    pub timing: Timing,
    pub rewards: Option<Contract>,
    /// X25519 key under which rewards seals messages for this contract.
    pub sealing_pk: Hex<32>,
}

#[cw_serde]
pub struct ClockAnswer {
    /// Unix seconds of contract time.
    pub now: u64,
    pub epoch: u64,
    /// Epochs before this one are finalized.
    pub finalized_before: u64,
    /// Entries of pages, empty ones included, that wait for `finalize`, in whatever epoch.
    pub pending: u64,
    pub paused: bool,
}

#[cw_serde]
pub struct AccountAnswer {
    pub balances: Vec<Balance>,
    /// Sessions ever opened; the next one gets this counter.
    pub sessions: u32,
}

#[cw_serde]
#[derive(Eq)]
pub struct Balance {
    pub token: Addr,
    /// Free balance in base units.
    pub free: Uint128,
}

#[cw_serde]
pub struct SessionsAnswer {
    pub sessions: Vec<OwnSession>,
    /// Sessions ever opened by this account.
    pub total: u32,
}

/// A session with its place among the owner's.
#[cw_serde]
pub struct OwnSession {
    /// The owner's first session has counter 0.
    pub counter: u32,
    pub session: SessionAnswer,
}

#[cw_serde]
pub struct SessionAnswer {
    pub session_id: SessionId,
    pub worker_id: WorkerId,
    pub token: Addr,
    pub lines: Vec<Line>,
    pub cap: Uint128,
    pub slack: Uint128,
    /// Unix seconds of contract time.
    pub expires: u64,
    pub auth: SessionAuth,
    /// Paid so far, base units.
    pub paid: Uint128,
    /// Units paid for so far, one per line.
    pub counters: Vec<u64>,
    /// Receipt keys that were finalized for this session, at most [`MAX_KEYS`]; further ones are
    /// not paid.
    pub keys: Vec<Kid>,
    pub status: SessionStatus,
    /// After this, unix seconds of contract time, no receipt counts.
    pub deadline: u64,
}

#[cw_serde]
#[derive(Eq, Copy)]
pub enum SessionStatus {
    /// Requests may be served.
    Open,
    /// No new requests; receipts still settle.
    Closing,
    /// Nothing settles any more; the rest can be reclaimed.
    Ended,
    /// The rest has been moved to the free balance.
    Reclaimed,
}
