//! A small linkage game on the real wasm: with every defence the adversary can only guess; without
//! cover traffic and mixing it wins.

use secret_ai_tests::linkage::plan::{Plan, SMALL};
use secret_ai_tests::linkage::scenario::{Scenario, ALL_ON, NO_MIXING_NO_COVER};
use secret_ai_tests::linkage::score::{score, Advantage, Outcome};
use secret_ai_tests::linkage::stage::play;

const LIMIT: u32 = 8;

/// Three small days.
fn outcome(scenario: &Scenario) -> Outcome {
    let day = |seed| play(&Plan::new(SMALL, seed), scenario, LIMIT);
    score(&[day(1), day(2), day(3)])
}

/// However wide the interval, more than this is no chance.
const MOST_BY_CHANCE: f64 = 0.15;

/// Within four standard deviations of nothing, which a 95 % interval is wide. So few days must not
/// fail by bad luck; the interval that contains 0 is shown over full days (docs/linkage.md).
fn may_be_chance(advantage: &Advantage) -> bool {
    let (low, high) = advantage.interval;
    advantage.mean().abs() <= (high - low).min(MOST_BY_CHANCE)
}

#[test]
fn with_all_defences_the_adversary_can_only_guess() {
    let outcome = outcome(&ALL_ON);
    for advantage in [outcome.worker, outcome.model, outcome.pairs] {
        assert!(may_be_chance(&advantage), "{outcome:#?}");
    }
}

#[test]
fn without_cover_and_mixing_the_adversary_wins() {
    let outcome = outcome(&NO_MIXING_NO_COVER);
    for advantage in [outcome.worker, outcome.pairs] {
        assert!(!may_be_chance(&advantage), "{outcome:#?}");
        assert!(advantage.interval.0 > 0.25, "{outcome:#?}");
    }
}
