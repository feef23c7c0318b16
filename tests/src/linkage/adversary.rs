//! The adversary: reads the trace, learns on its own sessions how much each clue is worth, and
//! guesses.

use super::clues::{model_clue, worker_clues, Matrix};
use super::facts::Facts;
use super::logit::{fit, scores, softmax, standardised};
use super::plan::normalised;
use super::trace::Evidence;

/// What the adversary says about every session of the trace.
pub struct Guesses {
    /// Worker guessed, with what is publicly known of their popularity.
    pub worker: Vec<usize>,
    /// Model guessed, likewise.
    pub model: Vec<usize>,
    /// How much the trace alone speaks for each worker.
    pub scores: Matrix,
    /// The same for each clue by itself, in the order of [`super::clues::WORKER_CLUES`].
    pub by_clue: Vec<Matrix>,
}

/// The best guesses without any trace: worker and model.
pub fn blind(evidence: &Evidence) -> (usize, usize) {
    let public = &evidence.public;
    (largest(&public.shares), largest(&model_shares(evidence)))
}

/// Reads the trace and guesses.
pub fn guess(evidence: &Evidence) -> Guesses {
    let facts = Facts::new(evidence);
    let public = &evidence.public;
    let workers = public.operators.len();
    let clues: Vec<Matrix> = worker_clues(&facts, evidence)
        .into_iter()
        .map(standardised)
        .collect();
    let sessions = facts.openings.len();
    // Own sessions are spread evenly over the workers, so that nothing is expected of them.
    let nothing = vec![vec![0.0; workers]; sessions];
    let own = |label: fn(&super::trace::Own) -> usize| -> Vec<(usize, usize)> {
        let own = evidence.own.iter();
        own.map(|own| (own.session, label(own))).collect()
    };
    let weights = fit(&nothing, &clues, &own(|own| own.choice.worker));
    let trace_scores: Matrix = (0..sessions)
        .map(|session| scores(&nothing, &clues, &weights, session))
        .collect();
    let chances: Matrix = trace_scores
        .iter()
        .map(|row| with_shares(row, &public.shares))
        .collect();

    let models = model_shares(evidence).len();
    let look = [standardised(model_clue(&facts, evidence, models))];
    let even = vec![1.0 / workers as f64; workers];
    let learned_from: Matrix = trace_scores
        .iter()
        .map(|row| by_model(&with_shares(row, &even), &listed_evenly(evidence)))
        .collect();
    let look_weight = fit(&learned_from, &look, &own(|own| own.choice.model));
    let expected: Matrix = chances
        .iter()
        .map(|row| by_model(row, &public.models))
        .collect();
    let model = |session| largest(&scores(&expected, &look, &look_weight, session));
    Guesses {
        worker: chances.iter().map(|row| largest(row)).collect(),
        model: (0..sessions).map(model).collect(),
        scores: trace_scores,
        by_clue: clues,
    }
}

/// Chances of each worker, from scores and known shares.
fn with_shares(scores: &[f64], shares: &[f64]) -> Vec<f64> {
    let weighted = scores.iter().zip(shares).map(|(s, share)| s + share.ln());
    softmax(&weighted.collect::<Vec<f64>>())
}

/// Log of the chance of each model, from chances of workers.
fn by_model(workers: &[f64], models: &Matrix) -> Vec<f64> {
    let mut chances = vec![1e-6; models.first().map_or(0, Vec::len)];
    for (worker, row) in workers.iter().zip(models) {
        for (chance, share) in chances.iter_mut().zip(row) {
            *chance += worker * share;
        }
    }
    chances.into_iter().map(f64::ln).collect()
}

/// The models of every worker, each as likely: how the adversary chooses for itself.
fn listed_evenly(evidence: &Evidence) -> Matrix {
    let rows = evidence.public.models.iter();
    let listed = |row: &Vec<f64>| row.iter().map(|s| f64::from(u8::from(*s > 0.0))).collect();
    rows.map(|row| normalised(listed(row))).collect()
}

fn model_shares(evidence: &Evidence) -> Vec<f64> {
    let public = &evidence.public;
    let logs = by_model(&public.shares, &public.models);
    logs.into_iter().map(f64::exp).collect()
}

fn largest(row: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
