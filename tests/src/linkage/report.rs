//! docs/linkage.md.

use std::fmt::Write;

use super::clues::WORKER_CLUES;
use super::plan::Size;
use super::scenario::Scenario;
use super::score::{Advantage, Outcome};
use super::trace::{Class, Game};

pub use super::plot::svg;

/// What the crowd was in which a session could hide.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub pages: usize,
    pub batches: usize,
    /// Receipts settled.
    pub entries: usize,
    /// Receipts that waited for the next round.
    pub late: usize,
}

impl Crowd {
    /// Counts a game.
    pub fn of(game: &Game) -> Crowd {
        let count = |class| {
            let trace = game.evidence.trace.iter();
            trace.filter(|seen| seen.class == class).count()
        };
        Crowd {
            pages: count(Class::Settle),
            batches: count(Class::Finalize),
            entries: game.entries,
            late: game.late,
        }
    }
}

/// A game of the report.
pub struct Played {
    pub scenario: Scenario,
    pub outcome: Outcome,
    pub crowd: Crowd,
}

/// The whole page.
pub fn markdown(size: &Size, limit: u32, played: &[Played]) -> String {
    let Size {
        users,
        own_each,
        workers,
        models,
        rounds,
        round_s,
    } = size;
    let minutes = round_s / 60;
    let mut page = format!(
        "# The linkage game: who served whom?

Written by `make linkage`; do not edit.

A simulated adversary sees the whole trace of a day on the devnet, with the real contracts: every
transaction's sender, lengths, gas, and every storage slot read or written. {users} users open sessions
with {workers} workers for {models} models; workers settle in {rounds} rounds of {minutes} minutes, one page
each; an epoch is one round; `finalize` works with limit {limit}. For every session the adversary
guesses worker and model.

It also knows, without any trace, which wallets are operators, who lists which model, and every
worker's exact share of the sessions. It has {own_each} sessions of its own with every worker, whose truth it
knows. On them it learns how much each of its clues is worth (a conditional logit), and combines them.
It knows the contracts' code and which kind of message each transaction is.

**Advantage** is the success rate above that of the best guess without the trace, with the 95 %
interval of a bootstrap over the sessions. **Pairs** is the sharper measure: two sessions, two workers, which
is whose? Guessing gives 50 %, however popular the workers are.

![Advantage of the adversary in each game](linkage.svg)

| defences | sessions | worker: success | guessing | advantage | model: success | guessing | advantage | pairs above 50 % |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"
    );
    for Played {
        scenario, outcome, ..
    } in played
    {
        let Outcome {
            sessions,
            worker,
            model,
            pairs,
            ..
        } = outcome;
        let line = format!(
            "| {} | {sessions} | {} | {} | {} | {} |",
            scenario.name,
            rates(worker),
            advantage(worker),
            rates(model),
            advantage(model),
        );
        writeln!(page, "{line} {} |", advantage(pairs)).expect("a string");
    }
    page.push_str(
        "
Bold: the interval is above 0, the adversary wins.

## Which clue tells

Pairs above 50 %, by each clue alone. With so many figures some intervals miss 0 by chance.

",
    );
    clue_table(&mut page, played);
    page.push_str(
        "
## The crowd

A session hides among the pages of its cohort: up to 32 pages of one epoch, mixed.

| defences | pages | pages per round | receipts | of them a round late | batches | sessions touched per receipt |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
",
    );
    for Played {
        scenario, crowd, ..
    } in played
    {
        let per_round = crowd.pages as f64 / *rounds as f64;
        let touched = crowd.batches as f64 * f64::from(limit);
        let touched = match scenario.billing {
            "billing-leak-p4" => 1.0,
            _ => touched / crowd.entries.max(1) as f64,
        };
        let Crowd {
            pages,
            batches,
            entries,
            late,
        } = crowd;
        let name = scenario.name;
        let line =
            format!("| {name} | {pages} | {per_round:.1} | {entries} | {late} | {batches} |");
        writeln!(page, "{line} {touched:.1} |").expect("a string");
    }
    page
}

fn clue_table(page: &mut String, played: &[Played]) {
    let head = WORKER_CLUES.join(" | ");
    let rule = "---: | ".repeat(WORKER_CLUES.len());
    writeln!(page, "| defences | {head} |\n| --- | {}|", rule).expect("a string");
    for Played {
        scenario, outcome, ..
    } in played
    {
        let cells: Vec<String> = outcome.pairs_by_clue.iter().map(short).collect();
        let cells = cells.join(" | ");
        writeln!(page, "| {} | {cells} |", scenario.name).expect("a string");
    }
}

fn rates(of: &Advantage) -> String {
    format!("{} % | {} %", percent(of.success), percent(of.baseline))
}

fn short(of: &Advantage) -> String {
    let mean = percent(of.mean());
    match of.interval.0 > 1e-9 {
        true => format!("**{mean} %**"),
        false => format!("{mean} %"),
    }
}

fn advantage(of: &Advantage) -> String {
    let (low, high) = (percent(of.interval.0), percent(of.interval.1));
    format!("{} ({low} to {high})", short(of))
}

fn percent(rate: f64) -> String {
    let text = format!("{:.1}", 100.0 * rate);
    match text.as_str() {
        "-0.0" => "0.0".into(),
        _ => text,
    }
}
