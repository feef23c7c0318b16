//! Text to tokens and back, from the vocabulary that a GGUF file carries.
//!
//! Two kinds exist in Llama-architecture files: `gpt2`, byte-level BPE with a list of merges (Llama 3 and the
//! demo model), and `llama`, SentencePiece BPE with a score per token (Llama 2, Mistral, TinyLlama). Both
//! are a few dozen lines over [`super::bpe`], which keeps the `tokenizers` crate and its 40 dependencies out.
//!
//! A prompt mixes text that the chat template wrote, in which control tokens such as `<|eot_id|>` mean
//! themselves, with text that users wrote, in which they must not. [`Tokenizer::guard`] marks the latter
//! before the template is applied, so that nobody ends a message or speaks as the system by typing a
//! control token.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use fancy_regex::Regex;

use super::bpe::merge;
use super::total_order::TotalOrder;

/// Put into control tokens that users wrote; taken out before tokens are made.
const GUARD: char = '\u{F8FF}';
/// SentencePiece's visible space.
pub(super) const SPACE: char = '\u{2581}';

/// A model's tokenizer.
pub struct Tokenizer {
    pub(super) kind: Kind,
    pub(super) ids: HashMap<Vec<u8>, u32>,
    pub(super) pieces: Vec<Vec<u8>>,
    /// Control and user-defined tokens, longest first.
    pub(super) specials: Vec<(String, u32)>,
    /// Finds any of them; `None` if there are none.
    pub(super) any_special: Option<Regex>,
    pub(super) ends: HashSet<u32>,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
    pub(super) add_bos: bool,
}

/// How words become tokens.
pub(super) enum Kind {
    ByteLevel {
        words: Box<Regex>,
        merges: HashMap<(u32, u32), u32>,
    },
    SentencePiece {
        scores: Vec<f32>,
        bytes: HashMap<u8, u32>,
        space_first: bool,
    },
}

/// Text that a tokenizer cannot take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizeError {
    /// A character has no token, and the vocabulary has no tokens for bytes.
    #[error("a character has no token")]
    NoToken,
    /// The word pattern gave up on the text.
    #[error("the text cannot be cut into words")]
    Words,
}

impl Tokenizer {
    /// Number of tokens in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.pieces.len()
    }

    /// Whether the model ends its answer with this token.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Text of the token that begins every prompt, empty if there is none.
    pub fn bos_text(&self) -> &str {
        self.special_text(self.bos)
    }

    /// Text of the token that ends an answer, empty if there is none.
    pub fn eos_text(&self) -> &str {
        self.special_text(self.eos)
    }

    /// The bytes that a token adds to an answer; none for control tokens.
    pub fn piece(&self, id: u32) -> &[u8] {
        self.pieces.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// Text that a user wrote, marked so that control tokens in it stay text.
    pub fn guard(&self, text: &str) -> String {
        let mut guarded = text.replace(GUARD, "");
        for (special, _) in &self.specials {
            if guarded.contains(special.as_str()) {
                let mut chars = special.chars();
                let first: String = chars.by_ref().take(1).collect();
                guarded = guarded.replace(special, &format!("{first}{GUARD}{}", chars.as_str()));
            }
        }
        guarded
    }

    /// Tokens of a whole prompt, with the beginning token if the model wants one and the template did
    /// not write it.
    ///
    /// # Errors
    /// Text that has no tokens in this vocabulary.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, TokenizeError> {
        let mut tokens = Vec::new();
        let mut start = 0;
        for found in self
            .any_special
            .iter()
            .flat_map(|pattern| pattern.find_iter(text))
        {
            let found = found.map_err(|_| TokenizeError::Words)?;
            self.encode_text(&text[start..found.start()], &mut tokens)?;
            tokens.extend(self.special_id(found.as_str()));
            start = found.end();
        }
        self.encode_text(&text[start..], &mut tokens)?;
        match self.bos {
            Some(bos) if self.add_bos && tokens.first() != Some(&bos) => tokens.insert(0, bos),
            _ => {}
        }
        Ok(tokens)
    }

    /// Tokens of a text that the model has written: no beginning token, and control tokens in it are
    /// text. `None` for text that has no tokens in this vocabulary.
    pub fn count_text(&self, text: &str) -> Option<u64> {
        let mut tokens = Vec::new();
        match &self.kind {
            // The space that begins a prompt begins no answer.
            Kind::SentencePiece { scores, bytes, .. } => {
                self.encode_sentence(text, scores, bytes, &mut tokens)
            }
            Kind::ByteLevel { .. } => self.encode_text(text, &mut tokens),
        }
        .ok()?;
        Some(tokens.len() as u64)
    }

    fn special_text(&self, id: Option<u32>) -> &str {
        let found = self.specials.iter().find(|(_, other)| Some(*other) == id);
        found.map_or("", |(text, _)| text.as_str())
    }

    fn special_id(&self, text: &str) -> Option<u32> {
        self.specials
            .iter()
            .find(|(special, _)| special == text)
            .map(|(_, id)| *id)
    }

    fn encode_text(&self, text: &str, tokens: &mut Vec<u32>) -> Result<(), TokenizeError> {
        let text = text.replace(GUARD, "");
        if text.is_empty() {
            return Ok(());
        }
        match &self.kind {
            Kind::ByteLevel { words, merges } => {
                for word in words.find_iter(&text) {
                    let word = word.map_err(|_| TokenizeError::Words)?.as_str().as_bytes();
                    self.encode_word(word, merges, tokens)?;
                }
                Ok(())
            }
            Kind::SentencePiece {
                scores,
                bytes,
                space_first,
            } => {
                let first = *space_first && tokens.iter().all(|id| Some(*id) == self.bos);
                let text = if first { format!(" {text}") } else { text };
                self.encode_sentence(&text, scores, bytes, tokens)
            }
        }
    }

    fn encode_word(
        &self,
        word: &[u8],
        merges: &HashMap<(u32, u32), u32>,
        tokens: &mut Vec<u32>,
    ) -> Result<(), TokenizeError> {
        let id = |range: Range<usize>| {
            word.get(range)
                .and_then(|bytes| self.ids.get(bytes))
                .copied()
        };
        let rank = |left, right| merges.get(&(id(left)?, id(right)?)).copied();
        for range in merge((0..word.len()).map(|i| i..i + 1), rank) {
            tokens.push(id(range).ok_or(TokenizeError::NoToken)?);
        }
        Ok(())
    }

    fn encode_sentence(
        &self,
        text: &str,
        scores: &[f32],
        bytes: &HashMap<u8, u32>,
        tokens: &mut Vec<u32>,
    ) -> Result<(), TokenizeError> {
        let id = |range: &Range<usize>| self.ids.get(&text.as_bytes()[range.clone()]).copied();
        let rank = |left: Range<usize>, right: Range<usize>| {
            let score = *scores.get(id(&(left.start..right.end))? as usize)?;
            // Highest score first; total order of floats, as `f32::total_cmp` has it.
            Some(std::cmp::Reverse(TotalOrder(score)))
        };
        for range in merge(text.char_indices().map(|(i, c)| i..i + c.len_utf8()), rank) {
            if let Some(id) = id(&range) {
                tokens.push(id);
                continue;
            }
            for byte in &text.as_bytes()[range] {
                tokens.push(*bytes.get(byte).ok_or(TokenizeError::NoToken)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
