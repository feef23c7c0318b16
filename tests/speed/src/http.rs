//! As much of HTTP/1.1 as mock and load need: where a head ends, and what its fields say.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest head that is read, bytes.
const MAX_HEAD: usize = 64 << 10;

/// Bytes of a connection that have come and are not used yet.
#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    used: usize,
}

impl Inbox {
    /// What is there.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.used..).unwrap_or_default()
    }

    /// Takes `count` bytes away, at most what is there.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let start = self.used;
        self.used = self.bytes.len().min(start.saturating_add(count));
        self.bytes.get(start..self.used).unwrap_or_default()
    }

    /// Waits for more; false at the end of the connection.
    pub async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        if self.rest().is_empty() {
            self.bytes.clear();
            self.used = 0;
        }
        self.bytes.reserve(16 << 10);
        Ok(stream.read_buf(&mut self.bytes).await? > 0)
    }

    /// Waits for a whole head and takes it; `None` if the connection ends before its first byte.
    pub async fn head(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = memchr::memmem::find(self.rest(), b"\r\n\r\n") {
                return Ok(Some(
                    String::from_utf8_lossy(self.take(at + 4)).into_owned(),
                ));
            }
            if self.rest().len() > MAX_HEAD {
                return Err(broken("a head that is too long"));
            }
            if !self.more(stream).await? {
                let is_clean = self.rest().is_empty();
                return is_clean
                    .then_some(None)
                    .ok_or_else(|| broken("half a head"));
            }
        }
    }
}

/// Value of a head's field.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Bytes of the body, if the head says so.
pub fn content_length(head: &str) -> Option<usize> {
    field(head, "content-length")?.parse().ok()
}

/// The other side does not speak HTTP as expected.
pub fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
