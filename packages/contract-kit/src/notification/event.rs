//! The channels of our contracts and the events in them.

use cosmwasm_std::{Addr, StdError, StdResult};
use secret_ai_interface::{Hex, SessionId};

use super::cbor::{array, bytes, number, Decoder};
use crate::{address_bytes, address_of};

/// A kind of events, and their form (CDDL, RFC 8610). Tokens are 20-byte addresses, amounts base
/// units.
#[derive(Debug, PartialEq, Eq)]
pub struct Channel {
    pub id: &'static str,
    pub cddl: &'static str,
}

/// Billing, to the account: a deposit was credited.
pub const DEPOSIT_CREDITED: Channel = Channel {
    id: "deposit_credited",
    cddl: "deposit_credited=[token:bstr .size 20,amount:biguint]",
};

/// Billing, to the owner: a session was paid for the last time.
pub const SESSION_ENDED: Channel = Channel {
    id: "session_ended",
    cddl: "session_ended=[session_id:bstr .size 16,paid:biguint,rest:biguint]",
};

/// Billing, to the owner: most of a session's cap is spent.
pub const LOW_BALANCE: Channel = Channel {
    id: "low_balance",
    cddl: "low_balance=[session_id:bstr .size 16,left:biguint]",
};

/// Rewards, to the operator: earnings were credited.
pub const EARNINGS_CREDITED: Channel = Channel {
    id: "earnings_credited",
    cddl: "earnings_credited=[token:bstr .size 20,amount:biguint]",
};

/// The channels of the billing contract.
pub const BILLING_CHANNELS: [Channel; 3] = [DEPOSIT_CREDITED, SESSION_ENDED, LOW_BALANCE];

/// The channels of the rewards contract.
pub const REWARDS_CHANNELS: [Channel; 1] = [EARNINGS_CREDITED];

/// What an account is told. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    DepositCredited {
        token: Addr,
        amount: u128,
    },
    SessionEnded {
        session_id: SessionId,
        /// Paid in all.
        paid: u128,
        /// Left of the cap, to be reclaimed.
        rest: u128,
    },
    LowBalance {
        session_id: SessionId,
        /// Left of the cap.
        left: u128,
    },
    EarningsCredited {
        token: Addr,
        amount: u128,
    },
}

impl Event {
    /// The channel that it goes through.
    pub fn channel(&self) -> &'static Channel {
        match self {
            Event::DepositCredited { .. } => &DEPOSIT_CREDITED,
            Event::SessionEnded { .. } => &SESSION_ENDED,
            Event::LowBalance { .. } => &LOW_BALANCE,
            Event::EarningsCredited { .. } => &EARNINGS_CREDITED,
        }
    }

    /// CBOR of the channel's form, of the same length for all values. Fails if a token is not an
    /// address of this chain.
    pub fn encode(&self) -> StdResult<Vec<u8>> {
        Ok(match self {
            Event::DepositCredited { token, amount }
            | Event::EarningsCredited { token, amount } => {
                let mut out = array(2);
                bytes(&mut out, &address_bytes(token)?);
                number(&mut out, *amount);
                out
            }
            Event::SessionEnded {
                session_id,
                paid,
                rest,
            } => {
                let mut out = array(3);
                bytes(&mut out, &session_id.0);
                number(&mut out, *paid);
                number(&mut out, *rest);
                out
            }
            Event::LowBalance { session_id, left } => {
                let mut out = array(2);
                bytes(&mut out, &session_id.0);
                number(&mut out, *left);
                out
            }
        })
    }

    /// Reads back what [`Self::encode`] wrote for this channel.
    pub fn decode(channel: &str, data: &[u8]) -> StdResult<Event> {
        let items = if channel == SESSION_ENDED.id { 3 } else { 2 };
        let mut from = Decoder::array(data, items)?;
        Ok(if channel == DEPOSIT_CREDITED.id {
            Event::DepositCredited {
                token: address_of(&from.bytes::<20>()?)?,
                amount: from.number()?,
            }
        } else if channel == SESSION_ENDED.id {
            Event::SessionEnded {
                session_id: Hex(from.bytes()?),
                paid: from.number()?,
                rest: from.number()?,
            }
        } else if channel == LOW_BALANCE.id {
            Event::LowBalance {
                session_id: Hex(from.bytes()?),
                left: from.number()?,
            }
        } else if channel == EARNINGS_CREDITED.id {
            Event::EarningsCredited {
                token: address_of(&from.bytes::<20>()?)?,
                amount: from.number()?,
            }
        } else {
            return Err(StdError::generic_err("notification: unknown channel"));
        })
    }
}
