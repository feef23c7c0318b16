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
use super::byte_text::bytes_of_text;
use super::metadata::{Metadata, Missing};

/// Put into control tokens that users wrote; taken out before tokens are made.
const GUARD: char = '\u{F8FF}';
/// SentencePiece's visible space.
const SPACE: char = '\u{2581}';

/// GGUF `tokenizer.ggml.token_type`.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// How words are cut before merging, by the file's `tokenizer.ggml.pre`.
const GPT2_WORDS: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A model's tokenizer.
pub struct Tokenizer {
    kind: Kind,
    ids: HashMap<Vec<u8>, u32>,
    pieces: Vec<Vec<u8>>,
    /// Control and user-defined tokens, longest first.
    specials: Vec<(String, u32)>,
    /// Finds any of them; `None` if there are none.
    any_special: Option<Regex>,
    ends: HashSet<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
}

enum Kind {
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
    /// Reads the vocabulary of a GGUF file.
    ///
    /// # Errors
    /// A missing or malformed field, or a kind of tokenizer other than the two above; the message names it.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, Missing> {
        let tokens = metadata.strings("tokenizer.ggml.tokens")?;
        let types = metadata
            .integers("tokenizer.ggml.token_type")
            .unwrap_or_default();
        let type_of = |id: usize| types.get(id).copied().unwrap_or(1);
        let byte_level = match metadata.string("tokenizer.ggml.model")? {
            "gpt2" => true,
            "llama" => false,
            other => return Err(Missing::unsupported("tokenizer.ggml.model", other)),
        };

        let mut pieces = Vec::with_capacity(tokens.len());
        let mut ids = HashMap::with_capacity(tokens.len());
        let mut specials = Vec::new();
        let mut bytes = HashMap::new();
        for (index, token) in tokens.iter().enumerate() {
            let id = u32::try_from(index).map_err(|_| Missing::new("tokenizer.ggml.tokens"))?;
            let piece = match type_of(index) {
                CONTROL | USER_DEFINED if !token.is_empty() => {
                    specials.push(((*token).to_owned(), id));
                    let shown = type_of(index) == USER_DEFINED;
                    pieces.push(if shown {
                        token.as_bytes().to_vec()
                    } else {
                        Vec::new()
                    });
                    continue;
                }
                BYTE => {
                    let byte = byte_of_name(token);
                    byte.map(|byte| bytes.insert(byte, id));
                    pieces.push(byte.into_iter().collect());
                    continue;
                }
                _ if byte_level => {
                    bytes_of_text(token).unwrap_or_else(|| token.as_bytes().to_vec())
                }
                _ => token.replace(SPACE, " ").into_bytes(),
            };
            pieces.push(piece.clone());
            ids.insert(piece, id);
        }
        specials.sort_by_key(|(text, id)| (std::cmp::Reverse(text.len()), *id));

        let patterns: Vec<_> = specials
            .iter()
            .map(|(text, _)| fancy_regex::escape(text).into_owned())
            .collect();
        let any_special = match patterns.is_empty() {
            true => None,
            false => Some(compile(&patterns.join("|"), "tokenizer.ggml.tokens")?),
        };

        let kind = if byte_level {
            byte_level_kind(metadata, &ids)?
        } else {
            let scores = metadata.floats("tokenizer.ggml.scores")?;
            let space_first = metadata
                .flag("tokenizer.ggml.add_space_prefix")
                .unwrap_or(true);
            Kind::SentencePiece {
                scores,
                bytes,
                space_first,
            }
        };
        let token = |key| {
            metadata
                .integer(key)
                .ok()
                .and_then(|id| u32::try_from(id).ok())
        };
        let bos = token("tokenizer.ggml.bos_token_id");
        let eos = token("tokenizer.ggml.eos_token_id");
        let named_ends = [
            "<|eot_id|>",
            "<|im_end|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "</s>",
        ];
        let ends = specials
            .iter()
            .filter(|(text, _)| named_ends.contains(&text.as_str()))
            .map(|(_, id)| *id)
            .chain(eos)
            .chain(token("tokenizer.ggml.eot_token_id"))
            .collect();
        let add_bos = metadata
            .flag("tokenizer.ggml.add_bos_token")
            .unwrap_or(bos.is_some());
        Ok(Self {
            kind,
            ids,
            pieces,
            specials,
            any_special,
            ends,
            bos,
            eos,
            add_bos,
        })
    }

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

struct TotalOrder(f32);

impl Ord for TotalOrder {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl PartialOrd for TotalOrder {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for TotalOrder {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for TotalOrder {}

fn byte_level_kind(metadata: &Metadata, ids: &HashMap<Vec<u8>, u32>) -> Result<Kind, Missing> {
    const MERGES: &str = "tokenizer.ggml.merges";
    let words = match metadata.string("tokenizer.ggml.pre").unwrap_or("default") {
        "default" | "gpt-2" | "gpt2" => GPT2_WORDS,
        "llama3" | "llama-v3" | "llama-bpe" => LLAMA3_WORDS,
        other => return Err(Missing::unsupported("tokenizer.ggml.pre", other)),
    };
    let words = compile(words, "tokenizer.ggml.pre")?;
    let id_of = |text: &str| {
        bytes_of_text(text)
            .and_then(|bytes| ids.get(&bytes))
            .copied()
    };
    let mut merges = HashMap::new();
    for (rank, line) in metadata.strings(MERGES)?.into_iter().enumerate() {
        let pair = line
            .split_once(' ')
            .and_then(|(a, b)| Some((id_of(a)?, id_of(b)?)));
        let pair = pair.ok_or_else(|| Missing::new(MERGES))?;
        let rank = u32::try_from(rank).map_err(|_| Missing::new(MERGES))?;
        merges.entry(pair).or_insert(rank);
    }
    Ok(Kind::ByteLevel {
        words: Box::new(words),
        merges,
    })
}

fn compile(pattern: &str, key: &str) -> Result<Regex, Missing> {
    Regex::new(pattern).map_err(|_| Missing::new(key))
}

/// The byte that a token named like `<0x0A>` stands for.
fn byte_of_name(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
