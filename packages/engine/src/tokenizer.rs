//! Counts tokens as a model does, for upstreams that do not: from the model's `tokenizer.json`
//! (<https://huggingface.co/docs/tokenizers>), with the chat template that lies beside it, or from the
//! vocabulary and template of a GGUF file.
//!
//! A prompt is counted exactly where its text is what the template makes of plain messages. Tools, parts
//! and other fields are worded by each engine in its own way; then the count is a bound.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::context;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::chat_template::ChatTemplate;
#[cfg(feature = "embedded")]
use crate::embedded::Vocabulary as GgufVocabulary;
use crate::upper_bound;
use crate::{ChatMessage, ChatRequest, EngineError, Tokens};

/// Longest files that are read, bytes: the largest `tokenizer.json` in use has about 35 MB.
const MAX_FILE: u64 = 64 << 20;
const MAX_TEMPLATE: u64 = 1 << 20;
/// What a GGUF file begins with.
const GGUF: &[u8] = b"GGUF";

/// What a template may write around the fields of a request that it words in its own way: tokens.
const PER_PROMPT: u64 = 256;
const PER_MESSAGE: u64 = 32;

/// Fields of a request that say how to answer and never enter the prompt.
const NOT_IN_PROMPT: [&str; 24] = [
    "frequency_penalty",
    "ignore_eos",
    "include_reasoning",
    "logit_bias",
    "logprobs",
    "metadata",
    "min_p",
    "min_tokens",
    "parallel_tool_calls",
    "presence_penalty",
    "priority",
    "prompt_cache_key",
    "repetition_penalty",
    "request_id",
    "safety_identifier",
    "service_tier",
    "skip_special_tokens",
    "stop_token_ids",
    "store",
    "stream_options",
    "top_k",
    "top_logprobs",
    "user",
    "return_token_ids",
];

/// A `tokenizer_file` that cannot be used. The message names the file, not the field that named it.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is longer than what is read.
    #[error("{}: longer than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// The file is not what its name or its first bytes say.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

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

/// A chat template and the texts of the tokens that it may write.
struct Template {
    jinja: ChatTemplate,
    bos: String,
    eos: String,
    /// It writes today's date if its engine tells it.
    is_dated: bool,
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

/// Whether every engine words this request as its template does.
fn is_plain(request: &ChatRequest) -> bool {
    let is_text = |message: &ChatMessage| message.content.is_string() && message.extra.is_empty();
    let is_known = |field: &String| NOT_IN_PROMPT.contains(&field.as_str());
    request.messages.iter().all(is_text) && request.extra.keys().all(is_known)
}

/// What counts of a `tokenizer_config.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenizerConfig {
    chat_template: Value,
    bos_token: Value,
    eos_token: Value,
}

impl Template {
    /// The template in a folder, if there is one.
    fn beside(folder: &Path) -> Result<Option<Self>, TokenizerError> {
        let path = folder.join("tokenizer_config.json");
        let config = match read_if_any(&path, MAX_FILE)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| malformed(&path, error.to_string()))?,
            None => TokenizerConfig::default(),
        };
        let own = folder.join("chat_template.jinja");
        let (path, source) = match read_if_any(&own, MAX_TEMPLATE)? {
            Some(bytes) => {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| malformed(&own, "is not UTF-8".into()))?;
                (own, text)
            }
            None => match template_of(&config.chat_template) {
                Some(text) => (path, text.to_owned()),
                None => return Ok(None),
            },
        };
        let is_dated = source.contains("strftime_now");
        let jinja = ChatTemplate::new(source);
        let jinja =
            jinja.map_err(|error| malformed(&path, format!("the chat template: {error}")))?;
        Ok(Some(Template {
            jinja,
            bos: token_text(&config.bos_token),
            eos: token_text(&config.eos_token),
            is_dated,
        }))
    }

    /// The prompt of plain messages; `None` if the template refuses them.
    fn render(&self, request: &ChatRequest) -> Option<String> {
        let values = context! {
            messages => request.messages,
            tools => (),
            documents => (),
            bos_token => self.bos,
            eos_token => self.eos,
            add_generation_prompt => true,
        };
        self.jinja.render(values).ok()
    }
}

/// A template stands alone or, named `default`, in a list.
fn template_of(value: &Value) -> Option<&str> {
    match value {
        Value::Array(templates) => {
            let default = templates.iter().find(|one| one["name"] == "default")?;
            default["template"].as_str()
        }
        value => value.as_str(),
    }
}

/// A token stands as its text, or as an object with its `content`.
fn token_text(value: &Value) -> String {
    let text = value.as_str().or(value["content"].as_str());
    text.unwrap_or_default().to_owned()
}

fn malformed(path: &Path, reason: String) -> TokenizerError {
    TokenizerError::Malformed {
        path: path.into(),
        reason,
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, TokenizerError> {
    let file = |source| TokenizerError::File {
        path: path.into(),
        source,
    };
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(file)?;
    opened
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(file)?;
    if bytes.len() as u64 > limit {
        return Err(TokenizerError::TooLarge {
            path: path.into(),
            limit,
        });
    }
    Ok(bytes)
}

fn read_if_any(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, TokenizerError> {
    match path.exists() {
        true => read(path, limit).map(Some),
        false => Ok(None),
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
