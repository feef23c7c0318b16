//! Who is told what (SNIP-52), and that everybody else sees the same of it.

mod common;

use common::{Suite, KEY, TIMING};
use cosmwasm_std::{from_slice, Binary, Uint128};
use secret_ai_contract_kit::notification::{
    id, open, seed_sign_bytes, Event, Transaction, BILLING_CHANNELS, DATA_SIZE, KEY_PREFIX,
    REWARDS_CHANNELS,
};
use secret_ai_interface::auth::{PermitPublicKey, PermitSignature, Viewer};
use secret_ai_interface::billing::{ExecuteMsg, QueryMsg, ReceiveMsg, SettleEntry};
use secret_ai_interface::notifications::{
    ChannelInfoAnswer, ListChannelsAnswer, SeedUpdateParams, SignedSeedUpdate, UpdateSeedAnswer,
};
use secret_ai_interface::rewards;
use secret_ai_multi_test::{AppResponse, ContractRef, Wallet};

/// Ids and values of the notifications that a transaction made.
fn notifications(response: &AppResponse) -> Vec<(String, Binary)> {
    let all = response.events.iter().flat_map(|event| &event.attributes);
    all.filter_map(|a| {
        let id = a.key.strip_prefix(KEY_PREFIX)?;
        Some((id.to_string(), Binary::from_base64(&a.value).unwrap()))
    })
    .collect()
}

/// What somebody finds in the newest transaction, in the order of the contract's channels; asks the
/// contract for seed and ids.
fn told(suite: &Suite, who: &str, of: &ContractRef, response: &AppResponse) -> Vec<Event> {
    let tx_hash = suite.app.tx_hash();
    let ChannelInfoAnswer::ChannelInfo { seed, channels, .. } =
        info(suite, who, of, Some(tx_hash.clone()), KEY).unwrap();
    let seed = seed.as_slice().try_into().unwrap();
    let tx = Transaction::new(suite.app.block_height(), &tx_hash).unwrap();
    let mut events = Vec::new();
    for channel in channels {
        let own = Binary(id(&seed, &channel.channel, &tx).unwrap().to_vec());
        assert_eq!(channel.answer_id, Some(own.clone()));
        for (id, sealed) in notifications(response) {
            if id == own.to_base64() {
                let data = open(&seed, &channel.channel, &tx, &sealed).unwrap();
                events.push(Event::decode(&channel.channel, &data).unwrap());
            }
        }
    }
    events
}

fn info(
    suite: &Suite,
    who: &str,
    of: &ContractRef,
    txhash: Option<String>,
    key: &str,
) -> Result<ChannelInfoAnswer, String> {
    let viewer = Viewer {
        address: suite.user(who),
        viewing_key: key.into(),
    };
    let names = |channels: &[secret_ai_contract_kit::notification::Channel]| {
        channels.iter().map(|c| c.id.to_string()).collect()
    };
    if of == &suite.rewards {
        let channels = names(&REWARDS_CHANNELS);
        let msg = rewards::QueryMsg::ChannelInfo {
            channels,
            txhash,
            viewer,
        };
        return suite.app.query(of, &msg);
    }
    let channels = names(&BILLING_CHANNELS);
    let msg = QueryMsg::ChannelInfo {
        channels,
        txhash,
        viewer,
    };
    suite.app.query(of, &msg)
}

fn seed(suite: &Suite, who: &str) -> Binary {
    let info = info(suite, who, &suite.billing, None, KEY).unwrap();
    let ChannelInfoAnswer::ChannelInfo { seed, .. } = info;
    seed
}

/// Alice withdraws and deposits for somebody.
fn deposit_for(suite: &mut Suite, who: &str, amount: u128) -> AppResponse {
    let withdraw = ExecuteMsg::Withdraw {
        token: suite.token.address.clone(),
        amount: Some(Uint128::new(amount)),
        padding: None,
    };
    suite.send("alice", &withdraw).unwrap();
    let msg = ReceiveMsg::Deposit {
        beneficiary: Some(suite.user(who)),
        padding: None,
    };
    suite.send_tokens("alice", amount, &msg).unwrap()
}

#[test]
fn the_beneficiary_is_told_of_a_deposit() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    suite.set_key("bob");
    let response = deposit_for(&mut suite, "bob", 500);
    let billing = suite.billing.clone();
    let event = Event::DepositCredited {
        token: suite.token.address.clone(),
        amount: 500,
    };
    assert_eq!(told(&suite, "bob", &billing, &response), [event]);
    assert_eq!(told(&suite, "alice", &billing, &response), []);
    assert_eq!(notifications(&response).len(), 1);
}

