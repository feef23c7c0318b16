//! Conditional logit: how much each clue is worth, learned on examples.

use super::clues::Matrix;

/// Pulls weights to 0, so that clues without information are not believed.
const RIDGE: f64 = 1.0;
const STEPS: usize = 2_000;
/// Largest weight of a clue of unit spread.
const LIMIT: f64 = 8.0;

/// Brings every clue to mean 0 in each row and unit spread over all; one that says nothing is 0.
pub fn standardised(mut clue: Matrix) -> Matrix {
    let mut square = 0.0;
    let mut cells = 0.0_f64;
    for row in &mut clue {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        row.iter_mut().for_each(|cell| *cell -= mean);
        square += row.iter().map(|cell| cell * cell).sum::<f64>();
        cells += row.len() as f64;
    }
    let spread = (square / cells.max(1.0)).sqrt();
    let scale = if spread > 1e-9 { 1.0 / spread } else { 0.0 };
    clue.iter_mut().flatten().for_each(|cell| *cell *= scale);
    clue
}

/// Weights, none below 0, under which the examples `(row, label)` are most likely.
pub fn fit(offset: &Matrix, clues: &[Matrix], examples: &[(usize, usize)]) -> Vec<f64> {
    let mut weights = vec![0.0; clues.len()];
    // Small enough for clues whose few large cells carry all their spread.
    let rate = 1.0 / (4.0 * examples.len() as f64 * clues.len() as f64 + RIDGE);
    for _ in 0..STEPS {
        let mut slope: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        for (row, label) in examples {
            let chances = softmax(&scores(offset, clues, &weights, *row));
            for (slope, clue) in slope.iter_mut().zip(clues) {
                let expected: f64 = chances.iter().zip(&clue[*row]).map(|(p, x)| p * x).sum();
                *slope += clue[*row][*label] - expected;
            }
        }
        for (weight, slope) in weights.iter_mut().zip(slope) {
            *weight = (*weight + rate * slope).clamp(0.0, LIMIT);
        }
    }
    weights
}

/// Offset and weighted clues of a row.
pub fn scores(offset: &Matrix, clues: &[Matrix], weights: &[f64], row: usize) -> Vec<f64> {
    let mut scores = offset[row].clone();
    for (clue, weight) in clues.iter().zip(weights) {
        for (score, cell) in scores.iter_mut().zip(&clue[row]) {
            *score += weight * cell;
        }
    }
    scores
}

/// Probabilities in proportion to the exponentials.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    super::plan::normalised(scores.iter().map(|score| (score - most).exp()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::prng::Prng;
    use super::*;

    #[test]
    fn a_telling_clue_is_believed_and_noise_is_not() {
        let mut prng = Prng::new(5);
        let examples: Vec<(usize, usize)> = (0..80).map(|row| (row, prng.below(4))).collect();
        let noise = |prng: &mut Prng| -> Matrix {
            let row = |prng: &mut Prng| (0..4).map(|_| prng.unit()).collect();
            (0..80).map(|_| row(prng)).collect()
        };
        let mut telling = noise(&mut prng);
        for (row, label) in &examples {
            telling[*row][*label] += 0.7;
        }
        let clues = [telling, noise(&mut prng)].map(standardised);
        let weights = fit(&vec![vec![0.0; 4]; 80], &clues, &examples);
        assert!(weights[0] > 1.0, "{weights:?}");
        assert!(weights[1] < 0.4, "{weights:?}");
    }
}
