//! Traces made by hand: what the contracts would show if they kept, or broke, each rule. They prove
//! that the adversary sees each leak, without any contract.

mod paper;

use super::day::live;
use super::known::{own, public};
use super::plan::{Plan, Size, FULL, SMALL};
use super::score::{score, Outcome};
use super::trace::{Evidence, Game};
use paper::{Leaks, Paper, LIMIT};

fn game(size: Size, seed: u64, leaks: Leaks) -> Game {
    let plan = Plan::new(size, seed);
    let mut paper = Paper::new(&plan, leaks, seed);
    let tally = live(&plan, !leaks.no_cover, &mut paper);
    let truth = plan.sessions.iter().map(|session| session.choice).collect();
    Game {
        evidence: Evidence {
            public: public(&plan, "rewards", LIMIT as u32),
            own: own(&plan),
            trace: paper.trace,
        },
        truth,
        entries: tally.entries,
        late: tally.late,
    }
}

/// A small day.
fn small(leaks: Leaks) -> Outcome {
    score(&[game(SMALL, 11, leaks)])
}

fn assert_wins(outcome: &Outcome, at_least: f64) {
    let pairs = outcome.pairs;
    assert!(pairs.interval.0 > 0.0, "{outcome:?}");
    assert!(pairs.mean() > at_least, "{outcome:?}");
}

#[test]
fn without_a_leak_it_can_only_guess() {
    let outcome = small(Leaks::default());
    assert!(outcome.pairs.may_be_none(), "{outcome:?}");
    assert!(outcome.worker.may_be_none(), "{outcome:?}");
    assert!(outcome.model.may_be_none(), "{outcome:?}");
}

#[test]
fn nor_does_it_learn_over_many_days() {
    let days: Vec<Game> = (0..16)
        .map(|seed| game(SMALL, seed, Leaks::default()))
        .collect();
    let pairs = score(&days).pairs;
    assert!(pairs.mean().abs() < 0.04, "{pairs:?}");
}

#[test]
fn silence_of_idle_workers_tells() {
    let leaks = Leaks {
        no_cover: true,
        ..Leaks::default()
    };
    assert_wins(&score(&[game(FULL, 0, leaks)]), 0.1);
}

#[test]
fn pages_worked_off_in_order_tell() {
    let mut leaks = Leaks {
        order: true,
        ..Leaks::default()
    };
    assert_wins(&small(leaks), 0.3);
    leaks.page_by_page = true;
    assert_wins(&small(leaks), 0.4);
}

#[test]
fn a_slot_of_the_worker_tells() {
    let leaks = Leaks {
        worker_slot: true,
        ..Leaks::default()
    };
    assert_wins(&small(leaks), 0.4);
}

#[test]
fn gas_tells_the_model_and_the_idle() {
    let leaks = Leaks {
        gas: true,
        ..Leaks::default()
    };
    let outcome = small(leaks);
    assert!(outcome.model.interval.0 > 0.2, "{outcome:?}");
    assert!(outcome.pairs.interval.0 > 0.05, "{outcome:?}");
}

#[test]
fn rows_that_earned_tell() {
    let leaks = Leaks {
        rows: true,
        ..Leaks::default()
    };
    assert_wins(&score(&[game(FULL, 0, leaks)]), 0.1);
}
