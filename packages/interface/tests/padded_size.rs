//! The longest and the shortest message of a class have one size, and the longest one fits.

use cosmwasm_std::{Addr, Binary, Uint128};
use secret_ai_interface::auth::{PermitPublicKey, PermitSignature};
use secret_ai_interface::billing::{
    ExecuteMsg, Line, OpenSession, ReceiveMsg, SessionAuth, SettleEntry, MAX_SESSIONS_PER_MESSAGE,
    PAGE_ENTRIES,
};
use secret_ai_interface::notifications::{SeedUpdateParams, SignedSeedUpdate};
use secret_ai_interface::{
    rewards, token, Contract, Hex, PaddedSize, Unit, ADDRESS_LENGTH, MAX_COUNT, MAX_LINES,
    MAX_MODEL_NAME,
};
use serde::Serialize;

const BLOCK: usize = 256;

fn address() -> Addr {
    Addr::unchecked("s".repeat(ADDRESS_LENGTH))
}

fn length<T: Serialize>(msg: &T) -> usize {
    serde_json::to_vec(msg).unwrap().len()
}

/// Both fit into one size, which is a multiple of `block`; returns it.
fn same_size<T: Serialize + PaddedSize>(shortest: &T, longest: &T, block: usize) -> usize {
    let size = longest.padded_size();
    let need = length(longest);
    assert!(need <= size, "{need} bytes of {size}");
    assert!(length(shortest) < need);
    assert_eq!(shortest.padded_size(), size);
    assert_eq!(size % block, 0);
    size
}

fn shortest_session() -> OpenSession {
    let line = Line {
        model: "m".into(),
        unit: Unit::Input,
        rate: 0,
    };
    OpenSession {
        worker_id: Hex([0; 16]),
        lines: vec![line],
        cap: Uint128::new(1),
        slack: Uint128::zero(),
        expires: 1,
        auth: SessionAuth::H(Hex([0; 32])),
    }
}

fn longest_session() -> OpenSession {
    let line = Line {
        model: "m".repeat(MAX_MODEL_NAME),
        unit: Unit::CachedInput,
        rate: MAX_COUNT - 1,
    };
    OpenSession {
        worker_id: Hex([0; 16]),
        lines: vec![line; MAX_LINES],
        cap: Uint128::MAX,
        slack: Uint128::MAX,
        expires: u64::MAX,
        auth: SessionAuth::K(Hex([0; 33])),
    }
}

#[test]
fn sessions_are_counted_and_nothing_else() {
    let mut sizes = vec![];
    for n in 1..=MAX_SESSIONS_PER_MESSAGE {
        let open = |session: OpenSession| ExecuteMsg::OpenSessions {
            token: address(),
            sessions: vec![session; n],
            padding: None,
        };
        let size = same_size(&open(shortest_session()), &open(longest_session()), BLOCK);
        assert!(
            size - length(&open(longest_session())) < BLOCK + 16,
            "no waste"
        );
        sizes.push(size);
    }
    assert!(sizes.is_sorted() && sizes[0] == 1_536, "{sizes:?}");
}

#[test]
fn a_page_has_one_size() {
    let settle = |entries| ExecuteMsg::Settle {
        kid: Hex([0; 20]),
        entries,
        padding: None,
    };
    let entry = SettleEntry {
        receipt: Binary(vec![0; 206]),
        ack: Some(Binary(vec![0; 124])),
    };
    let full = settle(vec![entry; PAGE_ENTRIES]);
    assert_eq!(same_size(&settle(vec![]), &full, BLOCK), 2_048);
}

