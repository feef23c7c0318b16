//! How many pages a round has: a backlog is spread over the rounds that are left.

use secret_ai_interface::Hex;
use secret_ai_receipts::{Receipt, Signed};
use secret_ai_worker_agent::journal::Record;
use secret_ai_worker_agent::pages::{pages, Page, Rules, MAX_PAGES};

const NOW: u64 = 1_700_000_000;
const KID: [u8; 20] = [2; 20];

/// The defaults: a page every 600 s; epochs of 600 s, so the margin is 2,400 s.
fn rules(challenge_s: u64) -> Rules {
    Rules {
        own: Some(Hex(KID)),
        pages: 1,
        most: MAX_PAGES,
        cover_traffic: true,
        challenge_s,
        settles_until: Default::default(),
        now: NOW,
        round_s: 600,
        margin_s: 2_400,
    }
}

/// Receipts of as many sessions that wait since now. Nobody looks at their signatures.
fn burst(sessions: u16) -> Vec<Record> {
    let record = |session: u16| {
        let mut session_id = [0; 16];
        session_id[..2].copy_from_slice(&session.to_be_bytes());
        let body = Receipt {
            session_id,
            kid: KID,
            seq: 1,
            is_final: false,
            aborted: false,
            counters: vec![1, 1],
            evidence: [3; 32],
        };
        let signature = [0; 64];
        Record {
            receipt: Signed { body, signature },
            ack: None,
            deadline: NOW + 1_000_000,
            since: NOW,
        }
    };
    (0..sessions).map(record).collect()
}

/// Pages of each round until nothing waits.
fn rounds(mut waiting: Vec<Record>, mut rules: Rules) -> Vec<usize> {
    let mut counts = Vec::new();
    while !waiting.is_empty() {
        let sent = pages(waiting.clone(), &rules);
        counts.push(sent.len());
        let gone: Vec<&Record> = sent.iter().flat_map(|page| &page.records).collect();
        assert!(!gone.is_empty());
        waiting.retain(|record| !gone.contains(&record));
        rules.now += rules.round_s;
    }
    counts
}

#[test]
fn a_burst_is_spread_over_the_rounds_that_are_left() {
    // 375 pages; 9 rounds until one margin before the challenge window ends.
    let counts = rounds(burst(1_500), rules(7_200));
    assert_eq!(counts, [42, 42, 42, 42, 42, 42, 41, 41, 41]);
}

#[test]
fn a_burst_that_needs_all_pages_gets_them_from_the_first_round_on() {
    // 6 rounds, of 63 pages each; 64 are the most.
    assert_eq!(rounds(burst(1_500), rules(5_400))[..2], [63, 63]);
    assert_eq!(rounds(burst(1_500), rules(5_400)).len(), 6);
    // 3 rounds are too few.
    assert_eq!(rounds(burst(1_500), rules(3_600))[..3], [64, 64, 64]);
}

#[test]
fn a_round_without_a_backlog_has_the_usual_pages() {
    let sizes = |sent: Vec<Page>| -> Vec<usize> {
        let records = sent.iter().map(|page| page.records.len());
        records.collect()
    };
    assert_eq!(sizes(pages(vec![], &rules(7_200))), [0]);
    assert_eq!(sizes(pages(burst(3), &rules(7_200))), [3]);
    assert_eq!(sizes(pages(burst(36), &rules(7_200))), [4]);
    assert_eq!(sizes(pages(burst(37), &rules(7_200))), [4, 4]);
    let two = Rules {
        pages: 2,
        ..rules(7_200)
    };
    assert_eq!(sizes(pages(burst(3), &two)), [3, 0]);
}

#[test]
fn what_is_due_soon_is_not_held_up_by_what_has_time() {
    let mut records = burst(40);
    for record in &mut records[30..] {
        record.deadline = NOW + 2_400;
    }
    let sent = pages(records, &rules(7_200));
    assert_eq!(sent.len(), 3);
    let soon = |record: &&Record| record.deadline == NOW + 2_400;
    let first = sent.iter().flat_map(|page| &page.records).take(10);
    assert_eq!(first.filter(soon).count(), 10);
}

#[test]
fn what_an_ended_lease_leaves_is_due_sooner() {
    let ends = |settles_until: u64| Rules {
        settles_until: [(KID, settles_until)].into(),
        ..rules(7_200)
    };
    assert_eq!(pages(burst(8), &ends(NOW + 7_200)).len(), 1);
    assert_eq!(pages(burst(8), &ends(NOW + 2_400)).len(), 2);
}
