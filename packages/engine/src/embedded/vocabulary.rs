//! A GGUF file's vocabulary and chat template without its weights, to count with.

use std::io::{Read, Seek};

use candle_core::quantized::gguf_file;

use super::metadata::Metadata;
use super::template::Template;
use super::tokenizer::Tokenizer;
use crate::ChatRequest;

/// What turns requests into tokens.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    template: Option<Template>,
}

impl Vocabulary {
    /// Reads the head of a GGUF file.
    ///
    /// # Errors
    /// What is wrong with it, by its field.
    pub fn read<R: Read + Seek>(reader: &mut R) -> Result<Self, String> {
        let content = gguf_file::Content::read(reader).map_err(|error| error.to_string())?;
        let metadata = Metadata::new(content.metadata);
        Ok(Self {
            tokenizer: Tokenizer::from_metadata(&metadata).map_err(|error| error.to_string())?,
            template: Template::from_metadata(&metadata).ok(),
        })
    }

    /// Tokens of a text that the model has written; `None` if the vocabulary cannot express it.
    pub fn count_text(&self, text: &str) -> Option<u64> {
        self.tokenizer.count_text(text)
    }

    /// Tokens of a prompt of plain messages; `None` if the file has no template, or it refuses them.
    pub fn count_prompt(&self, request: &ChatRequest) -> Option<u64> {
        let text = self
            .template
            .as_ref()?
            .render(request, &self.tokenizer)
            .ok()?;
        Some(self.tokenizer.encode_prompt(&text).ok()?.len() as u64)
    }
}
