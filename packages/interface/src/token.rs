//! SNIP-20 messages of the development token: the part of the standard that wallets and contracts
//! use, in the reference implementation's JSON.
//!
//! Left out: native coins (`deposit`, `redeem`), `burn`, transfer history, batches and contract
//! status. `memo` is accepted and handed to `receive`; with no history it is stored nowhere.
//! `decoys` and other fields of extensions are refused, not ignored: a caller who asks for decoys
//! and gets none would be deceived.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary, Uint128};

use crate::auth::{Permit, PermitRevocation, RevokedInterval, Viewer};

/// Creates a token.
#[cw_serde]
pub struct InstantiateMsg {
    /// 3 to 30 bytes.
    pub name: String,
    /// Names the minters; the sender if absent.
    pub admin: Option<String>,
    /// 3 to 20 ASCII letters or digits.
    pub symbol: String,
    /// 0 to 18.
    pub decimals: u8,
    /// What exists from the start, in base units; an address may appear more than once.
    pub initial_balances: Option<Vec<InitialBalance>>,
    /// Part of the standard, not used: randomness comes from the chain.
    pub prng_seed: Binary,
    pub config: Option<InitConfig>,
}

/// A balance that exists from the start.
#[cw_serde]
pub struct InitialBalance {
    pub address: String,
    /// Base units.
    pub amount: Uint128,
}

/// Switches of a token; absent means `false`. What this token lacks must not be switched on.
#[cw_serde]
#[derive(Default)]
pub struct InitConfig {
    /// Whether `token_info` tells the total supply.
    pub public_total_supply: Option<bool>,
    pub enable_deposit: Option<bool>,
    pub enable_redeem: Option<bool>,
    /// Whether minters may mint; the admin is the first minter.
    pub enable_mint: Option<bool>,
    pub enable_burn: Option<bool>,
    pub can_modify_denoms: Option<bool>,
}

/// State-changing messages. Amounts are base units, `expiration` is unix seconds.
#[cw_serde]
pub enum ExecuteMsg {
    /// Moves the sender's tokens.
    Transfer {
        recipient: String,
        amount: Uint128,
        memo: Option<String>,
        padding: Option<String>,
    },
    /// Moves the sender's tokens and calls the recipient's `receive`, if its code hash is given or
    /// registered.
    Send {
        recipient: String,
        recipient_code_hash: Option<String>,
        amount: Uint128,
        msg: Option<Binary>,
        memo: Option<String>,
        padding: Option<String>,
    },
    /// Registers the sender, a contract, for `receive`.
    RegisterReceive {
        code_hash: String,
        padding: Option<String>,
    },
    /// Lets `spender` move more of the sender's tokens; an expired allowance counts as none.
    IncreaseAllowance {
        spender: String,
        amount: Uint128,
        expiration: Option<u64>,
        padding: Option<String>,
    },
    /// Lets `spender` move less, down to nothing.
    DecreaseAllowance {
        spender: String,
        amount: Uint128,
        expiration: Option<u64>,
        padding: Option<String>,
    },
    /// Moves `owner`'s tokens within the sender's allowance.
    TransferFrom {
        owner: String,
        recipient: String,
        amount: Uint128,
        memo: Option<String>,
        padding: Option<String>,
    },
    /// Like `send`, with `owner`'s tokens within the sender's allowance.
    SendFrom {
        owner: String,
        recipient: String,
        recipient_code_hash: Option<String>,
        amount: Uint128,
        msg: Option<Binary>,
        memo: Option<String>,
        padding: Option<String>,
    },
    /// Makes a random viewing key for the sender; the answer holds it.
    CreateViewingKey {
        entropy: Option<String>,
        padding: Option<String>,
    },
    /// Sets the sender's viewing key.
    SetViewingKey {
        key: String,
        padding: Option<String>,
    },
    /// Makes the sender's permits of that name worthless.
    RevokePermit {
        permit_name: String,
        padding: Option<String>,
    },
    /// Makes the sender's permits of an interval worthless, all of them if it has no bounds
    /// (SNIP-24.1). At most 10 intervals hold at a time.
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
    /// Minters only: makes new tokens.
    Mint {
        recipient: String,
        amount: Uint128,
        memo: Option<String>,
        padding: Option<String>,
    },
    /// Admin only: replaces the list of minters, at most 16.
    SetMinters {
        minters: Vec<String>,
        padding: Option<String>,
    },
}

