//! The observer's view of a whole history, in a form in which two worlds can be compared.
//!
//! Only names that the observer has seen before tell it anything. So a slot is named here by all
//! that ever happened to it: two worlds get the same names exactly if their slots can be matched
//! one to one such that matched slots are touched alike throughout. (Naming slots by their first
//! appearance, as [`TxView::renamed`] does, is not enough: the writes of a call reach the store
//! together, in random order, so among slots first seen there the order means nothing.)

use std::collections::BTreeMap;

use secret_devnet::observer::{AttributeView, OpKind};
use secret_devnet::TxView;

/// The prefix of attributes that are notifications (SNIP-52), whose names are pseudorandom.
pub const NOTIFICATION: &str = "snip52:";

/// One touch of a slot: transaction, call, place in the call, kind, length.
type Touch = (usize, usize, usize, OpKind, Option<usize>);

/// Place of all writes of a call: after everything else, without order.
const AT_THE_END: usize = usize::MAX;
/// Later than every touch, so that a slot's order among others is decided by what happens first.
const NEVER_AGAIN: Touch = (usize::MAX, 0, 0, OpKind::Read, None);

/// The history with slots and notifications renamed. The slots that the signed message's own
/// contract touches in the transactions marked `unnamed` get no name.
pub fn canonical(history: &[TxView], unnamed: &[bool]) -> Vec<TxView> {
    let unnamed = |tx: usize, call: usize| call == 0 && unnamed.get(tx).copied().unwrap_or(false);
    let names = names(history, unnamed);
    let mut notifications = BTreeMap::new();
    let mut history = history.to_vec();
    for (tx, view) in history.iter_mut().enumerate() {
        for (index, call) in view.calls.iter_mut().enumerate() {
            let mut ranked: Vec<_> = std::mem::take(&mut call.storage)
                .into_iter()
                .map(|op| (names.get(&op.slot).copied(), op))
                .collect();
            // Stable: only writes are sorted, to the end of the call.
            ranked.sort_by_key(|(rank, op)| match op.kind {
                OpKind::Write if unnamed(tx, index) => Some((None, op.length)),
                OpKind::Write => Some((*rank, op.length)),
                _ => None,
            });
            for (rank, mut op) in ranked {
                op.slot = match rank.filter(|_| !unnamed(tx, index)) {
                    Some(rank) => format!("s{rank}"),
                    None => "?".into(),
                };
                call.storage.push(op);
            }
        }
        for event in &mut view.events {
            for attribute in &mut event.attributes {
                rename_notification(attribute, &mut notifications);
            }
        }
    }
    history
}

/// Each slot's rank among all, by its life.
fn names(history: &[TxView], unnamed: impl Fn(usize, usize) -> bool) -> BTreeMap<String, usize> {
    let mut lives: BTreeMap<&str, Vec<Touch>> = BTreeMap::new();
    for (tx, view) in history.iter().enumerate() {
        for (index, call) in view.calls.iter().enumerate() {
            if unnamed(tx, index) {
                continue;
            }
            for (place, op) in call.storage.iter().enumerate() {
                let place = match op.kind {
                    OpKind::Write => AT_THE_END,
                    _ => place,
                };
                let touch = (tx, index, place, op.kind, op.length);
                lives.entry(&op.slot).or_default().push(touch);
            }
        }
    }
    let ended = |(slot, mut life): (_, Vec<Touch>)| {
        life.push(NEVER_AGAIN);
        (life, slot)
    };
    let mut ranked: Vec<_> = lives.into_iter().map(ended).collect();
    ranked.sort();
    let ranked = ranked.into_iter().enumerate();
    ranked
        .map(|(rank, (_, slot))| (slot.to_string(), rank))
        .collect()
}

