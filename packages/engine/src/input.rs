//! What embeddings and text completions take: texts, or tokens.

use serde::{Deserialize, Serialize};

use crate::json_body::bad;
use crate::EngineError;

/// Tokens that an engine may add to each text: its beginning, its end, a separator.
const SPECIAL_TOKENS: u64 = 8;

/// One or several texts, each as a string or as the ids of its tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// `"text"`
    Text(String),
    /// `["text", "text"]`
    Texts(Vec<String>),
    /// `[1, 2, 3]`
    Tokens(Vec<u32>),
    /// `[[1, 2], [3]]`
    TokenLists(Vec<Vec<u32>>),
}

impl Input {
    /// Checks that there are 1 to `most` items, and something in each.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] about `field`.
    pub fn validate(&self, field: &'static str, most: usize) -> Result<(), EngineError> {
        let items = self.items();
        if items == 0 || items > most {
            return Err(bad(field, format!("{items} items, limit 1 to {most}")));
        }
        let is_empty = match self {
            Self::Text(text) => text.is_empty(),
            Self::Texts(texts) => texts.iter().any(String::is_empty),
            Self::Tokens(tokens) => tokens.is_empty(),
            Self::TokenLists(lists) => lists.iter().any(Vec::is_empty),
        };
        if is_empty {
            return Err(bad(field, "has an empty item, limit at least 1 token"));
        }
        Ok(())
    }

    /// Number of texts.
    pub fn items(&self) -> usize {
        match self {
            Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::TokenLists(lists) => lists.len(),
        }
    }

    /// Most tokens of each item: a text never has more than bytes.
    pub fn bounds(&self) -> impl Iterator<Item = u64> + '_ {
        let sizes: Box<dyn Iterator<Item = usize>> = match self {
            Self::Text(text) => Box::new(std::iter::once(text.len())),
            Self::Tokens(tokens) => Box::new(std::iter::once(tokens.len())),
            Self::Texts(texts) => Box::new(texts.iter().map(String::len)),
            Self::TokenLists(lists) => Box::new(lists.iter().map(Vec::len)),
        };
        sizes.map(|size| (size as u64).saturating_add(SPECIAL_TOKENS))
    }

    /// Tokens of all items: given, or counted by `count`; `None` if that cannot count.
    pub fn tokens(&self, count: impl Fn(&str) -> Option<u64>) -> Option<u64> {
        let mut texts = match self {
            Self::Text(text) => std::slice::from_ref(text).iter(),
            Self::Texts(texts) => texts.iter(),
            Self::Tokens(tokens) => return Some(tokens.len() as u64),
            Self::TokenLists(lists) => {
                let sizes = lists.iter().map(|list| list.len() as u64);
                return Some(sizes.fold(0, u64::saturating_add));
            }
        };
        texts.try_fold(0u64, |sum, text| Some(sum.saturating_add(count(text)?)))
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({} items)", self.items())
    }
}