/// The call that a recipient of `send` gets, JSON `{"receive":{…}}`; its sender is the token.
#[cw_serde]
pub enum ReceiverMsg {
    Receive {
        /// Who called the token.
        sender: Addr,
        /// Whose tokens they were.
        from: Addr,
        /// Base units.
        amount: Uint128,
        #[serde(skip_serializing_if = "Option::is_none")]
        memo: Option<String>,
        msg: Option<Binary>,
    },
}

/// How an execute message without further answer ended; failures are errors.
#[cw_serde]
pub enum ResponseStatus {
    Success,
}

/// Answers of execute messages, in the transaction's data.
#[cw_serde]
pub enum ExecuteAnswer {
    Transfer {
        status: ResponseStatus,
    },
    Send {
        status: ResponseStatus,
    },
    RegisterReceive {
        status: ResponseStatus,
    },
    IncreaseAllowance {
        spender: Addr,
        owner: Addr,
        allowance: Uint128,
    },
    DecreaseAllowance {
        spender: Addr,
        owner: Addr,
        allowance: Uint128,
    },
    TransferFrom {
        status: ResponseStatus,
    },
    SendFrom {
        status: ResponseStatus,
    },
    CreateViewingKey {
        key: String,
    },
    SetViewingKey {
        status: ResponseStatus,
    },
    RevokePermit {
        status: ResponseStatus,
    },
    RevokeAllPermits {
        status: ResponseStatus,
        /// What `delete_permit_revocation` takes; `REVOKED_ALL` if the interval had no bounds.
        revocation_id: String,
    },
    DeletePermitRevocation {
        status: ResponseStatus,
    },
    Mint {
        status: ResponseStatus,
    },
    SetMinters {
        status: ResponseStatus,
    },
}

/// Queries.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(QueryAnswer)]
    TokenInfo {},
    #[returns(QueryAnswer)]
    TokenConfig {},
    #[returns(QueryAnswer)]
    Minters {},
    /// With `address`'s viewing key.
    #[returns(QueryAnswer)]
    Balance { address: String, key: String },
    /// With `owner`'s or `spender`'s viewing key.
    #[returns(QueryAnswer)]
    Allowance {
        owner: String,
        spender: String,
        key: String,
    },
    /// Revocations of permits, with a viewing key (SNIP-24.1).
    #[returns(QueryAnswer)]
    ListPermitRevocations {
        viewer: Viewer,
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
    /// With a permit (SNIP-24).
    #[returns(QueryAnswer)]
    WithPermit {
        permit: Permit,
        query: QueryWithPermit,
    },
}

/// What a permit's holder may ask.
#[cw_serde]
pub enum QueryWithPermit {
    /// The signer's balance. Permission `balance` or `owner`.
    Balance {},
    /// An allowance that the signer gave or got. Permission `allowance` or `owner`.
    Allowance { owner: String, spender: String },
    /// The signer's revocations of permits (SNIP-24.1). Permission `owner`.
    ListPermitRevocations {
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
}

/// Answers of queries.
#[cw_serde]
pub enum QueryAnswer {
    TokenInfo {
        name: String,
        symbol: String,
        decimals: u8,
        /// Base units; absent unless public.
        total_supply: Option<Uint128>,
    },
    TokenConfig {
        public_total_supply: bool,
        deposit_enabled: bool,
        redeem_enabled: bool,
        mint_enabled: bool,
        burn_enabled: bool,
        supported_denoms: Vec<String>,
    },
    Minters {
        minters: Vec<Addr>,
    },
    Balance {
        amount: Uint128,
    },
    Allowance {
        spender: Addr,
        owner: Addr,
        allowance: Uint128,
        /// Unix seconds.
        expiration: Option<u64>,
    },
    ListPermitRevocations {
        /// Oldest first; `REVOKED_ALL` at the end.
        revocations: Vec<PermitRevocation>,
    },
    /// The viewing key was wrong, or the account has none: the answer is the same.
    ViewingKeyError {
        msg: String,
    },
}
