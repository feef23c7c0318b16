//! Byte-pair merging in O(n log n), the core of both tokenizer kinds that GGUF files carry.
//!
//! A doubly linked list holds the symbols, a heap the pairs that may merge. A heap entry whose symbols have
//! changed since is recognised by its span and skipped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

const NONE: usize = usize::MAX;

struct Symbol {
    start: usize,
    end: usize,
    previous: usize,
    next: usize,
}

/// Merges neighbouring `symbols` (consecutive byte ranges of one text), always the pair of the lowest rank
/// first and the leftmost among equals, until no pair has a rank. `rank` is asked for the two
/// ranges of a pair.
pub(super) fn merge<R: Ord>(
    symbols: impl Iterator<Item = Range<usize>>,
    rank: impl Fn(Range<usize>, Range<usize>) -> Option<R>,
) -> Vec<Range<usize>> {
    let mut list: Vec<Symbol> = symbols
        .enumerate()
        .map(|(i, range)| Symbol {
            start: range.start,
            end: range.end,
            previous: if i == 0 { NONE } else { i - 1 },
            next: i + 1,
        })
        .collect();
    let Some(last) = list.last_mut() else {
        return Vec::new();
    };
    last.next = NONE;

    let mut heap = BinaryHeap::new();
    for left in 0..list.len() {
        push_pair(&mut heap, &list, left, &rank);
    }
    while let Some(Reverse((_, left, start_end))) = heap.pop() {
        let right = list[left].next;
        if right == NONE || (list[left].start, list[right].end) != start_end || emptied(&list[left])
        {
            continue;
        }
        list[left].end = list[right].end;
        list[right].start = list[right].end;
        let after = list[right].next;
        list[left].next = after;
        if after != NONE {
            list[after].previous = left;
        }
        push_pair(&mut heap, &list, left, &rank);
        let before = list[left].previous;
        if before != NONE {
            push_pair(&mut heap, &list, before, &rank);
        }
    }
    list.iter()
        .filter(|symbol| !emptied(symbol))
        .map(|symbol| symbol.start..symbol.end)
        .collect()
}

fn emptied(symbol: &Symbol) -> bool {
    symbol.start == symbol.end
}

type Entry<R> = Reverse<(R, usize, (usize, usize))>;

fn push_pair<R: Ord>(
    heap: &mut BinaryHeap<Entry<R>>,
    list: &[Symbol],
    left: usize,
    rank: &impl Fn(Range<usize>, Range<usize>) -> Option<R>,
) {
    let right = list[left].next;
    if right == NONE {
        return;
    }
    let (a, b) = (&list[left], &list[right]);
    if let Some(rank) = rank(a.start..a.end, b.start..b.end) {
        heap.push(Reverse((rank, left, (a.start, b.end))));
    }
}
