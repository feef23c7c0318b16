//! The embedded engine: GGUF models of the Llama architecture, run inside this process, on the CPU or
//! (feature `cuda`) on an NVIDIA GPU.
//!
//! A model is loaded once; its weights are shared. Each answer is generated on a thread of tokio's blocking
//! pool, at most [`EmbeddedConfig::parallel`] at a time (more wait their turn), and goes to its
//! reader through a small bounded channel: a slow reader slows its own answer and nothing else.
//!
//! candle splits every matrix product over all cores and waits for them at a barrier, which costs a small
//! model more than it gives, and much more on a busy machine: set `CANDLE_NUM_THREADS=1` and
//! `RAYON_NUM_THREADS=1` in the environment for the demo model (candle reads nothing else).
//!
//! `demo-model/secret-ai-demo.gguf` is built in, so that real tokens come out of a fresh checkout without
//! a download; any other GGUF file of the same architecture loads the same way.

mod bpe;
mod byte_text;
mod device;
mod generate;
mod llama;
mod metadata;
mod model;
mod reply;
mod rng;
mod sampling;
mod template;
mod text_out;
mod tokenizer;
mod tokenizer_file;
mod total_order;
mod vocabulary;

use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use candle_core::quantized::gguf_file;
use futures_util::stream;
use tokio::sync::{mpsc, Semaphore};

use crate::json_body::bad;
use crate::{
    Call, ChatRequest, DeviceChoice, Endpoint, Engine, EngineError, ModelInfo, Reply, Tokens,
};
use generate::Job;
use llama::{Llama, Shape};
use model::Model;
use template::Template;

pub use byte_text::char_of_byte;
pub use metadata::{Metadata, Missing};
pub use rng::Rng;
pub use tokenizer::{TokenizeError, Tokenizer};
pub use vocabulary::Vocabulary;

/// Id of the built-in model.
pub const DEMO_MODEL_ID: &str = "secret-ai-demo";
const DEMO_MODEL: &[u8] = include_bytes!("../../demo-model/secret-ai-demo.gguf");

/// Chunks that wait for a slow reader.
const CHANNEL: usize = 16;

/// How a model is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Name under which the model is served.
    pub id: String,
    /// Upper limit of the context in tokens; the model's own applies if it is smaller. Memory for
    /// attention grows with it.
    pub max_context: u64,
    /// Answers generated at the same time, at least 1.
    pub parallel: usize,
    /// Where it runs.
    pub device: DeviceChoice,
}

impl EmbeddedConfig {
    /// A model named `id`, with a context of at most 8,192 tokens and two answers at a time, on the
    /// first GPU or else the CPU.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            max_context: 8_192,
            parallel: 2,
            device: DeviceChoice::default(),
        }
    }
}

/// An engine with one model.
pub struct EmbeddedEngine {
    model: Arc<Model>,
    turns: Arc<Semaphore>,
}

