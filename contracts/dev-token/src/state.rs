//! Every slot of the token. Balances and allowances are rows of one size each, whatever they say.
//!
//! | slot | size | who writes it |
//! | --- | --- | --- |
//! | `config` | 100 bytes | `instantiate` |
//! | `supply` | 16 bytes | `instantiate`, `mint` |
//! | `minters` | public list, JSON | `instantiate`, `set_minters` |
//! | `balance/<owner>` | 16 bytes | transfers, `mint` |
//! | `allowance/<owner>/<spender>` | 24 bytes | owner; spender by using it |
//! | `receiver/<contract>` | 64 bytes | that contract |
//!
//! Viewing keys and revoked permits are contract-kit's.

use cosmwasm_std::{from_slice, to_vec, Addr, BlockInfo, StdError, StdResult, Storage, Uint128};
use secret_ai_contract_kit::row::{self, Reader, Row, Writer};
use secret_ai_interface::ADDRESS_LENGTH;

use crate::error::TokenError;

/// Fewest and most bytes of a name.
pub const NAME_LENGTH: core::ops::RangeInclusive<usize> = 3..=30;
/// Fewest and most characters of a symbol.
pub const SYMBOL_LENGTH: core::ops::RangeInclusive<usize> = 3..=20;
/// Most decimals.
pub const MAX_DECIMALS: u8 = 18;
/// Most minters.
pub const MAX_MINTERS: usize = 16;
/// Characters of a code hash.
pub const CODE_HASH_LENGTH: usize = 64;

const NAME_FIELD: u8 = 30;
const SYMBOL_FIELD: u8 = 20;

/// What never changes.
pub struct Config {
    pub name: String,
    pub symbol: String,
    pub decimals: u8,
    pub admin: Addr,
    pub public_total_supply: bool,
    pub mint_enabled: bool,
}

impl Row for Config {
    const SIZE: usize = 1 + 30 + 1 + 20 + 1 + ADDRESS_LENGTH + 1 + 1;

    fn write(&self, out: &mut Writer) {
        out.text(&self.name, NAME_FIELD);
        out.text(&self.symbol, SYMBOL_FIELD);
        out.u8(self.decimals);
        out.address(&self.admin);
        out.bool(self.public_total_supply);
        out.bool(self.mint_enabled);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Config {
            name: from.text(NAME_FIELD)?,
            symbol: from.text(SYMBOL_FIELD)?,
            decimals: from.u8()?,
            admin: from.address()?,
            public_total_supply: from.bool()?,
            mint_enabled: from.bool()?,
        })
    }
}

impl Config {
    pub fn load(storage: &dyn Storage) -> StdResult<Self> {
        row::load(storage, b"config")
    }

    pub fn save(&self, storage: &mut dyn Storage) {
        row::save(storage, b"config", self);
    }
}

/// An amount of base units.
struct Amount(Uint128);

impl Row for Amount {
    const SIZE: usize = 16;

    fn write(&self, out: &mut Writer) {
        out.amount(self.0);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        from.amount().map(Amount)
    }
}

fn load_amount(storage: &dyn Storage, key: &[u8]) -> StdResult<Uint128> {
    Ok(row::may_load::<Amount>(storage, key)?.map_or(Uint128::zero(), |amount| amount.0))
}

/// All tokens that exist.
pub fn supply(storage: &dyn Storage) -> StdResult<Uint128> {
    load_amount(storage, b"supply")
}

/// What an account has; nothing if it was never paid.
pub fn balance(storage: &dyn Storage, owner: &str) -> StdResult<Uint128> {
    load_amount(storage, &balance_key(owner))
}

fn balance_key(owner: &str) -> Vec<u8> {
    row::key("balance", &[owner.as_bytes()])
}

/// Makes new tokens.
pub fn create(storage: &mut dyn Storage, to: &Addr, amount: Uint128) -> Result<(), TokenError> {
    let overflow = |_| TokenError::Overflow { amount };
    let total = supply(storage)?.checked_add(amount).map_err(overflow)?;
    let owned = balance(storage, to.as_str())?
        .checked_add(amount)
        .map_err(overflow)?;
    row::save(storage, b"supply", &Amount(total));
    row::save(storage, &balance_key(to.as_str()), &Amount(owned));
    Ok(())
}

