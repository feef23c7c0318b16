//! The observer's view of a whole history, in a form in which two worlds can be compared.
//!
//! Only names that the observer has seen before tell it anything. So a slot is named here by all
//! that ever happened to it: two worlds get the same names exactly if their slots can be matched
//! one to one such that matched slots are touched alike throughout. (Naming slots by their first
//! appearance, as [`TxView::renamed`] does, is not enough: the writes of a call reach the store
//! together, in random order, so among slots first seen there the order means nothing.)
//!
//! Where decoys are drawn, the slots for which they stand in get no names ([`super::hidden`]).

use std::collections::{BTreeMap, BTreeSet};

use secret_devnet::observer::{AttributeView, OpKind, StorageOp};
use secret_devnet::TxView;

use super::hidden::hidden_slots;

/// The prefix of attributes that are notifications (SNIP-52), whose names are pseudorandom.
pub const NOTIFICATION: &str = "snip52:";

/// One touch of a slot: transaction, call, place in the call, kind, length.
type Touch = (usize, usize, usize, OpKind, Option<usize>);

/// Slot to rank.
type Names = BTreeMap<String, usize>;

/// Place of all writes of a call: after everything else, without order.
const AT_THE_END: usize = usize::MAX;
/// Later than every touch, so that a slot's order among others is decided by what happens first.
const NEVER_AGAIN: Touch = (usize::MAX, 0, 0, OpKind::Read, None);

/// The history with slots and notifications renamed. In the transactions marked `unnamed` slots are
/// listed without names; those of them that no decoy explains follow once more with names, sorted.
pub fn canonical(history: &[TxView], unnamed: &[bool]) -> Vec<TxView> {
    let unnamed = |tx: usize| unnamed.get(tx).copied().unwrap_or(false);
    let hidden = hidden_slots(history);
    let names = names(history, unnamed, &hidden);
    let mut notifications = Notifications::default();
    let mut history = history.to_vec();
    for (tx, view) in history.iter_mut().enumerate() {
        for call in &mut view.calls {
            let ops = std::mem::take(&mut call.storage);
            call.storage = match unnamed(tx) {
                true => without_names(ops, &names, &hidden),
                false => with_names(ops, &names),
            };
        }
        for event in &mut view.events {
            for attribute in &mut event.attributes {
                notifications.rename(attribute);
            }
        }
    }
    history
}

/// Reads in order, then the writes by their slots' ranks.
fn with_names(ops: Vec<StorageOp>, names: &Names) -> Vec<StorageOp> {
    let mut ranked: Vec<_> = ops
        .into_iter()
        .map(|op| (names.get(&op.slot).copied(), op))
        .collect();
    // Stable: only writes are sorted, to the end of the call.
    ranked.sort_by_key(|(rank, op)| match op.kind {
        OpKind::Write => Some((*rank, op.length)),
        _ => None,
    });
    let renamed = ranked.into_iter().map(|(rank, op)| rename(rank, op));
    renamed.collect()
}

/// Reads in order, then the writes by length, all without names; then those on slots that are not
/// hidden, with names, by rank: in `credit` the order of the rows is drawn after the decoys.
fn without_names(
    mut ops: Vec<StorageOp>,
    names: &Names,
    hidden: &BTreeSet<String>,
) -> Vec<StorageOp> {
    let shown = ops.iter().filter(|op| !hidden.contains(&op.slot));
    let mut shown: Vec<_> = shown
        .map(|op| (names.get(&op.slot).copied(), op.clone()))
        .collect();
    shown.sort_by_key(|(rank, op)| (*rank, op.kind, op.length));
    // Stable: only writes are sorted, to the end of the call.
    ops.sort_by_key(|op| match op.kind {
        OpKind::Write => Some(op.length),
        _ => None,
    });
    let nameless = ops.into_iter().map(|op| rename(None, op));
    let named = shown.into_iter().map(|(rank, op)| rename(rank, op));
    nameless.chain(named).collect()
}

fn rename(rank: Option<usize>, op: StorageOp) -> StorageOp {
    let slot = rank.map_or(String::from("?"), |rank| format!("s{rank}"));
    StorageOp { slot, ..op }
}