/// Settles one receipt if there is a count, ends the epoch and works off one batch.
fn work_off(suite: &mut Suite, receipts: Vec<Binary>) -> AppResponse {
    let entries = receipts.into_iter();
    let entries = entries.map(|receipt| SettleEntry { receipt, ack: None });
    suite.settle_as("operator", entries.collect()).unwrap();
    suite.app.advance(TIMING.epoch_s);
    let finalize = ExecuteMsg::Finalize {
        epoch: suite.clock().epoch - 1,
        limit: 8,
        padding: None,
    };
    suite.send("crank", &finalize).unwrap()
}

#[test]
fn ends_low_sessions_and_earnings_are_told_and_look_like_nothing() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    let (billing, rewards) = (suite.billing.clone(), suite.rewards.clone());
    let set = rewards::ExecuteMsg::SetViewingKey {
        key: KEY.into(),
        padding: None,
    };
    let operator = suite.user("operator");
    suite.app.execute(&operator, &rewards, &set).unwrap();
    let session_id = suite.open(suite.terms(1_000, 1_000)).unwrap();

    let quiet = work_off(&mut suite, vec![]);
    assert_eq!(told(&suite, "alice", &billing, &quiet), []);
    assert_eq!(told(&suite, "operator", &rewards, &quiet), []);

    let receipt = suite.receipt(&session_id, 1, 950, true);
    let busy = work_off(&mut suite, vec![receipt]);
    let (paid, rest) = (950, 50);
    let ended = Event::SessionEnded {
        session_id,
        paid,
        rest,
    };
    let low = Event::LowBalance {
        session_id,
        left: rest,
    };
    assert_eq!(told(&suite, "alice", &billing, &busy), [ended, low]);
    let earned = Event::EarningsCredited {
        token: suite.token.address.clone(),
        amount: paid,
    };
    assert_eq!(told(&suite, "operator", &rewards, &busy), [earned]);

    // Two for each of 8 sessions at billing, one for the operator at rewards.
    for response in [&quiet, &busy] {
        let all = notifications(response);
        assert_eq!(all.len(), 17);
        assert!(all.iter().all(|(_, value)| value.len() == DATA_SIZE + 16));
    }
}

#[test]
fn a_new_seed_is_signed_by_the_wallet_and_good_at_once() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    suite.set_key("bob");
    let before = seed(&suite, "bob");
    let chain_id = suite.domain().chain_id;
    let previous = before.as_slice().try_into().unwrap();
    let document = seed_sign_bytes(&chain_id, &suite.billing.address, &previous);
    let bob = Wallet::new("bob");
    let update = ExecuteMsg::UpdateSeed {
        signed_doc: SignedSeedUpdate {
            params: SeedUpdateParams {
                chain_id,
                contract: Some(suite.billing.address.clone()),
                previous_seed: Some(before.clone()),
            },
            signature: PermitSignature {
                pub_key: PermitPublicKey {
                    key_type: "tendermint/PubKeySecp256k1".into(),
                    value: Binary(bob.public_key()),
                },
                signature: Binary(bob.sign(&document)),
            },
        },
        padding: None,
    };
    assert!(suite.send("alice", &update).is_err());
    let data = suite.send("bob", &update).unwrap().data.unwrap();
    let UpdateSeedAnswer::UpdateSeed { seed: chosen } = from_slice(&data).unwrap();
    assert_ne!(chosen, before);
    assert_eq!(seed(&suite, "bob"), chosen);

    let response = deposit_for(&mut suite, "bob", 500);
    let billing = suite.billing.clone();
    assert_eq!(told(&suite, "bob", &billing, &response).len(), 1);
}

#[test]
fn channels_are_public_and_seeds_are_not() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    let listed: ListChannelsAnswer = suite
        .app
        .query(&suite.billing, &QueryMsg::ListChannels {})
        .unwrap();
    let ListChannelsAnswer::ListChannels { channels } = listed;
    assert_eq!(
        channels,
        ["deposit_credited", "session_ended", "low_balance"]
    );
    let wrong = info(&suite, "alice", &suite.billing, None, "another key");
    let unknown = info(&suite, "nobody", &suite.billing, None, "another key");
    assert_eq!(wrong.unwrap_err(), unknown.unwrap_err());
}
