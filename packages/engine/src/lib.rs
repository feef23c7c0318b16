//! Inference engines behind one trait.
//!
//! The worker agent knows only [`Engine`]: which models there are, how many tokens a prompt has, and a
//! stream of [`ChatEvent`]s for a request. Two engines implement it:
//!
//! * [`upstream::UpstreamEngine`]: any OpenAI-compatible server (vLLM first of all) over HTTP;
//! * `embedded::EmbeddedEngine` (feature `embedded`, on by default): a GGUF model of the Llama
//!   architecture inside this process, with the tiny model of `demo-model/` built in.
//!
//! Money depends on what an engine counts, so the end of every stream has one fixed shape (see
//! [`ChatStream`]) whatever went wrong on the way. Prompts and answers never reach a log: the types that
//! hold them print only their sizes.

mod chat;
mod engine;
mod error;
mod upper_bound;

#[cfg(feature = "embedded")]
pub mod embedded;
pub mod pool;
pub mod upstream;

pub use chat::{from_json, ChatMessage, ChatRequest, Stop};
pub use engine::{ByteStream, Call, Endpoint, Engine, ModelInfo, Reply, Tokens};
pub use error::{EngineError, Hidden};
pub use pool::MemberState;
pub use tokio_util::sync::CancellationToken;