impl EmbeddedEngine {
    /// The built-in demo model.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn demo() -> Result<Self, EngineError> {
        Self::from_reader(
            &mut Cursor::new(DEMO_MODEL),
            EmbeddedConfig::new(DEMO_MODEL_ID),
        )
    }

    /// Loads a GGUF file; takes seconds for a large one, so call it before serving.
    ///
    /// # Errors
    /// [`EngineError::Model`] for a file that cannot be read or is not a Llama-architecture GGUF with a
    /// tokenizer and a chat template.
    pub fn open(path: &Path, config: EmbeddedConfig) -> Result<Self, EngineError> {
        let file = std::fs::File::open(path).map_err(|error| EngineError::Model {
            model: config.id.clone(),
            reason: error.to_string(),
        })?;
        Self::from_reader(&mut std::io::BufReader::new(file), config)
    }

    /// Loads a model in GGUF form from anywhere; see [`EmbeddedEngine::open`].
    ///
    /// # Errors
    /// As [`EmbeddedEngine::open`].
    pub fn from_reader<R: Read + Seek>(
        reader: &mut R,
        config: EmbeddedConfig,
    ) -> Result<Self, EngineError> {
        let fail = |reason: String| EngineError::Model {
            model: config.id.clone(),
            reason,
        };
        let broken = |error: candle_core::Error| fail(error.to_string());
        let missing = |error: Missing| fail(error.to_string());

        let mut content = gguf_file::Content::read(reader).map_err(broken)?;
        let metadata = Metadata::new(std::mem::take(&mut content.metadata));
        let shape = Shape::from_metadata(&metadata).map_err(missing)?;
        let context = shape
            .context
            .min(usize::try_from(config.max_context).unwrap_or(usize::MAX));
        if context == 0 || config.parallel == 0 {
            return Err(fail(
                "max_context and parallel are 0, limit at least 1".into(),
            ));
        }
        let tokenizer = Tokenizer::from_metadata(&metadata).map_err(missing)?;
        let template = Template::from_metadata(&metadata).map_err(missing)?;
        let device = device::open(config.device).map_err(fail)?;
        let caches = shape
            .cache_bytes(context)
            .saturating_mul(config.parallel as u64);
        let need = llama::weight_bytes(&content).saturating_add(caches);
        device::check_memory(&device, need).map_err(fail)?;
        let llama = Llama::load(&content, reader, shape, context, &device).map_err(broken)?;
        let model = Model {
            id: config.id,
            context,
            llama,
            tokenizer,
            template,
        };
        let turns = config.parallel.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            model: Arc::new(model),
            turns: Arc::new(Semaphore::new(turns)),
        })
    }
}

impl EmbeddedEngine {
    /// Where the model runs: `cpu` or `cuda:N`.
    pub fn device(&self) -> String {
        device::name(self.model.llama.device())
    }
}

#[async_trait]
impl Engine for EmbeddedEngine {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let context_length = self.model.context as u64;
        Ok(vec![ModelInfo {
            id: self.model.id.clone(),
            context_length,
        }])
    }

    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.model.check(request)?;
        Ok(Tokens {
            count: self.model.tokens(request).await?.len() as u64,
            exact: true,
        })
    }

    fn count_text(&self, model: &str, text: &str) -> Option<u64> {
        let is_ours = model == self.model.id;
        is_ours.then(|| self.model.tokenizer.count_text(text))?
    }

    /// An answer never goes past the context: without a limit in the request, or with a larger one, it ends
    /// there with `finish_reason` `length`.
    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        if call.endpoint != Endpoint::ChatCompletions {
            return Err(bad("model", "only chats with this engine"));
        }
        let request = ChatRequest::from_json(&call.body)?;
        self.model.check(&request)?;
        let prompt = self.model.tokens(&request).await?;
        let room = self.model.context.saturating_sub(prompt.len());
        if room == 0 {
            return Err(EngineError::ContextOverflow {
                prompt_tokens: prompt.len() as u64,
                context_length: self.model.context as u64,
            });
        }
        let wanted = request
            .output_limit()
            .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let (chunks, receiver) = mpsc::channel(CHANNEL);
        let content_type = if request.is_stream() {
            "text/event-stream"
        } else {
            "application/json"
        };
        let job = Job {
            model: self.model.clone(),
            prompt,
            limit: wanted.min(room),
            request,
            chunks,
        };
        tokio::spawn(wait_and_run(self.turns.clone(), job));
        let next = |mut receiver: mpsc::Receiver<_>| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        };
        Ok(Reply {
            content_type: content_type.to_owned(),
            body: Box::pin(stream::unfold(receiver, next)),
        })
    }
}

/// Waits for a turn unless the reader leaves first.
async fn wait_and_run(turns: Arc<Semaphore>, job: Job) {
    let turn = tokio::select! {
        turn = turns.acquire_owned() => turn.ok(),
        () = job.chunks.closed() => return,
    };
    tokio::task::spawn_blocking(move || {
        job.run();
        drop(turn);
    });
}
