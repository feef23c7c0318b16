//! Clues from which workers were there when a session was touched: whoever has no entry in a cohort
//! leaves only a decoy as the reason for a touch.

use std::collections::{BTreeMap, BTreeSet};

use super::clues::{blank, Matrix};
use super::facts::{Cohort, Facts, Page, Slot};
use super::trace::Public;

/// Entries that a page of unknown content is taken to hold.
const USUAL_ENTRIES: f64 = 1.5;
/// A session's use is judged by its touches in so many cohorts before and after.
const NEARBY: usize = 3;

/// The touches of a cohort.
struct Sighting {
    touched: BTreeSet<usize>,
    /// Sessions open so far: the first ones of all.
    open: usize,
    /// Expected entries of each worker.
    entries: Vec<f64>,
    /// Chance that a session is touched as a decoy.
    decoy: f64,
}

/// All cohorts, with `entries` as the expected entries of each worker.
fn sightings(facts: &Facts, entries: impl Fn(&Cohort) -> Vec<f64>) -> Vec<Sighting> {
    let sighting = |cohort: &Cohort| {
        let touches = cohort.calls.iter().flatten();
        let touched: BTreeSet<usize> = touches.map(|touch| touch.session).collect();
        let is_open = |time_s: u64| time_s < cohort.time_s;
        let open = facts.openings.iter().filter(|o| is_open(o.time_s)).count();
        let entries = entries(cohort);
        let decoys = touched.len() as f64 - entries.iter().sum::<f64>();
        Sighting {
            touched,
            open,
            entries,
            decoy: (decoys / (open as f64 + 1.0)).clamp(0.02, 0.9),
        }
    };
    facts.cohorts.iter().map(sighting).collect()
}

/// A worker whose pages are full settles each of its many sessions less often.
pub fn load(facts: &Facts, public: &Public) -> Matrix {
    let mut matrix = blank(facts.openings.len(), public.operators.len());
    for sighting in sightings(facts, |cohort| pages_sent(cohort, public)) {
        let open = sighting.open as f64;
        for (session, row) in matrix.iter_mut().enumerate().take(sighting.open) {
            let seen = sighting.touched.contains(&session);
            let workers = row.iter_mut().zip(&sighting.entries).zip(&public.shares);
            for ((cell, entries), share) in workers {
                let used = (entries / (share * open).max(1.0)).min(0.8);
                *cell += log_chance(seen, used, sighting.decoy);
            }
        }
    }
    matrix
}

/// Who sent a page.
pub fn by_pages(facts: &Facts, public: &Public) -> Matrix {
    presence(facts, public, |cohort| pages_sent(cohort, public))
}

/// Whose page was not empty, by the gas of its `settle`: the cheapest is empty, the dearest full.
pub fn by_gas(facts: &Facts, public: &Public) -> Matrix {
    let gas = || facts.cohorts.iter().flat_map(|c| &c.pages).map(|p| p.gas);
    let (least, most) = (gas().min().unwrap_or(0), gas().max().unwrap_or(0));
    let full = secret_ai_interface::billing::PAGE_ENTRIES as f64;
    let held = |page: &Page| match most - least {
        0 => USUAL_ENTRIES,
        spread => full * (page.gas - least) as f64 / spread as f64,
    };
    presence(facts, public, |cohort| {
        let mut entries = vec![0.0; public.operators.len()];
        for page in &cohort.pages {
            entries[page.worker] += held(page);
        }
        entries
    })
}

/// Whose row in the rewards contract the cohort's credit touched; claims tell whose row is whose.
pub fn by_rows(facts: &Facts, public: &Public) -> Matrix {
    let touched = facts.cohorts.iter().flat_map(|c| &c.rewarded);
    let known: BTreeMap<Slot, usize> = touched
        .filter_map(|slot| Some((*slot, *facts.workers_slots.get(slot)?)))
        .collect();
    presence(facts, public, |cohort| {
        let mut entries = pages_sent(cohort, public);
        for (worker, expected) in entries.iter_mut().enumerate() {
            let mut rows = known.iter().filter(|(_, of)| **of == worker);
            let is_known = known.values().any(|of| *of == worker);
            if is_known && !rows.any(|(slot, _)| cohort.rewarded.contains(slot)) {
                *expected = 0.0;
            }
        }
        entries
    })
}

fn pages_sent(cohort: &Cohort, public: &Public) -> Vec<f64> {
    let mut entries = vec![0.0; public.operators.len()];
    for page in &cohort.pages {
        entries[page.worker] += USUAL_ENTRIES;
    }
    entries
}

/// A session in use is touched whenever its worker has entries; otherwise only as a decoy.
fn presence(facts: &Facts, public: &Public, entries: impl Fn(&Cohort) -> Vec<f64>) -> Matrix {
    let sightings = sightings(facts, entries);
    let mut matrix = blank(facts.openings.len(), public.operators.len());
    for (number, sighting) in sightings.iter().enumerate() {
        for (session, row) in matrix.iter_mut().enumerate().take(sighting.open) {
            let seen = sighting.touched.contains(&session);
            let in_use = in_use(&sightings, number, session);
            for (cell, entries) in row.iter_mut().zip(&sighting.entries) {
                *cell += log_chance(seen, in_use * entries.min(1.0), sighting.decoy);
            }
        }
    }
    matrix
}

/// Chance that a session was used in a cohort, by its touches in the cohorts around it.
fn in_use(sightings: &[Sighting], number: usize, session: usize) -> f64 {
    let nearby = number.saturating_sub(NEARBY)..(number + NEARBY + 1).min(sightings.len());
    let (mut seen, mut by_chance, mut all) = (0.0, 0.0, 0.0_f64);
    for other in nearby.filter(|other| *other != number) {
        let other = &sightings[other];
        if session < other.open {
            seen += f64::from(u8::from(other.touched.contains(&session)));
            by_chance += other.decoy;
            all += 1.0;
        }
    }
    let all = all.max(1.0);
    let (seen, by_chance) = (seen / all, by_chance / all);
    ((seen - by_chance) / (1.0 - by_chance)).clamp(0.05, 0.9)
}

/// Log of the chance to see a touch, or none, of a session used with chance `used`.
fn log_chance(seen: bool, used: f64, decoy: f64) -> f64 {
    let missed = (1.0 - decoy) * (1.0 - used);
    if seen {
        (1.0 - missed).ln()
    } else {
        missed.ln()
    }
}
