//! The pages that are being mixed and worked off.

use cosmwasm_std::{StdResult, Storage};
use secret_ai_contract_kit::row::{encode, Reader, Row, Writer};
use secret_ai_interface::billing::MAX_TOKENS;

use crate::money::MoneyError;

const COHORT: &[u8] = b"cohort";

/// Progress of `finalize` within one cohort. The slot's length tells the number of pages, which
/// everybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// Entries worked off so far, empty ones included.
    pub done: u64,
    /// What each page earned so far, in base units of each token.
    pub earned: Vec<[u128; MAX_TOKENS]>,
}

impl Cohort {
    /// Pages of the cohort; 0 if none was begun.
    pub fn pages(&self) -> u64 {
        u64::try_from(self.earned.len()).unwrap_or(u64::MAX)
    }

    /// The cohort that was begun and is not through, if there is one.
    pub fn load(storage: &dyn Storage) -> StdResult<Option<Cohort>> {
        let Some(stored) = storage.get(COHORT) else {
            return Ok(None);
        };
        let mut from = Reader::new(&stored);
        let mut cohort = Cohort {
            done: from.u64()?,
            earned: Vec::new(),
        };
        while !from.is_empty() {
            cohort.earned.push(Amounts::read(&mut from)?.0);
        }
        Ok(Some(cohort).filter(|c| !c.earned.is_empty()))
    }

    /// A page, by its place in the cohort, earned something.
    pub fn earn(&mut self, place: usize, token: u8, amount: u128) -> Result<(), MoneyError> {
        let overflow = || MoneyError::Overflow { what: "credits" };
        let page = self.earned.get_mut(place).ok_or_else(overflow)?;
        let sum = page.get_mut(usize::from(token)).ok_or_else(overflow)?;
        *sum = sum.checked_add(amount).ok_or_else(overflow)?;
        Ok(())
    }

    pub fn save(&self, storage: &mut dyn Storage) {
        let mut out = Writer::default();
        out.u64(self.done);
        for amounts in &self.earned {
            out.bytes(&encode(&Amounts(*amounts)));
        }
        storage.set(COHORT, &out.into_bytes());
    }
}

/// One amount per token.
struct Amounts([u128; MAX_TOKENS]);

impl Row for Amounts {
    const SIZE: usize = 16 * MAX_TOKENS;

    fn write(&self, out: &mut Writer) {
        self.0.iter().for_each(|amount| out.u128(*amount));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut amounts = [0; MAX_TOKENS];
        for amount in &mut amounts {
            *amount = from.u128()?;
        }
        Ok(Amounts(amounts))
    }
}
