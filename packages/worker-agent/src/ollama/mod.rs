//! Ollama's API as far as this worker speaks it
//! (<https://github.com/ollama/ollama/blob/main/docs/api.md>).
//!
//! What it asks for becomes an OpenAI request of the engine, and the answer comes back in Ollama's
//! words, so that every token is reserved, counted and signed the same way. A stream is one JSON
//! object per line; the last one has the figures, and the receipt as its last field:
//!
//! ```text
//! {"message":{"role":"assistant","content":"Hel"},"done":false,…}
//! {"message":{"role":"assistant","content":""},"done":true,…,"secret_ai":{"receipt":"…","evidence":"…"}}
//! ```
//!
//! The response hash of the receipt covers all bytes before the last `,"secret_ai":`. Clients of
//! Ollama ignore the field. A plain answer has its receipt in the headers, as OpenAI's.

mod answer;
mod catalog;
mod embed;
mod messages;
mod request;

pub use catalog::{listed, running, shown, API_VERSION};
pub use embed::EmbedRoute;
pub use request::{read_chat, read_generate};
