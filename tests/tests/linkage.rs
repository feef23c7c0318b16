//! A small linkage game on the real wasm: with every defence the adversary can only guess; without
//! cover traffic and mixing it wins.

use secret_ai_tests::linkage::plan::{Plan, SMALL};
use secret_ai_tests::linkage::scenario::{ALL_ON, NO_MIXING_NO_COVER};
use secret_ai_tests::linkage::score::score;
use secret_ai_tests::linkage::stage::play;

const SEED: u64 = 11;
const LIMIT: u32 = 8;

#[test]
fn with_all_defences_the_adversary_can_only_guess() {
    let outcome = score(&play(&Plan::new(SMALL, SEED), &ALL_ON, LIMIT));
    for advantage in [outcome.worker, outcome.model, outcome.pairs] {
        assert!(advantage.may_be_none(), "{outcome:#?}");
    }
}

#[test]
fn without_cover_and_mixing_the_adversary_wins() {
    let outcome = score(&play(&Plan::new(SMALL, SEED), &NO_MIXING_NO_COVER, LIMIT));
    assert!(outcome.pairs.interval.0 > 0.25, "{outcome:#?}");
    assert!(outcome.worker.interval.0 > 0.25, "{outcome:#?}");
}
