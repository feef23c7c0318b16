//! Chooses the next token from the model's logits.

use crate::ChatRequest;

use super::rng::Rng;

/// The temperature and seed of a request that sets none.
const DEFAULT_TEMPERATURE: f64 = 0.3;
const DEFAULT_SEED: u64 = 0;

/// How one request samples.
pub(super) struct Sampler {
    temperature: f64,
    top_p: f64,
    rng: Rng,
}

impl Sampler {
    /// As the request says; without `seed` a fixed one, so that answers can be repeated.
    pub(super) fn new(request: &ChatRequest) -> Self {
        Self {
            temperature: request.temperature.unwrap_or(DEFAULT_TEMPERATURE),
            top_p: request.top_p.unwrap_or(1.0),
            rng: Rng::new(request.seed.map_or(DEFAULT_SEED, |seed| seed as u64)),
        }
    }

    /// The next token; `None` if the logits hold no number.
    pub(super) fn next(&mut self, logits: &[f32]) -> Option<u32> {
        let (best, top) = logits
            .iter()
            .enumerate()
            .filter(|(_, logit)| !logit.is_nan())
            .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
        let best = u32::try_from(best).ok()?;
        if self.temperature < 1e-4 {
            return Some(best);
        }
        let weight = |logit: f32| ((f64::from(logit) - f64::from(*top)) / self.temperature).exp();
        let mut weights: Vec<(u32, f64)> = (0..)
            .zip(logits)
            .map(|(id, logit)| (id, weight(*logit)))
            .filter(|w| w.1 > 0.0)
            .collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let total: f64 = weights.iter().map(|w| w.1).sum();

        let mut kept = 0.0;
        let nucleus = weights
            .iter()
            .take_while(|w| {
                let wanted = kept < self.top_p * total;
                kept += if wanted { w.1 } else { 0.0 };
                wanted
            })
            .count();
        let mut left = self.rng.unit() * kept;
        for (id, weight) in weights.iter().take(nucleus) {
            left -= weight;
            if left < 0.0 {
                return Some(*id);
            }
        }
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(temperature: f64, top_p: f64, seed: i64) -> Sampler {
        Sampler::new(&ChatRequest {
            temperature: Some(temperature),
            top_p: Some(top_p),
            seed: Some(seed),
            ..ChatRequest::from_user("m", "x")
        })
    }

    #[test]
    fn temperature_zero_takes_the_first_of_the_best() {
        let mut sampler = sampler(0.0, 1.0, 1);
        assert_eq!(sampler.next(&[0.0, 3.0, f32::NAN, 3.0]), Some(1));
        assert_eq!(sampler.next(&[f32::NAN]), None);
        assert_eq!(sampler.next(&[]), None);
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let logits = [2.0f32.ln(), f32::NEG_INFINITY, 0.0, 1.0f32.ln()];
        let mut sampler = sampler(1.0, 1.0, 7);
        let mut counts = [0u32; 4];
        for _ in 0..8_000 {
            counts[sampler.next(&logits).unwrap() as usize] += 1;
        }
        assert_eq!(counts[1], 0);
        for (count, expected) in [(counts[0], 4_000), (counts[2], 2_000), (counts[3], 2_000)] {
            assert!(count.abs_diff(expected) < 200, "{counts:?}");
        }
    }

    #[test]
    fn top_p_leaves_only_the_likeliest() {
        let logits = [0.6f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        let mut narrow = sampler(1.0, 0.5, 7);
        let mut wide = sampler(1.0, 0.8, 7);
        let wide: Vec<_> = (0..200).filter_map(|_| wide.next(&logits)).collect();
        assert!((0..200).all(|_| narrow.next(&logits) == Some(0)));
        assert!(wide.contains(&1) && !wide.contains(&2));
    }

    #[test]
    fn the_seed_fixes_the_sequence() {
        let logits = [0.0; 50];
        let draw = |seed| {
            let mut sampler = sampler(1.0, 1.0, seed);
            (0..20)
                .filter_map(|_| sampler.next(&logits))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
