//! docs/linkage.md.

use super::clues::WORKER_CLUES;
use super::plan::Size;
use super::scenario::Scenario;
use super::score::{Advantage, Outcome};
use super::trace::{Class, Game};

pub use super::plot::svg;

/// What the game leaves out.
const LIMITS: &str = "
## What the game leaves out

* A worker that is down for a round cannot have served what is used in that round. Whoever watches long
  enough learns from outages; cover traffic must not stop.
* A worker with more sessions in use than its pages hold settles them late, so that they are touched
  less often (clue \"touches and load\"). Operators give their agent enough pages.
* The crowd is the cohort. With few workers it is small; with workers of the adversary's in it, smaller
  by those.
* Only the chain is watched: who talks to whom over the network is out of its sight.

## What the figures do not show

* This is one adversary, with these clues. That it sees nothing is no proof that there is nothing to
  see; the two-worlds test (docs/privacy.md) is the stronger statement.
* With so few sessions an advantage in pairs below about 4 points would not be seen.
* The intervals draw sessions anew, not days: what chance did to a whole day is not in them.
* An advantage of 0.0 % (0.0 to 0.0) means that its best guess never changed. It may still rank workers
  better than by chance; pairs is the measure of that.
* Not played: builds without P1 or P6. P2 is off in billing alone; decoys and mixing are off only
  together.
* Users choose a worker anew for each session. Who stays with a worker may be learnt over many sessions.
* It makes no use of when sessions are closed and reclaimed.
* It owns no worker, and it does not flood cohorts with pages of its own.
";

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
    /// Counts over some days.
    pub fn of(games: &[Game]) -> Crowd {
        let count = |class| {
            let trace = games.iter().flat_map(|game| &game.evidence.trace);
            trace.filter(|seen| seen.class == class).count()
        };
        Crowd {
            pages: count(Class::Settle),
            batches: count(Class::Finalize),
            entries: games.iter().map(|game| game.entries).sum(),
            late: games.iter().map(|game| game.late).sum(),
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
pub fn markdown(size: &Size, days: u64, limit: u32, played: &[Played]) -> String {
    let mut page = method(size, days, limit);
    result_table(&mut page, played);
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

A session hides among the pages of its cohort: up to 32 pages of one epoch, mixed. Here all pages of
a round are one cohort, so that a session may be any worker's that sent one. The limit of `finalize`
changes the number of batches, not the crowd.

",
    );
    crowd_table(&mut page, size.rounds as f64 * days as f64, limit, played);
    page.push_str(LIMITS);
    page
}

fn method(size: &Size, days: u64, limit: u32) -> String {
    let Size {
        users,
        own_each,
        workers,
        models,
        rounds,
        round_s,
    } = size;
    let minutes = round_s / 60;
    format!(
        "# The linkage game: who served whom?

Written by `make linkage`; do not edit.

A simulated adversary sees the whole trace of a day on the devnet, with the real contracts: every
transaction's sender, lengths, gas, and every storage slot read or written. {users} users open sessions
with {workers} workers for {models} models; workers settle in {rounds} rounds of {minutes} minutes, one page
each; an epoch is one round; `finalize` works with limit {limit}. For every session the adversary
guesses worker and model. Each game is {days} such days, each with its own market and a fresh chain.

It also knows, without any trace, which wallets are operators, who lists which model, and every
worker's exact share of the sessions. It has {own_each} sessions of its own with every worker, whose truth it
knows. On them it learns how much each of its clues is worth (a conditional logit), and combines them.
It knows the contracts' code and which kind of message each transaction is.

**Advantage** is the success rate above that of the best guess without the trace, with the 95 %
interval of a bootstrap over the sessions. **Pairs** is the sharper measure: two sessions, two workers, which
is whose? Guessing gives 50 %, however popular the workers are.

![Advantage of the adversary in each game](linkage.svg)

"
    )
}

fn result_table(page: &mut String, played: &[Played]) {
    page.push_str(
        "| defences | sessions | worker: success | guessing | advantage | model: success | guessing \
         | advantage | pairs above 50 % |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for game in played {
        let outcome = &game.outcome;
        let cells = [
            game.scenario.name.to_string(),
            outcome.sessions.to_string(),
            rates(&outcome.worker),
            advantage(&outcome.worker),
            rates(&outcome.model),
            advantage(&outcome.model),
            advantage(&outcome.pairs),
        ];
        row(page, &cells);
    }
}

fn crowd_table(page: &mut String, rounds: f64, limit: u32, played: &[Played]) {
    page.push_str(
        "| defences | pages | pages per round | receipts | of them a round late | batches \
         | sessions touched per receipt |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for game in played {
        let crowd = &game.crowd;
        // Without mixing a batch touches no more sessions than it has receipts of.
        let touched = crowd.batches as f64 * f64::from(limit) / crowd.entries.max(1) as f64;
        let touched = match game.scenario.billing {
            "billing-leak-p4" => "no decoys".to_string(),
            _ => format!("{touched:.1}"),
        };
        let cells = [
            game.scenario.name.to_string(),
            crowd.pages.to_string(),
            format!("{:.1}", crowd.pages as f64 / rounds),
            crowd.entries.to_string(),
            crowd.late.to_string(),
            crowd.batches.to_string(),
            touched,
        ];
        row(page, &cells);
    }
}

fn row(page: &mut String, cells: &[String]) {
    page.push_str(&format!("| {} |\n", cells.join(" | ")));
}

fn clue_table(page: &mut String, played: &[Played]) {
    let head = WORKER_CLUES.join(" | ");
    let rule = "---: | ".repeat(WORKER_CLUES.len());
    page.push_str(&format!(
        "| defences | {head} |\n| --- | {}\n",
        rule.trim_end()
    ));
    for game in played {
        let mut cells = vec![game.scenario.name.to_string()];
        cells.extend(game.outcome.pairs_by_clue.iter().map(short));
        row(page, &cells);
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
