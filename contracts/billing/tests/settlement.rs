//! Settlement with acks, slack, compromised keys and final receipts.

mod common;

use common::{Suite, DEPOSIT, TIMING};
use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{EntryStatus, ExecuteMsg, SessionStatus, SettleEntry};
use secret_ai_interface::registry::KidStatus;

fn entry(receipt: cosmwasm_std::Binary) -> SettleEntry {
    SettleEntry { receipt, ack: None }
}

#[test]
fn without_acks_only_the_slack_is_paid() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 50)).unwrap();
    suite
        .settle(vec![entry(suite.receipt(&id, 1, 400, false))])
        .unwrap();
    suite.finalize();
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(50));
}

#[test]
fn an_ack_makes_its_amount_payable_plus_the_slack() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 50)).unwrap();
    let ack = Some(suite.ack(&suite.client_key, &id, 1, 300));
    let receipt = suite.receipt(&id, 2, 400, false);
    suite.settle(vec![SettleEntry { receipt, ack }]).unwrap();
    suite.finalize();
    let session = suite.session(&id).unwrap();
    assert_eq!(session.paid, Uint128::new(350));
    assert_eq!(session.counters, [400]);
}

#[test]
fn a_forged_ack_counts_as_none() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 50)).unwrap();
    let forged = Some(suite.ack(&suite.worker_key, &id, 1, 400));
    let receipt = suite.receipt(&id, 1, 400, false);
    suite
        .settle(vec![SettleEntry {
            receipt,
            ack: forged,
        }])
        .unwrap();
    suite.finalize();
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(50));
}

#[test]
fn an_ack_for_another_session_or_a_later_receipt_is_refused() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 50)).unwrap();
    let other = suite.open(suite.terms(1_000, 50)).unwrap();
    let with = |ack| SettleEntry {
        receipt: suite.receipt(&id, 1, 400, false),
        ack: Some(ack),
    };
    let foreign = with(suite.ack(&suite.client_key, &other, 1, 10));
    let later = with(suite.ack(&suite.client_key, &id, 2, 10));
    let answer = suite.settle(vec![foreign, later]).unwrap();
    assert_eq!(answer.statuses, [EntryStatus::BadAck; 2]);
}

#[test]
fn a_compromised_key_is_paid_acked_amounts_only() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let key = suite.worker_key.clone();
    suite.set_kid(&key, KidStatus::Compromised);
    let ack = Some(suite.ack(&suite.client_key, &id, 1, 120));
    let receipt = suite.receipt(&id, 1, 400, false);
    suite.settle(vec![SettleEntry { receipt, ack }]).unwrap();
    suite.finalize();
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(120));
}

#[test]
fn receipts_settle_through_the_grace_of_a_lease_and_not_after() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let receipt = entry(suite.receipt(&id, 1, 10, false));
    suite.app.advance(86_400 + TIMING.grace_s);
    assert_eq!(
        suite.settle(vec![receipt.clone()]).unwrap().statuses,
        [EntryStatus::Pending]
    );
    suite.app.advance(1);
    assert_eq!(
        suite.settle(vec![receipt]).unwrap().statuses,
        [EntryStatus::LeaseOver]
    );
}

#[test]
fn a_final_receipt_ends_the_session_once_its_epoch_is_finalized() {
    let mut suite = Suite::new();
    suite.set_key("alice");
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    suite
        .settle(vec![entry(suite.receipt(&id, 3, 250, true))])
        .unwrap();
    assert_eq!(suite.session(&id).unwrap().status, SessionStatus::Open);
    assert_eq!(suite.reclaim(id).unwrap(), None, "not finalized yet");
    suite.finalize();
    assert_eq!(suite.session(&id).unwrap().status, SessionStatus::Ended);
    suite
        .settle(vec![entry(suite.receipt(&id, 4, 900, false))])
        .unwrap();
    suite.finalize();
    assert_eq!(
        suite.session(&id).unwrap().paid,
        Uint128::new(250),
        "the end is the end"
    );
    assert_eq!(suite.reclaim(id).unwrap(), Some(Uint128::new(750)));
    assert_eq!(suite.free("alice"), DEPOSIT - 250);
    assert_eq!(suite.session(&id).unwrap().status, SessionStatus::Reclaimed);
}

#[test]
fn a_receipt_for_a_session_that_is_not_there_is_worked_off_and_harms_nobody() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let nowhere = secret_ai_interface::Hex([0xcc; 16]);
    let entries = vec![
        entry(suite.receipt(&nowhere, 1, 10, false)),
        entry(suite.receipt(&id, 1, 10, false)),
    ];
    suite.settle(entries).unwrap();
    assert_eq!(suite.clock().pending, 2);
    suite.finalize();
    assert_eq!(suite.clock().pending, 0);
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(10));
}

#[test]
fn a_batch_takes_the_oldest_entries_first_and_no_more_than_its_limit() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    for seq in 1..=5 {
        suite
            .settle(vec![entry(suite.receipt(&id, seq, seq * 10, false))])
            .unwrap();
    }
    suite.app.advance(TIMING.epoch_s);
    let epoch = suite.clock().epoch - 1;
    for (limit, pending, paid) in [(2, 3, 20), (2, 1, 40), (2, 0, 50)] {
        suite
            .send(
                "crank",
                &ExecuteMsg::Finalize {
                    epoch,
                    limit,
                    padding: None,
                },
            )
            .unwrap();
        assert_eq!(suite.clock().pending, pending);
        assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(paid));
    }
    assert_eq!(suite.clock().finalized_before, suite.clock().epoch);
}
