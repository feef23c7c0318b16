//! Every endpoint that makes an engine work, in front of a server with OpenAI's API: what is counted, and
//! that nobody gets round it.

#[path = "../common/mod.rs"]
mod common;

mod audio;
mod bypasses_fields;
mod bypasses_http;
mod bypasses_requests;
mod bypasses_upstream;
mod chat_parts;
mod completions;
mod doors;
mod embeddings;
mod images;
mod odd;
mod ollama_embed;
