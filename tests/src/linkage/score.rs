//! How well the adversary did, compared with guessing.

use super::adversary::{blind, guess};
use super::clues::{Matrix, WORKER_CLUES};
use super::prng::Prng;
use super::trace::{Choice, Game};

/// Samples drawn for an interval.
const RESAMPLES: usize = 1_000;

/// A success rate and how far it is above that of guessing.
#[derive(Clone, Copy, Debug)]
pub struct Advantage {
    pub success: f64,
    /// Success rate of the best guess without the trace.
    pub baseline: f64,
    /// 95 % interval of `success - baseline`, by bootstrap over the sessions of each day.
    pub interval: (f64, f64),
}

impl Advantage {
    pub fn mean(&self) -> f64 {
        self.success - self.baseline
    }

    /// Whether the interval allows that there is none.
    pub fn may_be_none(&self) -> bool {
        self.interval.0 <= 1e-9 && self.interval.1 >= -1e-9
    }
}

/// All that is measured in a game of one or more days.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Sessions guessed.
    pub sessions: usize,
    pub worker: Advantage,
    pub model: Advantage,
    /// Of two sessions of a day with different workers: which is whose?
    pub pairs: Advantage,
    /// The same by each clue alone, in the order of [`WORKER_CLUES`].
    pub pairs_by_clue: Vec<Advantage>,
}

/// The sessions of one day: the truth, and what was guessed.
struct Day {
    /// Worker of each session.
    workers: Vec<usize>,
    /// Whether the adversary, and whether the blind guess, had the worker right.
    worker_hits: Vec<(bool, bool)>,
    /// The same for the model.
    model_hits: Vec<(bool, bool)>,
    scores: Matrix,
    by_clue: Vec<Matrix>,
}

impl Day {
    /// Lets the adversary guess, and compares with the truth.
    fn new(game: &Game) -> Day {
        let guesses = guess(&game.evidence);
        let (blind_worker, blind_model) = blind(&game.evidence);
        let targets = game.evidence.targets(game.truth.len());
        let rows = |matrix: &Matrix| -> Matrix {
            let rows = targets.iter().map(|session| matrix[*session].clone());
            rows.collect()
        };
        let hits = |guessed: &[usize], blind: usize, label: fn(&Choice) -> usize| {
            let hit = |session: &usize| {
                let truth = label(&game.truth[*session]);
                (guessed[*session] == truth, blind == truth)
            };
            targets.iter().map(hit).collect::<Vec<(bool, bool)>>()
        };
        let worker = |session: &usize| game.truth[*session].worker;
        Day {
            workers: targets.iter().map(worker).collect(),
            worker_hits: hits(&guesses.worker, blind_worker, |choice| choice.worker),
            model_hits: hits(&guesses.model, blind_model, |choice| choice.model),
            scores: rows(&guesses.scores),
            by_clue: guesses.by_clue.iter().map(rows).collect(),
        }
    }
}

/// Lets the adversary guess day by day, and counts over all of them.
pub fn score(games: &[Game]) -> Outcome {
    let days: Vec<Day> = games.iter().map(Day::new).collect();
    let by_clue = |clue: usize| pairs(&days, |day| &day.by_clue[clue]);
    Outcome {
        sessions: days.iter().map(|day| day.workers.len()).sum(),
        worker: above(&days, |day| &day.worker_hits),
        model: above(&days, |day| &day.model_hits),
        pairs: pairs(&days, |day| &day.scores),
        pairs_by_clue: (0..WORKER_CLUES.len()).map(by_clue).collect(),
    }
}

/// Guesses against always guessing the same.
fn above(days: &[Day], hits: impl Fn(&Day) -> &Vec<(bool, bool)>) -> Advantage {
    let rate = |right: bool| f64::from(u8::from(right));
    let hits: Vec<(f64, f64)> = days
        .iter()
        .flat_map(hits)
        .map(|(traced, blind)| (rate(*traced), rate(*blind)))
        .collect();
    let count = hits.len().max(1) as f64;
    let success = hits.iter().map(|(traced, _)| *traced).sum::<f64>() / count;
    let baseline = hits.iter().map(|(_, blind)| *blind).sum::<f64>() / count;
    let interval = bootstrap(&[hits.len()], |samples| {
        let gains = samples[0].iter().map(|i| hits[*i].0 - hits[*i].1);
        gains.sum::<f64>() / count
    });
    Advantage {
        success,
        baseline,
        interval,
    }
}

