//! Rounds: every target under every load for a moment, then again. What is compared was measured within
//! seconds of each other, and the median of the rounds counts.

use std::cell::RefCell;
use std::time::Duration;

use crate::load::{self, Kind, Scenario, Slice};
use crate::process::Process;
use crate::targets::Target;
use crate::Failure;

/// Loads, from one client to more than the machine can serve at once.
pub const CONNECTIONS: [usize; 3] = [1, 32, 128];

/// Before a target has to stand still, so that it leaves nothing half done: the agent would find later that
/// a receipt has waited for the disk for seconds.
const SETTLE: Duration = Duration::from_millis(100);

/// Every load that is measured.
pub fn scenarios() -> Vec<Scenario> {
    let all = [Kind::Plain, Kind::Stream, Kind::Paced].map(|kind| {
        // A paced stream takes its time; the highest load says nothing more.
        let most = if kind == Kind::Paced { 2 } else { 3 };
        let connections = CONNECTIONS.into_iter().take(most);
        connections.map(move |connections| Scenario { kind, connections })
    });
    all.into_iter().flatten().collect()
}

/// One round's figures for one target under one load; times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Median time of a whole answer.
    pub whole: f64,
    /// Median time to the first byte.
    pub first: f64,
    /// CPU time of the processes in between, per request.
    pub cpu: f64,
    /// Answers per second.
    pub rate: f64,
}

/// What one target did under one load, over all rounds.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// One for each round.
    pub points: Vec<Option<Point>>,
    /// All times of whole answers, nanoseconds.
    pub whole: Vec<u64>,
    pub errors: u64,
    pub error: Option<String>,
}

impl Cell {
    /// Median over the rounds, NaN if nothing was measured.
    pub fn median(&self, part: impl Fn(&Point) -> f64) -> f64 {
        median(self.points.iter().flatten().map(part).collect())
    }

    /// Median over the rounds of the difference to what another target did in the same round.
    pub fn added(&self, other: &Cell, part: impl Fn(&Point) -> f64) -> f64 {
        let pairs = self.points.iter().zip(&other.points);
        let both = pairs.filter_map(|(mine, theirs)| mine.as_ref().zip(theirs.as_ref()));
        median(
            both.map(|(mine, theirs)| part(mine) - part(theirs))
                .collect(),
        )
    }

    /// 99th percentile of whole answers over all rounds, microseconds.
    pub fn p99(&self) -> f64 {
        let mut sorted = self.whole.clone();
        sorted.sort_unstable();
        at(&sorted, 0.99)
    }
}

/// Cells by target, then by scenario.
pub type Grid = Vec<Vec<Cell>>;

/// What a run brought.
pub struct Results {
    /// Names, in the order of the grid.
    pub targets: Vec<&'static str>,
    pub scenarios: Vec<Scenario>,
    pub grid: Grid,
}

impl Results {
    /// What a target did under a load, if it was measured.
    pub fn cell(&self, target: &str, scenario: Scenario) -> Option<&Cell> {
        let row = self.targets.iter().position(|name| *name == target)?;
        let column = self.scenarios.iter().position(|it| *it == scenario)?;
        let cell = self.grid.get(row)?.get(column)?;
        cell.points.iter().any(Option::is_some).then_some(cell)
    }
}

/// Measures all targets under all scenarios, `rounds` times. Only the one that is measured runs.
pub async fn measure(
    targets: &[Target],
    scenarios: &[Scenario],
    rounds: usize,
    time: Duration,
) -> Grid {
    let mut grid: Grid = vec![vec![Cell::default(); scenarios.len()]; targets.len()];
    let processes = || targets.iter().filter_map(|target| target.process.as_ref());
    processes().for_each(Process::pause);
    for round in 0..rounds {
        for (at, scenario) in scenarios.iter().enumerate() {
            for (target, row) in targets.iter().zip(&mut grid) {
                let Some(cell) = row.get_mut(at) else {
                    continue;
                };
                let skipped = target.is_slow && (round > 0 || scenario.connections > 32);
                let point = if skipped {
                    None
                } else {
                    eprintln!(
                        "round {} of {rounds}: {}, {} x {}",
                        round + 1,
                        target.name,
                        scenario.connections,
                        scenario.kind.name()
                    );
                    target.process.iter().for_each(Process::go_on);
                    let point = fill(cell, target, *scenario, time).await;
                    tokio::time::sleep(SETTLE).await;
                    target.process.iter().for_each(Process::pause);
                    point
                };
                cell.points.push(point);
            }
        }
    }
    processes().for_each(Process::go_on);
    grid
}