/// Moves tokens; to oneself it changes nothing. Both balances are read before anything can fail, so
/// that the slots read do not tell what was wrong.
pub fn move_tokens(
    storage: &mut dyn Storage,
    from: &Addr,
    to: &Addr,
    amount: Uint128,
) -> Result<(), TokenError> {
    let has = balance(storage, from.as_str())?;
    let owned = balance(storage, to.as_str())?;
    let rest = has
        .checked_sub(amount)
        .map_err(|_| TokenError::InsufficientFunds { required: amount })?;
    let owned = if from == to { rest } else { owned };
    let owned = owned
        .checked_add(amount)
        .map_err(|_| TokenError::Overflow { amount })?;
    row::save(storage, &balance_key(from.as_str()), &Amount(rest));
    row::save(storage, &balance_key(to.as_str()), &Amount(owned));
    Ok(())
}

/// What one account lets another move.
#[derive(Default)]
pub struct Allowance {
    pub amount: Uint128,
    /// Unix seconds from which on it is void; 0 for never.
    expiration: u64,
}

impl Row for Allowance {
    const SIZE: usize = 16 + 8;

    fn write(&self, out: &mut Writer) {
        out.amount(self.amount);
        out.u64(self.expiration);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Allowance {
            amount: from.amount()?,
            expiration: from.u64()?,
        })
    }
}

impl Allowance {
    pub fn load(storage: &dyn Storage, owner: &str, spender: &str) -> StdResult<Self> {
        let stored = row::may_load(storage, &allowance_key(owner, spender))?;
        Ok(stored.unwrap_or_default())
    }

    /// The allowance as far as it still holds: nothing once expired.
    pub fn load_valid(
        storage: &dyn Storage,
        block: &BlockInfo,
        owner: &str,
        spender: &str,
    ) -> StdResult<Self> {
        let stored = Self::load(storage, owner, spender)?;
        let expired = stored
            .expiration()
            .is_some_and(|at| block.time.seconds() >= at);
        Ok(if expired { Self::default() } else { stored })
    }

    pub fn save(&self, storage: &mut dyn Storage, owner: &Addr, spender: &Addr) {
        row::save(
            storage,
            &allowance_key(owner.as_str(), spender.as_str()),
            self,
        );
    }

    pub fn expiration(&self) -> Option<u64> {
        Some(self.expiration).filter(|at| *at != 0)
    }

    /// Sets the expiration if one is given.
    pub fn expire_at(&mut self, expiration: Option<u64>) {
        self.expiration = expiration.unwrap_or(self.expiration);
    }
}

fn allowance_key(owner: &str, spender: &str) -> Vec<u8> {
    row::key("allowance", &[owner.as_bytes(), spender.as_bytes()])
}

/// The code hash that a contract registered for `receive`.
pub fn receiver(storage: &dyn Storage, contract: &Addr) -> StdResult<Option<String>> {
    let stored = storage.get(&receiver_key(contract));
    let text = stored.map(String::from_utf8).transpose();
    text.map_err(|_| StdError::generic_err("stored code hash: corrupt"))
}

/// Registers a contract for `receive`.
pub fn register_receiver(storage: &mut dyn Storage, contract: &Addr, code_hash: &str) {
    storage.set(&receiver_key(contract), code_hash.as_bytes());
}

fn receiver_key(contract: &Addr) -> Vec<u8> {
    row::key("receiver", &[contract.as_bytes()])
}

/// Who may mint.
pub fn minters(storage: &dyn Storage) -> StdResult<Vec<Addr>> {
    storage
        .get(b"minters")
        .map_or(Ok(vec![]), |bytes| from_slice(&bytes))
}

/// Replaces the minters.
pub fn set_minters(storage: &mut dyn Storage, minters: &[Addr]) -> StdResult<()> {
    storage.set(b"minters", &to_vec(minters)?);
    Ok(())
}
