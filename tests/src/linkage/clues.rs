//! What in the trace may tell the worker of a session. Each clue gives every (session, worker) a
//! log-likelihood ratio; a row of equal numbers says nothing.
//!
//! The sessions that the adversary opened itself serve as examples. A session is never its own
//! example.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Cohort, Facts, Opening, Slot};
use super::presence;
use super::trace::{Evidence, Own, Public};

/// `[session][label]`; a label is a worker or a model.
pub type Matrix = Vec<Vec<f64>>;

/// Names of the clues of the worker, in the order of [`worker_clues`].
pub const WORKER_CLUES: [&str; 8] = [
    "shared slots",
    "look of the opening",
    "place in the batch",
    "between page reads",
    "touches and load",
    "page in the cohort",
    "gas of the page",
    "earnings row",
];
/// Slots that more than this share of all openings touch tell nothing.
const COMMON: f64 = 0.6;
/// Weight of not knowing, in examples.
const DOUBT: f64 = 0.2;

/// One matrix per clue.
pub fn worker_clues(facts: &Facts, evidence: &Evidence) -> Vec<Matrix> {
    let public = &evidence.public;
    vec![
        shared_slots(facts, evidence),
        look(
            &facts.openings,
            &evidence.own,
            public.operators.len(),
            |own| own.choice.worker,
        ),
        place(facts, public),
        between(facts, public),
        presence::load(facts, public),
        presence::by_pages(facts, public),
        presence::by_gas(facts, public),
        presence::by_rows(facts, public),
    ]
}

/// What the look of its opening says about a session's model.
pub fn model_clue(facts: &Facts, evidence: &Evidence, models: usize) -> Matrix {
    look(&facts.openings, &evidence.own, models, |own| {
        own.choice.model
    })
}

/// All 0: nothing known.
pub fn blank(rows: usize, labels: usize) -> Matrix {
    vec![vec![0.0; labels]; rows]
}

/// Slots that an opening shares with transactions of a worker, or with own openings for it.
fn shared_slots(facts: &Facts, evidence: &Evidence) -> Matrix {
    let workers = evidence.public.operators.len();
    let mut openers: BTreeMap<Slot, usize> = BTreeMap::new();
    for slot in facts.openings.iter().flat_map(|o| &o.shared) {
        *openers.entry(*slot).or_default() += 1;
    }
    let common = COMMON * facts.openings.len() as f64;
    let mut matrix = blank(facts.openings.len(), workers);
    for (session, opening) in facts.openings.iter().enumerate() {
        let telling = opening.shared.iter();
        for slot in telling.filter(|slot| (openers[slot] as f64) < common) {
            let mut examples = vec![0.0; workers];
            let others = evidence.own.iter().filter(|own| own.session != session);
            for own in others.filter(|own| facts.openings[own.session].shared.contains(slot)) {
                examples[own.choice.worker] += 1.0;
            }
            if let Some(worker) = facts.workers_slots.get(slot) {
                examples[*worker] += 2.0;
            }
            add_log_ratio(&mut matrix[session], &examples);
        }
    }
    matrix
}

/// Adds what examples say: the log of each label's share, compared with equal shares.
fn add_log_ratio(row: &mut [f64], examples: &[f64]) {
    let total = examples.iter().sum::<f64>() + DOUBT;
    let labels = row.len() as f64;
    for (cell, example) in row.iter_mut().zip(examples) {
        *cell += ((example + DOUBT / labels) * labels / total).ln();
    }
}

/// Openings that look like own openings of a label: same lengths, gas nearby.
fn look(openings: &[Opening], own: &[Own], labels: usize, label: impl Fn(&Own) -> usize) -> Matrix {
    let gas = || openings.iter().map(|o| o.gas);
    let spread = gas().max().unwrap_or(0) - gas().min().unwrap_or(0);
    let width = (spread as f64 / 40.0).max(1.0);
    let mut matrix = blank(openings.len(), labels);
    for (session, opening) in openings.iter().enumerate() {
        let mut examples = vec![0.0; labels];
        let mut count = vec![0.0; labels];
        for own in own.iter().filter(|own| own.session != session) {
            let other = &openings[own.session];
            let lengths = if other.lengths == opening.lengths {
                1.0
            } else {
                0.02
            };
            let distance = opening.gas.abs_diff(other.gas) as f64 / width;
            examples[label(own)] += lengths * (-distance).exp();
            count[label(own)] += 1.0;
        }
        let likelihood: Vec<f64> = examples
            .iter()
            .zip(&count)
            .map(|(near, of)| (near + DOUBT / labels as f64) / (of + DOUBT))
            .collect();
        add_log_ratio(&mut matrix[session], &likelihood);
    }
    matrix
}

/// If pages are worked off in order, a session's place among the touches tells its page.
fn place(facts: &Facts, public: &Public) -> Matrix {
    let per_call = public.limit as f64 / secret_ai_interface::billing::PAGE_ENTRIES as f64;
    each_touch(facts, public, |cohort, call, rank| {
        let pages = cohort.pages.len() as f64;
        let from = call as f64 * per_call;
        let here = per_call.min(pages - from).max(1.0);
        let expected = from + here * (rank as f64 + 0.5) / cohort.calls[call].len() as f64;
        let nearness = |page: f64| match page >= from && page < from + here {
            true => (-(page + 0.5 - expected).abs()).exp(),
            false => 0.0,
        };
        (0..cohort.pages.len())
            .map(|p| nearness(p as f64))
            .collect()
    })
}

/// If a page is read just before its sessions, the last page read tells the worker.
fn between(facts: &Facts, public: &Public) -> Matrix {
    each_touch(facts, public, |cohort, call, rank| {
        let touches = &cohort.calls[call];
        let places: BTreeSet<usize> = touches.iter().map(|t| t.pages_before).collect();
        let before = touches[rank].pages_before;
        let hit = |page: usize| f64::from(u8::from(places.len() > 1 && page + 1 == before));
        (0..cohort.pages.len()).map(hit).collect()
    })
}

/// Sums, over all touches, what the weight of each page of the cohort says about its worker.
/// Arguments of `weigh`: cohort, number of the call, rank of the touch in it.
fn each_touch(
    facts: &Facts,
    public: &Public,
    weigh: impl Fn(&Cohort, usize, usize) -> Vec<f64>,
) -> Matrix {
    let workers = public.operators.len();
    let mut matrix = blank(facts.openings.len(), workers);
    for cohort in facts
        .cohorts
        .iter()
        .filter(|cohort| !cohort.pages.is_empty())
    {
        for (call, touches) in cohort.calls.iter().enumerate() {
            for (rank, touch) in touches.iter().enumerate() {
                let mut examples = vec![0.0; workers];
                for (page, weight) in cohort.pages.iter().zip(weigh(cohort, call, rank)) {
                    examples[page.worker] += weight;
                }
                if examples.iter().any(|weight| *weight > 0.0) {
                    add_log_ratio(&mut matrix[touch.session], &examples);
                }
            }
        }
    }
    matrix
}
