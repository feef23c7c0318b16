//! Work that takes long, kept away from the threads that serve: while one of them counts, no other
//! answer on it goes on.

use tokio::task::spawn_blocking;
use tracing::Span;

use crate::error::ApiError;

/// Bytes that are read, hashed, measured or written within a millisecond.
pub const SHORT: usize = 64 << 10;
/// The same for what a tokenizer counts.
pub const SHORT_TEXT: usize = 4 << 10;

/// Does `work` here, or on a thread of its own if it is long.
///
/// # Errors
/// 500 if it has panicked there.
pub async fn apart_if<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if !is_long {
        return Ok(work());
    }
    let span = Span::current();
    let done = spawn_blocking(move || span.in_scope(work)).await;
    done.map_err(|error| {
        tracing::error!(%error, "work on a thread of its own has failed");
        ApiError::internal()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[tokio::test]
    async fn only_long_work_leaves_its_thread() {
        let here = thread::current().id();
        for is_long in [false, true] {
            let done = apart_if(is_long, || thread::current().id()).await.unwrap();
            assert_eq!(done != here, is_long);
        }
        assert!(apart_if(true, || panic!("no")).await.is_err());
    }
}
