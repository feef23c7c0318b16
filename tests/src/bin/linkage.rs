//! `make linkage`: plays the linkage game under every scenario and writes docs/linkage.md and
//! docs/linkage.svg. Words on the command line choose scenarios by name; then only progress is
//! printed and nothing is written.

use std::time::Instant;

use secret_ai_tests::artifacts::root;
use secret_ai_tests::linkage::plan::{Plan, FULL};
use secret_ai_tests::linkage::report::{markdown, svg, Crowd, Played};
use secret_ai_tests::linkage::scenario::{Scenario, SCENARIOS};
use secret_ai_tests::linkage::score::{score, Advantage};
use secret_ai_tests::linkage::stage::play;

/// The first day is drawn from this, the next ones from the numbers after it.
const SEED: u64 = 2026;
const DAYS: u64 = 3;
/// Sessions that one `finalize` touches.
const LIMIT: u32 = 16;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |s: &&Scenario| words.is_empty() || words.iter().any(|w| s.name.contains(w));
    let played: Vec<Played> = SCENARIOS.iter().filter(wanted).map(run).collect();
    if !words.is_empty() {
        return;
    }
    let docs = root().join("docs");
    let page = markdown(&FULL, DAYS, LIMIT, &played);
    std::fs::write(docs.join("linkage.md"), page).expect("docs/linkage.md");
    std::fs::write(docs.join("linkage.svg"), svg(&played)).expect("docs/linkage.svg");
    println!("wrote docs/linkage.md and docs/linkage.svg");
}

/// Plays all days of a scenario.
fn run(scenario: &Scenario) -> Played {
    let start = Instant::now();
    let games: Vec<_> = (SEED..SEED + DAYS)
        .map(|seed| play(&Plan::new(FULL, seed), scenario, LIMIT))
        .collect();
    let lived_s = start.elapsed().as_secs();
    let outcome = score(&games);
    let guessed_s = start.elapsed().as_secs() - lived_s;
    println!(
        "{}: lived in {lived_s} s, guessed in {guessed_s} s; advantage: worker {}, model {}, pairs {}",
        scenario.name,
        shown(&outcome.worker),
        shown(&outcome.model),
        shown(&outcome.pairs),
    );
    Played {
        scenario: *scenario,
        outcome,
        crowd: Crowd::of(&games),
    }
}

fn shown(advantage: &Advantage) -> String {
    let (low, high) = advantage.interval;
    let percent = |rate: f64| (1_000.0 * rate).round() / 10.0;
    let mean = percent(advantage.mean());
    format!("{mean:+} % ({} to {})", percent(low), percent(high))
}