/// For every two sessions of a day with different workers: does the score prefer the truth to the
/// swap? What speaks for a worker or about a session in general cancels out; only who served whom
/// counts.
fn pairs(days: &[Day], scores: impl Fn(&Day) -> &Matrix) -> Advantage {
    let verdicts: Vec<Matrix> = days
        .iter()
        .map(|day| all_verdicts(&day.workers, scores(day)))
        .collect();
    let rate = |samples: &[Vec<usize>]| {
        let (mut right, mut all) = (0.0, 0.0_f64);
        for ((day, verdicts), sample) in days.iter().zip(&verdicts).zip(samples) {
            for (place, a) in sample.iter().enumerate() {
                for b in &sample[..place] {
                    if day.workers[*a] != day.workers[*b] {
                        right += verdicts[*a][*b];
                        all += 1.0;
                    }
                }
            }
        }
        if all > 0.0 {
            right / all
        } else {
            0.5
        }
    };
    let sizes: Vec<usize> = days.iter().map(|day| day.workers.len()).collect();
    let everyone: Vec<Vec<usize>> = sizes.iter().map(|size| (0..*size).collect()).collect();
    Advantage {
        success: rate(&everyone),
        baseline: 0.5,
        interval: bootstrap(&sizes, |samples| rate(samples) - 0.5),
    }
}

/// For every two sessions 1 if the truth scores higher than the swap, 0 if lower, else a half.
fn all_verdicts(truth: &[usize], scores: &Matrix) -> Matrix {
    let verdict = |a: usize, b: usize| {
        let straight = scores[a][truth[a]] + scores[b][truth[b]];
        let swapped = scores[a][truth[b]] + scores[b][truth[a]];
        match straight - swapped {
            gap if gap > 1e-9 => 1.0,
            gap if gap < -1e-9 => 0.0,
            _ => 0.5,
        }
    };
    let row = |a: usize| (0..truth.len()).map(|b| verdict(a, b)).collect();
    (0..truth.len()).map(row).collect()
}

/// 2.5 % and 97.5 % of a statistic over samples drawn with replacement, day by day.
fn bootstrap(sizes: &[usize], statistic: impl Fn(&[Vec<usize>]) -> f64) -> (f64, f64) {
    let mut prng = Prng::new(0xb007);
    let mut values = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut samples: Vec<Vec<usize>> = Vec::with_capacity(sizes.len());
        for size in sizes {
            samples.push((0..*size).map(|_| prng.below(*size)).collect());
        }
        values.push(statistic(&samples));
    }
    values.sort_by(f64::total_cmp);
    (
        values[RESAMPLES * 25 / 1_000],
        values[RESAMPLES * 975 / 1_000],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(workers: Vec<usize>, scores: Matrix) -> Day {
        Day {
            workers,
            worker_hits: vec![],
            model_hits: vec![],
            scores,
            by_clue: vec![],
        }
    }

    #[test]
    fn a_constant_preference_for_a_worker_wins_no_pair() {
        let truth: Vec<usize> = (0..24).map(|i| i % 3 * (i % 2)).collect();
        let biased = [day(truth.clone(), vec![vec![3.0, 1.0, 0.0]; 24])];
        let none = pairs(&biased, |day| &day.scores);
        assert_eq!((none.success, none.interval), (0.5, (0.0, 0.0)));
        let told: Matrix = truth
            .iter()
            .map(|w| (0..3).map(|v| f64::from(u8::from(v == *w))).collect())
            .collect();
        let days = [day(truth.clone(), told.clone()), day(truth, told)];
        let won = pairs(&days, |day| &day.scores);
        assert!(won.success > 0.99 && !won.may_be_none(), "{won:?}");
    }

    #[test]
    fn an_advantage_is_counted_above_the_blind_guess() {
        let mut guessed = day(vec![], vec![]);
        guessed.worker_hits = (0..40).map(|i| (true, i % 4 == 0)).collect();
        guessed.model_hits = (0..40).map(|i| (i % 4 == 0, i % 4 == 0)).collect();
        let days = [guessed];
        let right = above(&days, |day| &day.worker_hits);
        assert_eq!((right.success, right.baseline), (1.0, 0.25));
        assert!(!right.may_be_none());
        assert!(above(&days, |day| &day.model_hits).may_be_none());
    }
}
