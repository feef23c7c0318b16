//! Slots that `finalize` touches for decoys as well as for sessions that are paid.

use std::collections::{BTreeMap, BTreeSet};

use secret_ai_interface::billing::MAX_BATCH;
use secret_devnet::observer::{CallView, OpKind};
use secret_devnet::{EntryPoint, TxView};

/// Of sessions, and of their owners' seeds for notifications.
///
/// A session's are known by the lengths of their values. Nobody sets a seed here, so those slots never
/// hold anything.
pub fn hidden_slots(history: &[TxView]) -> BTreeSet<String> {
    let calls = || history.iter().flat_map(|view| view.calls.iter());
    let lengths: BTreeSet<usize> = calls().flat_map(lengths_of_sessions).collect();
    let mut hidden = BTreeSet::new();
    let mut filled: BTreeMap<&str, bool> = BTreeMap::new();
    for op in calls().flat_map(|call| call.storage.iter()) {
        *filled.entry(&op.slot).or_default() |= op.length.is_some();
        if op.length.is_some_and(|length| lengths.contains(&length)) {
            hidden.insert(op.slot.clone());
        }
    }
    let empty = filled.into_iter().filter(|(_, filled)| !filled);
    hidden.extend(empty.map(|(slot, _)| slot.to_string()));
    hidden
}

/// The lengths of values of which a contract's first call writes as many as the largest batch has
/// sessions: billing opens that many of nobody's.
fn lengths_of_sessions(call: &CallView) -> BTreeSet<usize> {
    let mut written: BTreeMap<usize, usize> = BTreeMap::new();
    if call.entry != EntryPoint::Instantiate {
        return BTreeSet::new();
    }
    let writes = call.storage.iter().filter(|op| op.kind == OpKind::Write);
    for length in writes.filter_map(|op| op.length) {
        *written.entry(length).or_default() += 1;
    }
    written.retain(|_, count| *count >= MAX_BATCH);
    written.into_keys().collect()
}