async fn fill(
    cell: &mut Cell,
    target: &Target,
    scenario: Scenario,
    time: Duration,
) -> Option<Point> {
    match one(target, scenario, time).await {
        Ok((slice, point)) => {
            cell.whole
                .extend(slice.samples.iter().map(|sample| sample.whole));
            cell.errors += slice.errors;
            cell.error = cell.error.take().or(slice.error);
            point
        }
        Err(error) => {
            cell.errors += 1;
            cell.error.get_or_insert(error.to_string());
            None
        }
    }
}

/// One target under one load for so long.
pub async fn one(
    target: &Target,
    scenario: Scenario,
    time: Duration,
) -> Result<(Slice, Option<Point>), Failure> {
    let cpu = RefCell::new(Vec::new());
    let around = || {
        let used = target
            .process
            .as_ref()
            .map_or(Duration::ZERO, |process| process.cpu());
        cpu.borrow_mut().push(used);
    };
    let slice = load::slice(&target.requests, scenario, time, around).await?;
    let used = match cpu.borrow().as_slice() {
        [before, after] => after.saturating_sub(*before),
        _ => Duration::ZERO,
    };
    if slice.samples.is_empty() {
        return Ok((slice, None));
    }
    let sorted = |part: fn(&load::Sample) -> u64| {
        let mut times: Vec<u64> = slice.samples.iter().map(part).collect();
        times.sort_unstable();
        times
    };
    let count = slice.samples.len() as f64;
    let point = Point {
        whole: at(&sorted(|sample| sample.whole), 0.5),
        first: at(&sorted(|sample| sample.first), 0.5),
        cpu: used.as_secs_f64() * 1e6 / count,
        rate: count / slice.wall.as_secs_f64(),
    };
    Ok((slice, Some(point)))
}

/// A quantile of sorted nanoseconds, in microseconds; NaN of nothing.
pub fn at(sorted: &[u64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let place = (last * quantile).round() as usize;
    sorted
        .get(place)
        .map_or(f64::NAN, |nanos| *nanos as f64 / 1e3)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len() % 2, numbers.get(middle)) {
        (0, Some(upper)) => (numbers[middle - 1] + upper) / 2.0,
        (_, Some(number)) => *number,
        (_, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(wholes: &[Option<f64>]) -> Cell {
        let point = |whole: &Option<f64>| {
            whole.map(|whole| Point {
                whole,
                first: 0.0,
                cpu: 0.0,
                rate: 0.0,
            })
        };
        Cell {
            points: wholes.iter().map(point).collect(),
            ..Cell::default()
        }
    }

    #[test]
    fn what_is_added_is_told_by_rounds_that_both_have_seen() {
        let direct = cell(&[Some(10.0), Some(50.0), None, Some(20.0)]);
        let target = cell(&[Some(15.0), Some(56.0), Some(9.0), Some(29.0)]);
        assert_eq!(target.added(&direct, |p| p.whole), 6.0);
        assert_eq!(direct.median(|p| p.whole), 20.0);
        assert!(cell(&[None]).median(|p| p.whole).is_nan());
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let times: Vec<u64> = (0..=100).map(|at| at * 1_000).collect();
        assert_eq!((at(&times, 0.5), at(&times, 0.99)), (50.0, 99.0));
        assert!(at(&[], 0.5).is_nan());
    }
}
