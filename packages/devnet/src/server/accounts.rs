//! Accounts: numbers, sequences and keys, and the accounts that exist from the start.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// The accounts a to d of LocalSecret, whose mnemonics everybody knows.
pub const TEST_ACCOUNTS: [(&str, &str); 4] = [
    (
        "a",
        "grant rice replace explain federal release fix clever romance raise often wild taxi \
         quarter soccer fiber love must tape steak together observe swap guitar",
    ),
    (
        "b",
        "jelly shadow frog dirt dragon use armed praise universe win jungle close inmate rain oil \
         canvas beauty pioneer chef soccer icon dizzy thunder meadow",
    ),
    (
        "c",
        "chair love bleak wonder skirt permit say assist aunt credit roast size obtain minute throw \
         sand usual age smart exact enough room shadow charge",
    ),
    (
        "d",
        "word twist toast cloth movie predict advance crumble escape whale sail such angry muffin \
         balcony keen move employ cook valve hurt glimpse breeze brick",
    ),
];

/// What the chain knows of an account beside its coins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccountState {
    pub number: u64,
    /// Transactions sent so far.
    pub sequence: u64,
    /// Compressed key, known from the first transaction on.
    pub public_key: Option<Vec<u8>>,
}

/// All accounts. One comes to be when it first receives coins or is a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts(pub OrdMap<String, AccountState>);

impl Accounts {
    pub fn get(&self, address: &str) -> Option<&AccountState> {
        self.0.get(address)
    }

    /// Gives the address a number unless it has one.
    pub fn ensure(&mut self, address: &str) -> &mut AccountState {
        let number = self.0.len() as u64;
        self.0
            .entry(address.to_owned())
            .or_insert_with(|| AccountState {
                number,
                ..AccountState::default()
            })
    }
}
