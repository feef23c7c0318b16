//! What one answer consisted of. Only its digest travels in the receipt; the client recomputes it
//! from what it sent and received.

use crate::body::{write_counters, Body, DecodeError, Fields};

/// Longest name of a model, in bytes.
const MAX_MODEL: usize = 64;

/// `SHA-256 of request[32] of response[32] model (u8 length, text) unix seconds u64 n u8 units n×u64`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256 of the request's body as sent.
    pub request_sha256: [u8; 32],
    /// SHA-256 of the response's body as received, up to the receipt itself.
    pub response_sha256: [u8; 32],
    /// Name of the model that answered, 1 to 64 bytes.
    pub model: String,
    /// Unix seconds, the worker's clock.
    pub time: u64,
    /// Units of this request alone, one per line of the session.
    pub units: Vec<u64>,
}

impl Body for Evidence {
    const KIND: &'static str = "evidence";

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.request_sha256);
        out.extend_from_slice(&self.response_sha256);
        out.push(u8::try_from(self.model.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.model.as_bytes());
        out.extend_from_slice(&self.time.to_be_bytes());
        write_counters(&self.units, out);
    }

    fn read(from: &mut Fields) -> Result<Self, DecodeError> {
        let request_sha256 = from.array(Self::KIND)?;
        let response_sha256 = from.array(Self::KIND)?;
        let length = usize::from(u8::from_be_bytes(from.array(Self::KIND)?));
        let refused = DecodeError::Model {
            length,
            max: MAX_MODEL,
        };
        if length == 0 || length > MAX_MODEL {
            return Err(refused);
        }
        let model = from.take(Self::KIND, length)?.to_vec();
        Ok(Evidence {
            request_sha256,
            response_sha256,
            model: String::from_utf8(model).map_err(|_| refused)?,
            time: from.u64(Self::KIND)?,
            units: from.counters(Self::KIND)?,
        })
    }
}
