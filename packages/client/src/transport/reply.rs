//! An answer, whichever way it came.

use std::collections::VecDeque;

use reqwest::Response;
use secret_ai_e2ee::{AnswerHead, AnswerKey, FrameOpener, ANSWER_TYPE};
use serde_json::Value;

use super::{not_opened, unreachable};
use crate::error::{ClientError, Result};

/// Longest error that is read, bytes.
const MAX_ERROR: usize = 64 << 10;

/// An answer; its body comes piece by piece.
pub struct Reply {
    pub status: u16,
    /// Names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    response: Response,
    opening: Option<Opening>,
}

struct Opening {
    opener: FrameOpener,
    /// Pieces that were opened and not taken yet.
    ready: VecDeque<Vec<u8>>,
}

impl Reply {
    pub(super) fn plain(response: Response) -> Self {
        let headers = response.headers().iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            response,
            opening: None,
        }
    }

    /// Opens the head. What is not sealed is an error, and not necessarily the worker's.
    pub(super) async fn sealed(response: Response, key: AnswerKey) -> Result<Self> {
        let mut reply = Reply::plain(response);
        if reply.header("content-type") != Some(ANSWER_TYPE) {
            return Err(reply.not_sealed().await);
        }
        reply.opening = Some(Opening {
            opener: key.opener(),
            ready: VecDeque::new(),
        });
        let head = reply.chunk().await?;
        let head = head.ok_or_else(|| broke_off("its head"))?;
        let head = AnswerHead::decode(&head).map_err(not_opened)?;
        reply.status = head.status;
        reply.headers = head.headers;
        Ok(reply)
    }

    async fn not_sealed(self) -> ClientError {
        let status = self.status;
        match self.error().await {
            (code, _) if code == "wrong_key" => ClientError::OtherBoot,
            _ if status == 404 => ClientError::Worker {
                status,
                message: "the worker offers no end-to-end encryption".into(),
            },
            (_, message) => ClientError::Worker { status, message },
        }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// It broke off, or was changed on its way.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(piece) = self.opening.as_mut().and_then(|o| o.ready.pop_front()) {
                return Ok(Some(piece));
            }
            let bytes = self.response.chunk().await.map_err(unreachable)?;
            match (&mut self.opening, bytes) {
                (None, bytes) => return Ok(bytes.map(|bytes| bytes.to_vec())),
                (Some(opening), Some(bytes)) => {
                    let frames = opening.opener.push(&bytes).map_err(not_opened)?;
                    let data = frames.into_iter().map(|frame| frame.data);
                    opening.ready.extend(data.filter(|data| !data.is_empty()));
                }
                (Some(opening), None) if opening.opener.is_whole() => return Ok(None),
                (Some(_), None) => return Err(broke_off("its end")),
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Self::chunk`], or it has more than `most` bytes.
    pub async fn read(mut self, most: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.chunk().await? {
            body.extend(piece);
            if body.len() > most {
                let problem = format!("the answer has more than {most} bytes");
                return Err(ClientError::verification(problem));
            }
        }
        Ok(body)
    }

    /// Code and message of an error in OpenAI's form.
    pub async fn error(self) -> (String, String) {
        let body = self.read(MAX_ERROR).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| body["error"][name].as_str().map(str::to_owned);
        let message = text("message").unwrap_or_else(|| "no explanation".into());
        (text("code").unwrap_or_default(), message)
    }
}

fn broke_off(what: &str) -> ClientError {
    ClientError::verification(format!("the answer broke off before {what}"))
}
