//! Inference engines behind one trait.
//!
//! The worker agent knows only [`Engine`]: an OpenAI-compatible server that tells its models, counts
//! prompts and answers requests with bytes. Two engines implement it:
//!
//! * [`upstream::UpstreamEngine`]: any such server (vLLM first of all) over HTTP;
//! * `embedded::EmbeddedEngine` (feature `embedded`, on by default): a GGUF model of the Llama
//!   architecture inside this process, with the tiny model of `demo-model/` built in.
//!
//! Prompts and answers never reach a log: the types that hold them print only their sizes.

mod audio;
mod chat;
mod chat_template;
mod completion;
mod device;
mod embedding;
mod engine;
mod error;
mod image;
mod input;
mod sampling;
mod tokenizer;
mod trace;
mod upper_bound;

#[cfg(feature = "embedded")]
pub mod embedded;
pub mod pool;
pub mod upstream;

pub use audio::{SoundFormat, SpeechRequest};
pub use chat::{from_json, ChatMessage, ChatRequest, Stop};
pub use completion::CompletionRequest;
pub use device::{DeviceChoice, NoDevice};
pub use embedding::EmbeddingRequest;
pub use engine::{ByteStream, Call, Endpoint, Engine, ModelInfo, Reply, Tokens};
pub use error::{EngineError, Hidden};
pub use image::ImageRequest;
pub use input::Input;
pub use pool::MemberState;
pub use tokenizer::{Tokenizer, TokenizerError};
pub use trace::TraceParent;
