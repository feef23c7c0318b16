//! A streamed answer on its way to a program. Its end is held back until the receipt is verified:
//! programs stop listening after it.

use std::sync::Arc;

use futures_util::stream::{unfold, Stream};

use super::exchange::Question;
use super::Gateway;
use crate::answer::{AnswerStream, Item};
use crate::error::Result;
use crate::transport::Reply;

/// The state of one stream.
pub struct Relay {
    gateway: Arc<Gateway>,
    question: Question,
    events: AnswerStream,
    /// The event that ends the answer.
    end: Option<Vec<u8>>,
}

impl Relay {
    /// Of a reply whose body are server-sent events.
    pub fn new(gateway: Arc<Gateway>, question: Question, reply: Reply) -> Self {
        Relay {
            gateway,
            question,
            events: AnswerStream::new(reply),
            end: None,
        }
    }

    /// The events as they come. It breaks off if the receipt is not what it must be.
    pub fn stream(self) -> impl Stream<Item = Result<Vec<u8>>> {
        unfold(Some(self), |relay| async {
            let mut relay = relay?;
            match relay.next().await {
                Ok((bytes, true)) => Some((Ok(bytes), Some(relay))),
                Ok((bytes, false)) => Some((Ok(bytes), None)),
                Err(error) => {
                    eprintln!("secret-ai: {error}");
                    Some((Err(error), None))
                }
            }
        })
    }

    /// Bytes to pass on, and whether more follow.
    async fn next(&mut self) -> Result<(Vec<u8>, bool)> {
        loop {
            match self.events.next().await? {
                Item::Event(event) if event.data == "[DONE]" => self.end = Some(event.raw),
                Item::Event(event) => return Ok((event.raw, true)),
                Item::End(proof) => {
                    self.gateway.verify(&self.question, &proof)?;
                    return Ok((self.end.take().unwrap_or_default(), false));
                }
            }
        }
    }
}