#[test]
fn short_messages_are_alike_in_all_contracts() {
    let withdraw = |amount| ExecuteMsg::Withdraw {
        token: address(),
        amount,
        padding: None,
    };
    let size = same_size(&withdraw(None), &withdraw(Some(Uint128::MAX)), BLOCK);
    let reclaim = |n| ExecuteMsg::Reclaim {
        session_ids: vec![Hex([0; 16]); n],
        padding: None,
    };
    let many = reclaim(MAX_SESSIONS_PER_MESSAGE);
    assert_eq!(same_size(&reclaim(1), &many, BLOCK), size);
    let set_key = |length| ExecuteMsg::SetViewingKey {
        key: "k".repeat(length),
        padding: None,
    };
    assert_eq!(same_size(&set_key(8), &set_key(128), BLOCK), size);
    let link = ExecuteMsg::LinkRewards {
        rewards: Contract {
            address: address(),
            code_hash: "0".repeat(64),
        },
    };
    assert_eq!(same_size(&ExecuteMsg::Pause {}, &link, BLOCK), size);
    let update_seed = |previous: Option<[u8; 32]>| ExecuteMsg::UpdateSeed {
        signed_doc: SignedSeedUpdate {
            params: SeedUpdateParams {
                chain_id: "secret-4".into(),
                contract: Some(address()),
                previous_seed: previous.map(|seed| Binary(seed.to_vec())),
            },
            signature: PermitSignature {
                pub_key: PermitPublicKey {
                    key_type: "tendermint/PubKeySecp256k1".into(),
                    value: Binary(vec![0; 33]),
                },
                signature: Binary(vec![0; 64]),
            },
        },
        padding: None,
    };
    let again = update_seed(Some([0; 32]));
    assert_eq!(same_size(&update_seed(None), &again, BLOCK), size);
    let claim = |amount| rewards::ExecuteMsg::Claim {
        token: address(),
        amount,
        padding: None,
    };
    let all = claim(Some(Uint128::MAX));
    assert_eq!(same_size(&claim(None), &all, BLOCK), size);
    let transfer = |amount: u128, memo: Option<String>| token::ExecuteMsg::Transfer {
        recipient: address().into_string(),
        amount: Uint128::new(amount),
        memo,
        padding: None,
    };
    let long = transfer(u128::MAX, Some("m".repeat(256)));
    assert_eq!(same_size(&transfer(1, None), &long, BLOCK), size);
    let minters = |n| token::ExecuteMsg::SetMinters {
        minters: vec![address().into_string(); n],
        padding: None,
    };
    same_size(&minters(1), &minters(16), BLOCK);
}

fn filled(msg: &ReceiveMsg) -> Binary {
    let mut json = serde_json::to_vec(msg).unwrap();
    json.resize(msg.padded_size(), b' ');
    Binary(json)
}

/// The token's call of the receiver, filled to a block as the development token does it.
fn delivered(amount: u128, msg: &ReceiveMsg) -> usize {
    let receive = token::ReceiverMsg::Receive {
        sender: address(),
        from: address(),
        amount: Uint128::new(amount),
        memo: None,
        msg: Some(filled(msg)),
    };
    length(&receive).next_multiple_of(BLOCK)
}

fn send(amount: u128, msg: &ReceiveMsg) -> token::ExecuteMsg {
    token::ExecuteMsg::Send {
        recipient: address().into_string(),
        recipient_code_hash: Some("0".repeat(64)),
        amount: Uint128::new(amount),
        msg: Some(filled(msg)),
        memo: None,
        padding: None,
    }
}

/// Sizes of the `send` and of the call that it leads to.
fn sent(shortest: &ReceiveMsg, longest: &ReceiveMsg) -> (usize, usize) {
    same_size(shortest, longest, 192);
    let call = delivered(1, shortest);
    assert_eq!(delivered(u128::MAX, longest), call);
    let (small, large) = (send(1, shortest), send(u128::MAX, longest));
    (same_size(&small, &large, BLOCK), call)
}

#[test]
fn what_a_token_carries_is_filled_inside_too() {
    let deposit = |beneficiary| ReceiveMsg::Deposit {
        beneficiary,
        padding: None,
    };
    let plain = sent(&deposit(None), &deposit(Some(address())));
    assert_eq!(plain, (768, 512));
    let open = |session: OpenSession, n| ReceiveMsg::OpenSessions {
        sessions: vec![session; n],
        padding: None,
    };
    let mut before = plain;
    for n in 1..=MAX_SESSIONS_PER_MESSAGE {
        let sizes = sent(&open(shortest_session(), n), &open(longest_session(), n));
        assert!(sizes > before, "{sizes:?}");
        before = sizes;
    }
}
