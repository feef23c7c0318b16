//! What a streamed answer writes next.

use bytes::{Bytes, BytesMut};

/// Bytes for one write: copied together only if there are several.
#[derive(Default)]
pub struct Output {
    first: Bytes,
    all: BytesMut,
}

impl Output {
    /// Adds bytes to the end.
    pub fn push(&mut self, bytes: Bytes) {
        if self.is_empty() {
            self.first = bytes;
        } else if !bytes.is_empty() {
            if self.all.is_empty() {
                self.all.extend_from_slice(&self.first);
                self.first = Bytes::new();
            }
            self.all.extend_from_slice(&bytes);
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All of it; `None` if there is nothing.
    pub fn take(self) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        Some(if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        })
    }
}
