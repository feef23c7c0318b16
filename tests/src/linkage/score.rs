//! How well the adversary did, compared with guessing.

use super::adversary::{blind, guess, Guesses};
use super::clues::Matrix;
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
    /// 95 % interval of `success - baseline`, by bootstrap over the sessions.
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

/// All that is measured in one game.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Sessions guessed.
    pub sessions: usize,
    pub worker: Advantage,
    pub model: Advantage,
    /// Of two sessions with different workers: which is whose?
    pub pairs: Advantage,
    /// The same by each clue alone.
    pub pairs_by_clue: Vec<Advantage>,
}

/// Lets the adversary guess, and compares with the truth.
pub fn score(game: &Game) -> Outcome {
    let Guesses {
        worker,
        model,
        scores,
        by_clue,
    } = guess(&game.evidence);
    let targets = game.evidence.targets(game.truth.len());
    let (blind_worker, blind_model) = blind(&game.evidence);
    let label = |label: fn(&Choice) -> usize| -> Vec<usize> {
        targets.iter().map(|s| label(&game.truth[*s])).collect()
    };
    let (workers, models) = (label(|c| c.worker), label(|c| c.model));
    let pick = |guessed: &[usize]| -> Vec<usize> { targets.iter().map(|s| guessed[*s]).collect() };
    let rows = |matrix: &Matrix| -> Matrix { targets.iter().map(|s| matrix[*s].clone()).collect() };
    Outcome {
        sessions: targets.len(),
        worker: above(&workers, &pick(&worker), blind_worker),
        model: above(&models, &pick(&model), blind_model),
        pairs: pairs(&workers, &rows(&scores)),
        pairs_by_clue: by_clue.iter().map(|c| pairs(&workers, &rows(c))).collect(),
    }
}

/// Guesses against always guessing the same.
fn above(truth: &[usize], guessed: &[usize], blind: usize) -> Advantage {
    let hit = |yes: bool| f64::from(u8::from(yes));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let hits: Vec<f64> = truth
        .iter()
        .zip(guessed)
        .map(|(t, g)| hit(t == g))
        .collect();
    let blind_hits: Vec<f64> = truth.iter().map(|t| hit(*t == blind)).collect();
    let gains: Vec<f64> = hits.iter().zip(&blind_hits).map(|(h, b)| h - b).collect();
    let interval = bootstrap(truth.len(), |sample| {
        sample.iter().map(|i| gains[*i]).sum::<f64>() / sample.len() as f64
    });
    Advantage {
        success: mean(&hits),
        baseline: mean(&blind_hits),
        interval,
    }
}

/// For every two sessions of different workers: does the score prefer the truth to the swap? What
/// speaks for a worker or about a session in general cancels out; only who served whom counts.
fn pairs(truth: &[usize], scores: &Matrix) -> Advantage {
    let count = truth.len();
    let verdict = |a: usize, b: usize| {
        let straight = scores[a][truth[a]] + scores[b][truth[b]];
        let swapped = scores[a][truth[b]] + scores[b][truth[a]];
        match straight - swapped {
            gap if gap > 1e-9 => 1.0,
            gap if gap < -1e-9 => 0.0,
            _ => 0.5,
        }
    };
    let verdicts: Matrix = (0..count)
        .map(|a| (0..count).map(|b| verdict(a, b)).collect())
        .collect();
    let rate = |sample: &[usize]| {
        let (mut right, mut all) = (0.0, 0.0_f64);
        for (place, a) in sample.iter().enumerate() {
            for b in &sample[..place] {
                if truth[*a] != truth[*b] {
                    right += verdicts[*a][*b];
                    all += 1.0;
                }
            }
        }
        if all > 0.0 {
            right / all
        } else {
            0.5
        }
    };
    let everyone: Vec<usize> = (0..count).collect();
    Advantage {
        success: rate(&everyone),
        baseline: 0.5,
        interval: bootstrap(count, |sample| rate(sample) - 0.5),
    }
}

/// 2.5 % and 97.5 % of a statistic over samples drawn with replacement.
fn bootstrap(count: usize, statistic: impl Fn(&[usize]) -> f64) -> (f64, f64) {
    let mut prng = Prng::new(0xb007);
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sample: Vec<usize> = (0..count).map(|_| prng.below(count)).collect();
            statistic(&sample)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    (
        values[RESAMPLES * 25 / 1_000],
        values[RESAMPLES * 975 / 1_000],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_preference_for_a_worker_wins_no_pair() {
        let truth: Vec<usize> = (0..24).map(|i| i % 3 * (i % 2)).collect();
        let scores = vec![vec![3.0, 1.0, 0.0]; 24];
        let none = pairs(&truth, &scores);
        assert_eq!((none.success, none.interval), (0.5, (0.0, 0.0)));
        let told: Matrix = truth
            .iter()
            .map(|w| (0..3).map(|v| f64::from(u8::from(v == *w))).collect())
            .collect();
        let won = pairs(&truth, &told);
        assert!(won.success > 0.99 && !won.may_be_none(), "{won:?}");
    }

    #[test]
    fn an_advantage_is_counted_above_the_blind_guess() {
        let truth: Vec<usize> = (0..40).map(|i| i % 4).collect();
        let right = above(&truth, &truth, 0);
        assert_eq!((right.success, right.baseline), (1.0, 0.25));
        assert!(!right.may_be_none());
        assert!(above(&truth, &[0; 40], 0).may_be_none());
    }
}
