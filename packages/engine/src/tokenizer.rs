//! Counts tokens as a model does, for upstreams that do not: from the model's `tokenizer.json`
//! (<https://huggingface.co/docs/tokenizers>), with the chat template that lies beside it, or from the
//! vocabulary and template of a GGUF file.
//!
//! A prompt is counted exactly where its text is what the template makes of plain messages. Tools, parts
//! and other fields are worded by each engine in its own way; then the count is a bound.

mod files;
mod plain;
mod template;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

#[cfg(feature = "embedded")]
use crate::embedded::Vocabulary as GgufVocabulary;
use crate::upper_bound;
use crate::{ChatRequest, EngineError, Tokens};
pub use files::TokenizerError;
use files::{malformed, read};
use plain::is_plain;
use template::Template;

/// Longest files that are read, bytes: the largest `tokenizer.json` in use has about 35 MB.
const MAX_FILE: u64 = 64 << 20;
/// What a GGUF file begins with.
const GGUF: &[u8] = b"GGUF";

/// What a template may write around the fields of a request that it words in its own way: tokens.
const PER_PROMPT: u64 = 256;
const PER_MESSAGE: u64 = 32;

/// A model's tokenizer; clones share it.
#[derive(Clone)]
pub struct Tokenizer(Arc<Model>);

enum Model {
    HuggingFace {
        tokenizer: Box<tokenizers::Tokenizer>,
        template: Option<Box<Template>>,
    },
    #[cfg(feature = "embedded")]
    Gguf(Box<GgufVocabulary>),
}

impl Tokenizer {
    /// Reads a `tokenizer.json`, or a GGUF file's vocabulary. The chat template of a `tokenizer.json` is in
    /// `chat_template.jinja` or `tokenizer_config.json` in the same folder; without either, prompts are
    /// not counted exactly.
    ///
    /// # Errors
    /// [`TokenizerError`] if a file cannot be read, is too long, or is not of its kind.
    pub fn open(path: &Path) -> Result<Self, TokenizerError> {
        let file = |source| TokenizerError::File {
            path: path.into(),
            source,
        };
        let mut first = Vec::new();
        let opened = File::open(path).map_err(file)?;
        opened
            .take(GGUF.len() as u64)
            .read_to_end(&mut first)
            .map_err(file)?;
        if first == GGUF {
            return gguf(path);
        }
        let malformed = |reason: String| malformed(path, reason);
        let bytes = read(path, MAX_FILE)?;
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(&bytes)
            .map_err(|error| malformed(format!("no tokenizer.json: {error}")))?;
        // Some files cut and fill what they encode; what is counted must stay whole.
        tokenizer
            .with_truncation(None)
            .map_err(|error| malformed(error.to_string()))?
            .with_padding(None);
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self(Arc::new(Model::HuggingFace {
            tokenizer: Box::new(tokenizer),
            template: Template::beside(folder)?.map(Box::new),
        })))
    }

    /// Tokens of a text that the model has written; `None` if the vocabulary cannot express it.
    pub fn count_text(&self, text: &str) -> Option<u64> {
        match self.0.as_ref() {
            Model::HuggingFace { tokenizer, .. } => {
                let tokens = tokenizer.encode_fast(text, false).ok()?;
                Some(tokens.len() as u64)
            }
            #[cfg(feature = "embedded")]
            Model::Gguf(vocabulary) => vocabulary.count_text(text),
        }
    }

    /// Tokens of a prompt: exact for plain messages if there is a template, else a bound that is closer
    /// than that of its bytes.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] for content that is not text.
    pub fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        let most = upper_bound::prompt_tokens(request)?;
        let rendered = is_plain(request).then(|| self.rendered(request)).flatten();
        if let Some(tokens) = rendered {
            return Ok(tokens);
        }
        let count = self.bound(request)?.unwrap_or(most).min(most);
        Ok(Tokens {
            count,
            exact: false,
        })
    }

    /// What the template makes of plain messages; `None` if there is none, or it refuses.
    fn rendered(&self, request: &ChatRequest) -> Option<Tokens> {
        match self.0.as_ref() {
            Model::HuggingFace { template, .. } => {
                let template = template.as_ref()?;
                let count = self.count_text(&template.render(request)?)?;
                Some(match template.is_dated {
                    true => Tokens {
                        count: count.saturating_add(PER_MESSAGE),
                        exact: false,
                    },
                    false => Tokens { count, exact: true },
                })
            }
            #[cfg(feature = "embedded")]
            Model::Gguf(vocabulary) => Some(Tokens {
                count: vocabulary.count_prompt(request)?,
                exact: true,
            }),
        }
    }

    /// Tokens of all texts, and room for what a template writes around them. What templates word in
    /// their own way (indented, or as declarations of types) counts twice.
    fn bound(&self, request: &ChatRequest) -> Result<Option<u64>, EngineError> {
        let mut count = PER_PROMPT;
        for message in &request.messages {
            let texts = [message.role.as_str(), &message.text()?];
            let texts = texts.iter().map(|text| self.count_text(text));
            let fields = (!message.extra.is_empty()).then(|| self.count_fields(&message.extra));
            for part in texts.chain(fields) {
                let Some(part) = part else { return Ok(None) };
                count = count.saturating_add(part);
            }
            count = count.saturating_add(PER_MESSAGE);
        }
        let fields = self.count_fields(&request.extra);
        Ok(fields.map(|fields| count.saturating_add(fields)))
    }

    fn count_fields(&self, fields: &serde_json::Map<String, Value>) -> Option<u64> {
        let text = serde_json::to_string_pretty(fields).ok()?;
        Some(self.count_text(&text)?.saturating_mul(2))
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0.as_ref() {
            Model::HuggingFace { template, .. } if template.is_some() => {
                "Tokenizer(tokenizer.json, with a chat template)"
            }
            Model::HuggingFace { .. } => "Tokenizer(tokenizer.json)",
            #[cfg(feature = "embedded")]
            Model::Gguf(_) => "Tokenizer(GGUF)",
        })
    }
}

#[cfg(feature = "embedded")]
fn gguf(path: &Path) -> Result<Tokenizer, TokenizerError> {
    let file = |source| TokenizerError::File {
        path: path.into(),
        source,
    };
    let mut reader = std::io::BufReader::new(File::open(path).map_err(file)?);
    let vocabulary = GgufVocabulary::read(&mut reader);
    let vocabulary = vocabulary.map_err(|reason| malformed(path, reason))?;
    Ok(Tokenizer(Arc::new(Model::Gguf(Box::new(vocabulary)))))
}

#[cfg(not(feature = "embedded"))]
fn gguf(path: &Path) -> Result<Tokenizer, TokenizerError> {
    let reason = "is a GGUF file, which this build does not read (feature embedded)";
    Err(malformed(path, reason.into()))
}
