//! Reads a tokenizer out of the metadata of a GGUF file.

use std::cmp::Reverse;
use std::collections::HashMap;

use fancy_regex::Regex;

use super::byte_text::bytes_of_text;
use super::metadata::{Metadata, Missing};
use super::tokenizer::{Kind, Tokenizer, SPACE};

/// GGUF `tokenizer.ggml.token_type`.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// Tokens that end an answer by custom.
const NAMED_ENDS: [&str; 5] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "</s>",
];

/// How words are cut before merging, by the file's `tokenizer.ggml.pre`.
const GPT2_WORDS: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The vocabulary as far as it is a list of tokens.
#[derive(Default)]
struct Listed {
    ids: HashMap<Vec<u8>, u32>,
    pieces: Vec<Vec<u8>>,
    /// Control and user-defined tokens, longest first.
    specials: Vec<(String, u32)>,
    /// Tokens of single bytes.
    bytes: HashMap<u8, u32>,
}

impl Listed {
    fn read(metadata: &Metadata, byte_level: bool) -> Result<Self, Missing> {
        let tokens = metadata.strings("tokenizer.ggml.tokens")?;
        let types = metadata
            .integers("tokenizer.ggml.token_type")
            .unwrap_or_default();
        let type_of = |id: usize| types.get(id).copied().unwrap_or(1);
        let mut listed = Listed {
            pieces: Vec::with_capacity(tokens.len()),
            ids: HashMap::with_capacity(tokens.len()),
            ..Listed::default()
        };
        for (index, token) in tokens.iter().enumerate() {
            let id = u32::try_from(index).map_err(|_| Missing::new("tokenizer.ggml.tokens"))?;
            let piece = match type_of(index) {
                CONTROL | USER_DEFINED if !token.is_empty() => {
                    listed.specials.push(((*token).to_owned(), id));
                    let shown = type_of(index) == USER_DEFINED;
                    listed.pieces.push(if shown {
                        token.as_bytes().to_vec()
                    } else {
                        Vec::new()
                    });
                    continue;
                }
                BYTE => {
                    let byte = byte_of_name(token);
                    byte.map(|byte| listed.bytes.insert(byte, id));
                    listed.pieces.push(byte.into_iter().collect());
                    continue;
                }
                _ if byte_level => {
                    bytes_of_text(token).unwrap_or_else(|| token.as_bytes().to_vec())
                }
                _ => token.replace(SPACE, " ").into_bytes(),
            };
            listed.pieces.push(piece.clone());
            listed.ids.insert(piece, id);
        }
        let longest_first = |(text, id): &(String, u32)| (Reverse(text.len()), *id);
        listed.specials.sort_by_key(longest_first);
        Ok(listed)
    }

    /// What finds any control or user-defined token; `None` if there are none.
    fn any_special(&self) -> Result<Option<Regex>, Missing> {
        let texts = self.specials.iter();
        let patterns: Vec<_> = texts
            .map(|(text, _)| fancy_regex::escape(text).into_owned())
            .collect();
        match patterns.is_empty() {
            true => Ok(None),
            false => compile(&patterns.join("|"), "tokenizer.ggml.tokens").map(Some),
        }
    }

    /// The tokens that end an answer, besides those that the file names.
    fn named_ends(&self) -> impl Iterator<Item = u32> + '_ {
        let ends = self.specials.iter();
        ends.filter(|(text, _)| NAMED_ENDS.contains(&text.as_str()))
            .map(|(_, id)| *id)
    }
}

impl Tokenizer {
    /// Reads the vocabulary of a GGUF file.
    ///
    /// # Errors
    /// A missing or malformed field, or a kind of tokenizer other than the two of this module; the
    /// message names it.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, Missing> {
        let byte_level = match metadata.string("tokenizer.ggml.model")? {
            "gpt2" => true,
            "llama" => false,
            other => return Err(Missing::unsupported("tokenizer.ggml.model", other)),
        };
        let mut listed = Listed::read(metadata, byte_level)?;
        let any_special = listed.any_special()?;
        let kind = match byte_level {
            true => byte_level_kind(metadata, &listed.ids)?,
            false => Kind::SentencePiece {
                scores: metadata.floats("tokenizer.ggml.scores")?,
                bytes: std::mem::take(&mut listed.bytes),
                space_first: metadata
                    .flag("tokenizer.ggml.add_space_prefix")
                    .unwrap_or(true),
            },
        };
        let token = |key| {
            let id = metadata.integer(key).ok()?;
            u32::try_from(id).ok()
        };
        let bos = token("tokenizer.ggml.bos_token_id");
        let eos = token("tokenizer.ggml.eos_token_id");
        let turn = token("tokenizer.ggml.eot_token_id");
        let ends = listed.named_ends().chain(eos).chain(turn).collect();
        let add_bos = metadata.flag("tokenizer.ggml.add_bos_token");
        Ok(Self {
            kind,
            ids: listed.ids,
            pieces: listed.pieces,
            specials: listed.specials,
            any_special,
            ends,
            bos,
            eos,
            add_bos: add_bos.unwrap_or(bos.is_some()),
        })
    }
}

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
