//! Terms that many sessions have in common, kept once: most sessions buy from one price list.

use std::collections::VecDeque;
use std::sync::Arc;

use secret_ai_interface::billing::Line;

/// Different terms that are remembered; those of a session that has others are its own.
const MOST: usize = 64;

/// Terms of the last sessions.
#[derive(Default)]
pub struct CommonTerms {
    pub tokens: Recent<str>,
    pub lines: Recent<[Line]>,
}

/// Values that came last, each once.
pub struct Recent<T: ?Sized>(VecDeque<Arc<T>>);

impl<T: ?Sized> Default for Recent<T> {
    fn default() -> Self {
        Recent(VecDeque::new())
    }
}

impl<T: ?Sized + PartialEq> Recent<T>
where
    for<'a> Arc<T>: From<&'a T>,
{
    /// A value that is equal to this one, the same for all who ask.
    pub fn get(&mut self, value: &T) -> Arc<T> {
        if let Some(known) = self.0.iter().find(|known| ***known == *value) {
            return known.clone();
        }
        let new: Arc<T> = value.into();
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_few_are_remembered() {
        let mut recent = Recent::<str>::default();
        let first = recent.get("0");
        assert!(Arc::ptr_eq(&first, &recent.get("0")));
        for number in 1..=MOST {
            assert_eq!(*recent.get(&number.to_string()), number.to_string());
        }
        assert_eq!(recent.0.len(), MOST);
        assert!(!Arc::ptr_eq(&first, &recent.get("0")), "forgotten");
    }
}
