//! Settlement with acks, slack, compromised keys and final receipts.

mod common;

use common::{Suite, DEPOSIT, TIMING};
use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{
    EntryStatus, ExecuteMsg, SessionStatus, SettleAnswer, SettleEntry,
};
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
    assert_eq!(suite.clock().pending, 4, "a page counts as full");
    suite.finalize();
    assert_eq!(suite.clock().pending, 0);
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::new(10));
}

#[test]
fn a_page_of_another_key_or_without_good_entries_is_not_kept() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let bad = SettleEntry {
        receipt: cosmwasm_std::Binary(vec![1; 30]),
        ack: None,
    };
    let answer = suite.settle_as("relayer", vec![bad]).unwrap();
    assert_eq!(answer.statuses, [EntryStatus::BadReceipt]);
    let empty = suite.settle_as("relayer", vec![]).unwrap();
    assert!(empty.statuses.is_empty());
    assert_eq!(suite.clock().pending, 0, "a stranger cannot fill the queue");

    let kid = secret_ai_interface::Hex([9; 20]);
    let receipt = entry(suite.receipt(&id, 1, 10, false));
    let unknown = ExecuteMsg::Settle {
        kid,
        entries: vec![receipt.clone()],
        padding: None,
    };
    let data = suite.send("relayer", &unknown).unwrap().data.unwrap();
    let answer: SettleAnswer = cosmwasm_std::from_slice(&data).unwrap();
    assert_eq!(answer.statuses, [EntryStatus::UnknownKid]);
    assert_eq!(suite.clock().pending, 0);

    let five = suite.settle(vec![receipt; 5]).unwrap_err();
    assert!(five.contains("entries: 5, must be 0 to 4"), "{five}");
}

#[test]
fn an_operators_empty_page_is_worked_off_and_pays_nobody() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    suite.settle_as("operator", vec![]).unwrap();
    assert_eq!(suite.clock().pending, 4);
    suite.finalize();
    assert_eq!(suite.clock().pending, 0);
    assert_eq!(suite.session(&id).unwrap().paid, Uint128::zero());
    assert!(suite.session(&id).unwrap().keys.is_empty());
}

/// Many pages, worked off in small batches: everything is paid exactly once, and nothing is
/// finalized before the whole cohort is.
#[test]
fn a_cohort_is_worked_off_in_batches_of_any_size() {
    for limit in [1, 3, 5, 16] {
        let mut suite = Suite::new();
        let open = |suite: &mut Suite| suite.open(suite.terms(1_000, 1_000)).unwrap();
        let ids: Vec<_> = (0..6).map(|_| open(&mut suite)).collect();
        for id in &ids {
            let receipts = [(1, 10), (2, 30)].map(|(seq, n)| suite.receipt(id, seq, n, false));
            suite.settle(receipts.map(entry).to_vec()).unwrap();
        }
        suite.app.advance(TIMING.epoch_s);
        let epoch = suite.clock().epoch;
        let mut waiting = 6 * 4;
        while waiting > 0 {
            assert_eq!(suite.clock().finalized_before, epoch - 1);
            let answer = suite.finalize_batch(limit);
            assert_eq!(u64::from(answer.finalized), waiting.min(limit.into()));
            waiting -= u64::from(answer.finalized);
            assert_eq!(answer.remaining, waiting);
            assert_eq!(suite.clock().pending, waiting);
        }
        assert_eq!(suite.clock().finalized_before, epoch);
        for id in &ids {
            let session = suite.session(id).unwrap();
            assert_eq!((session.paid, session.keys.len()), (Uint128::new(30), 1));
        }
        let nothing = suite.finalize_batch(limit);
        assert_eq!((nothing.finalized, nothing.remaining), (0, 0));
    }
}

/// Whoever could send pages without end could leave a worker's page alone among its own.
#[test]
fn pages_of_a_key_are_bounded_in_an_epoch() {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let receipt = entry(suite.receipt(&id, 1, 10, false));
    for (who, most) in [("relayer", 4), ("operator", 64)] {
        for _ in 0..most {
            let answer = suite.settle_as(who, vec![receipt.clone()]).unwrap();
            assert_eq!(answer.statuses, [EntryStatus::Pending]);
        }
        let waiting = suite.clock().pending;
        let answer = suite.settle_as(who, vec![receipt.clone(); 2]).unwrap();
        assert_eq!(answer.statuses, [EntryStatus::TooManyPages; 2]);
        assert_eq!(suite.clock().pending, waiting);
    }
    let other = suite.settle_as("another", vec![receipt.clone()]).unwrap();
    assert_eq!(other.statuses, [EntryStatus::TooManyPages]);
    suite.app.advance(TIMING.epoch_s);
    let again = suite.settle_as("another", vec![receipt]).unwrap();
    assert_eq!(again.statuses, [EntryStatus::Pending], "a new epoch");
}

/// An epoch's pages make cohorts of at most 32, the last two about equal; pages of the running
/// epoch wait.
#[test]
fn a_cohort_has_at_most_32_pages_of_one_epoch() {
    for (pages, cohorts) in [(32u32, vec![32]), (33, vec![17, 16]), (64, vec![32, 32])] {
        let mut suite = Suite::new();
        let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
        for seq in 1..=u64::from(pages) {
            let receipt = suite.receipt(&id, seq, seq, false);
            suite.settle(vec![entry(receipt)]).unwrap();
        }
        suite.app.advance(TIMING.epoch_s);
        let late = suite.receipt(&id, 99, 99, false);
        suite.settle(vec![entry(late)]).unwrap();
        // A batch ends with its cohort.
        for size in cohorts {
            let mut entries = size * 4;
            while entries > 0 {
                assert_eq!(suite.finalize_batch(16).finalized, entries.min(16));
                entries -= entries.min(16);
            }
        }
        let none = suite.finalize_batch(16);
        assert_eq!((none.finalized, none.remaining), (0, 4), "epoch not over");
        let paid = suite.session(&id).unwrap().paid;
        assert_eq!(paid, Uint128::new(pages.into()));
    }
}
