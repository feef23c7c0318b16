//! `make linkage`: plays the linkage game under every scenario and writes docs/linkage.md and
//! docs/linkage.svg. Words on the command line choose scenarios by name; then only progress is
//! printed and nothing is written.

use std::time::Instant;

use secret_ai_tests::artifacts::root;
use secret_ai_tests::linkage::plan::{Plan, FULL};
use secret_ai_tests::linkage::report::{markdown, svg, Crowd, Played};
use secret_ai_tests::linkage::scenario::{Scenario, SCENARIOS};
use secret_ai_tests::linkage::score::score;
use secret_ai_tests::linkage::stage::play;

/// The day is drawn from this.
const SEED: u64 = 2026;
/// Sessions that one `finalize` touches.
const LIMIT: u32 = 16;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |s: &&Scenario| words.is_empty() || words.iter().any(|w| s.name.contains(w));
    let plan = Plan::new(FULL, SEED);
    let played: Vec<Played> = SCENARIOS
        .iter()
        .filter(wanted)
        .map(|scenario| run(&plan, scenario))
        .collect();
    if !words.is_empty() {
        return;
    }
    let docs = root().join("docs");
    let page = markdown(&FULL, LIMIT, &played);
    std::fs::write(docs.join("linkage.md"), page).expect("docs/linkage.md");
    std::fs::write(docs.join("linkage.svg"), svg(&played)).expect("docs/linkage.svg");
    println!("wrote docs/linkage.md and docs/linkage.svg");
}

fn run(plan: &Plan, scenario: &Scenario) -> Played {
    let start = Instant::now();
    let game = play(plan, scenario, LIMIT);
    let lived_s = start.elapsed().as_secs();
    let outcome = score(&game);
    let percent = |rate: f64| (100.0 * rate).round();
    println!(
        "{}: {} transactions in {lived_s} s, guessed in {} s: worker {:+} %, model {:+} %, pairs {:+} %",
        scenario.name,
        game.evidence.trace.len(),
        start.elapsed().as_secs() - lived_s,
        percent(outcome.worker.mean()),
        percent(outcome.model.mean()),
        percent(outcome.pairs.mean()),
    );
    Played {
        scenario: *scenario,
        outcome,
        crowd: Crowd::of(&game),
    }
}