/// Each slot's rank among all, by its life.
fn names(history: &[TxView], unnamed: impl Fn(usize) -> bool, hidden: &BTreeSet<String>) -> Names {
    let mut lives: BTreeMap<&str, Vec<Touch>> = BTreeMap::new();
    for (tx, view) in history.iter().enumerate() {
        for (index, call) in view.calls.iter().enumerate() {
            for (place, op) in call.storage.iter().enumerate() {
                if unnamed(tx) && hidden.contains(&op.slot) {
                    continue;
                }
                let place = match op.kind {
                    OpKind::Write => AT_THE_END,
                    _ if unnamed(tx) => AT_THE_END,
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

/// What was seen of notifications before. Their names and values are pseudorandom, so they count only
/// in so far as they come again.
#[derive(Default)]
struct Notifications {
    keys: BTreeMap<String, usize>,
    values: BTreeMap<String, usize>,
}

impl Notifications {
    fn rename(&mut self, attribute: &mut AttributeView) {
        if let AttributeView::Plain { key, value } = attribute {
            if key.starts_with(NOTIFICATION) {
                *key = format!("{NOTIFICATION}{}", numbered(&mut self.keys, key));
                *value = numbered(&mut self.values, value);
            }
        }
    }
}

/// A text's number in the order of first appearance, and its length.
fn numbered(seen: &mut BTreeMap<String, usize>, text: &str) -> String {
    let next = seen.len();
    let number = *seen.entry(text.to_string()).or_insert(next);
    format!("{number}, {} characters", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secret_ai_interface::billing::MAX_BATCH;
    use secret_devnet::observer::CallView;
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

    /// The call that makes the contract: sessions of nobody, with values of 8 bytes.
    fn first_call() -> TxView {
        let slots: Vec<String> = (0..MAX_BATCH).map(|i| format!("nobody's {i}")).collect();
        let slots: Vec<&str> = slots.iter().map(String::as_str).collect();
        let mut view = tx(&[], &slots);
        view.calls[0].entry = EntryPoint::Instantiate;
        view
    }

    #[test]
    fn only_in_marked_transactions_sessions_lose_their_names() {
        let marked = [false, false, true, false];
        let history = |inner: TxView| [first_call(), tx(&["a"], &[]), inner, tx(&["b"], &[])];
        let first = history(tx(&["a"], &["c"]));
        let last = history(tx(&["z"], &["b"]));
        assert_ne!(canonical(&first, &[]), canonical(&last, &[]));
        assert_eq!(canonical(&first, &marked), canonical(&last, &marked));
        let longer = history(tx(&["a"], &["b", "c"]));
        assert_ne!(canonical(&first, &marked), canonical(&longer, &marked));
    }

    #[test]
    fn slots_of_no_session_keep_their_names() {
        let marked = [false, true];
        let two_rows = tx(&["a", "b"], &[]);
        let reads = |slots: &[&str]| [two_rows.clone(), tx(slots, &[])];
        let (one, other) = (reads(&["a"]), reads(&["b"]));
        assert_ne!(canonical(&one, &marked), canonical(&other, &marked));
        let (one, other) = (reads(&["a", "b"]), reads(&["b", "a"]));
        assert_eq!(canonical(&one, &marked), canonical(&other, &marked));
        let empty = |slot: &str| {
            let mut inner = tx(&[slot], &[]);
            inner.calls[0].storage[0].length = None;
            [two_rows.clone(), inner]
        };
        let (one, other) = (empty("c"), empty("d"));
        assert_eq!(canonical(&one, &marked), canonical(&other, &marked));
    }

    #[test]
    fn a_notification_shows_its_lengths_and_whether_it_was_seen() {
        let mut seen = Notifications::default();
        let mut shown = |key: &str, value: &str| {
            let mut attribute = AttributeView::Plain {
                key: key.into(),
                value: value.into(),
            };
            seen.rename(&mut attribute);
            serde_json::to_string(&attribute).unwrap()
        };
        let first = shown("snip52:aaaa", "dGV4dA==");
        assert_eq!(
            first,
            r#"{"key":"snip52:0, 11 characters","value":"0, 8 characters"}"#
        );
        assert_ne!(shown("snip52:bbbb", "dGV4dA=="), first);
        assert_ne!(shown("snip52:aaaa", "dGV4dB=="), first);
        assert_eq!(shown("snip52:aaaa", "dGV4dA=="), first);
        assert!(shown("worker", "dGV4dA==").contains("dGV4dA=="));
    }
}