/// A notification's name counts only in so far as it was seen before; its value is ciphertext.
fn rename_notification(attribute: &mut AttributeView, seen: &mut BTreeMap<String, usize>) {
    if let AttributeView::Plain { key, value } = attribute {
        if key.starts_with(NOTIFICATION) {
            let next = seen.len();
            let number = *seen.entry(key.clone()).or_insert(next);
            *key = format!("{NOTIFICATION}{number}, {} characters", key.len());
            *value = format!("{} characters", value.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secret_devnet::observer::{CallView, StorageOp};
    use secret_devnet::EntryPoint;

    /// A transaction of one call with reads and then writes of slots with values of 8 bytes.
    fn tx(reads: &[&str], writes: &[&str]) -> TxView {
        let op = |kind| {
            move |slot: &&str| StorageOp {
                kind,
                slot: (*slot).to_string(),
                length: Some(8),
            }
        };
        let reads = reads.iter().map(op(OpKind::Read));
        let call = CallView {
            parent: None,
            sender: String::new(),
            contract: String::new(),
            entry: EntryPoint::Execute,
            message_length: 0,
            response_length: None,
            funds: vec![],
            gas_used: 0,
            callback_gas: 0,
            success: true,
            storage: reads.chain(writes.iter().map(op(OpKind::Write))).collect(),
        };
        TxView {
            calls: vec![call],
            ..TxView::default()
        }
    }

    #[test]
    fn slots_written_together_are_told_apart_only_by_what_follows() {
        let first = [tx(&[], &["a", "b"]), tx(&["a"], &[])];
        let last = [tx(&[], &["x", "y"]), tx(&["y"], &[])];
        assert_eq!(canonical(&first, &[]), canonical(&last, &[]));
        let neither = [tx(&[], &["x", "y"]), tx(&["z"], &[])];
        let (known, new) = (canonical(&first, &[]), canonical(&neither, &[]));
        assert_eq!(known[0], new[0], "the same up to where they part");
        assert_ne!(known[1], new[1]);
    }

    #[test]
    fn a_slot_seen_before_is_no_new_one() {
        let again = [tx(&["a"], &[]), tx(&["b"], &[]), tx(&["a"], &[])];
        let other = [tx(&["a"], &[]), tx(&["b"], &[]), tx(&["b"], &[])];
        let (again, other) = (canonical(&again, &[]), canonical(&other, &[]));
        assert_eq!(again[..2], other[..2]);
        assert_ne!(again[2], other[2]);
        assert_ne!(
            canonical(&[tx(&["a", "b"], &[]), tx(&["a"], &[])], &[]),
            canonical(&[tx(&["a", "b"], &[]), tx(&["b"], &[])], &[]),
            "reads come one by one, in order"
        );
    }

    #[test]
    fn only_marked_transactions_lose_their_names() {
        let marked = [false, true, false];
        let first = [tx(&["a"], &[]), tx(&["a"], &["c"]), tx(&["b"], &[])];
        let last = [tx(&["a"], &[]), tx(&["z"], &["b"]), tx(&["b"], &[])];
        assert_ne!(canonical(&first, &[]), canonical(&last, &[]));
        assert_eq!(canonical(&first, &marked), canonical(&last, &marked));
        let longer = [tx(&["a"], &[]), tx(&["a"], &["b", "c"]), tx(&["b"], &[])];
        assert_ne!(canonical(&first, &marked), canonical(&longer, &marked));
    }

    #[test]
    fn a_notification_shows_its_lengths_and_whether_its_name_was_seen() {
        let mut seen = BTreeMap::new();
        let mut shown = |key: &str| {
            let mut attribute = AttributeView::Plain {
                key: key.into(),
                value: "dGV4dA==".into(),
            };
            rename_notification(&mut attribute, &mut seen);
            serde_json::to_string(&attribute).unwrap()
        };
        let first = shown("snip52:aaaa");
        assert_eq!(
            first,
            r#"{"key":"snip52:0, 11 characters","value":"8 characters"}"#
        );
        assert_ne!(shown("snip52:bbbb"), first);
        assert_eq!(shown("snip52:aaaa"), first);
        assert!(shown("worker").contains("dGV4dA=="));
    }
}
