//! The load: connections that send one request after the other and take the time of each answer.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bearer;
use crate::http::{broken, content_length, field, Inbox};
use crate::mock::{MODEL, PACE};

/// Requests of one kind, over so many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub kind: Kind,
    pub connections: usize,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// An answer of about 1 KB in one piece.
    Plain,
    /// A stream of 64 pieces as fast as they go.
    Stream,
    /// A stream of 64 pieces with [`PAUSE`] between them.
    Paced,
}

/// Between two pieces of a paced stream.
pub const PAUSE: Duration = Duration::from_millis(5);

impl Kind {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::Stream => "stream",
            Kind::Paced => "paced stream",
        }
    }

    /// Whether the answer is a stream.
    pub fn is_stream(self) -> bool {
        self != Kind::Plain
    }
}

/// Where requests go, and what goes with them.
#[derive(Clone)]
pub struct Requests {
    pub address: SocketAddr,
    /// Fields of the head besides the usual ones, each with its line end.
    pub fields: String,
    /// Requests go round over so many sessions.
    pub sessions: u64,
    next: Arc<AtomicU64>,
}

impl Requests {
    /// Requests to `address`, in turn by sessions 0 to `sessions`.
    pub fn new(address: SocketAddr, fields: &str, sessions: u64) -> Self {
        Requests {
            address,
            fields: fields.into(),
            sessions,
            next: Arc::default(),
        }
    }

    /// The next request, whole.
    fn next(&self, kind: Kind) -> Vec<u8> {
        let pace = if kind == Kind::Paced {
            PAUSE
        } else {
            Duration::ZERO
        };
        let body = format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"system","content":"You answer in one paragraph, in plain words, and you say so when you do not know something."}},{{"role":"user","content":"Which line of the poem is about gold, and what does it say about those who wander? {PACE}{}"}}],"max_tokens":128,"stream":{}}}"#,
            pace.as_micros(),
            kind.is_stream(),
        );
        let session = self.next.fetch_add(1, Ordering::Relaxed) % self.sessions.max(1);
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            bearer::key(session),
            self.fields,
            body.len(),
        )
        .into_bytes()
    }
}

/// Times of one answer, nanoseconds since its request was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// To the first byte of the body.
    pub first: u64,
    /// To the last one.
    pub whole: u64,
}

/// What a slice of load brought.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    pub samples: Vec<Sample>,
    /// From the first request to the last answer.
    pub wall: Duration,
    /// Answers that were not what they should be, connections that broke.
    pub errors: u64,
    /// The first of them.
    pub error: Option<String>,
}

/// Opens the connections, sends one request on each, and then asks for `time`. `around` is called
/// before and after what is measured.
pub async fn slice(
    requests: &Requests,
    scenario: Scenario,
    time: Duration,
    around: impl Fn(),
) -> io::Result<Slice> {
    let mut connections = Vec::new();
    for _ in 0..scenario.connections {
        connections.push(Connection::open(requests.address).await?);
    }
    let mut warm = JoinSet::new();
    for mut connection in connections {
        let request = requests.next(scenario.kind);
        warm.spawn(async move {
            let sample = connection.ask(&request, scenario.kind).await;
            sample.map(|_| connection)
        });
    }
    let mut ready = Vec::new();
    while let Some(connection) = warm.join_next().await {
        ready.push(connection.map_err(io::Error::other)??);
    }
    around();
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for connection in ready {
        workers.spawn(work(
            connection,
            requests.clone(),
            scenario.kind,
            start + time,
        ));
    }
    let mut slice = Slice::default();
    while let Some(part) = workers.join_next().await {
        let (samples, error) = part.map_err(io::Error::other)?;
        slice.samples.extend(samples);
        if let Some(error) = error {
            slice.errors += 1;
            slice.error.get_or_insert(error.to_string());
        }
    }
    slice.wall = start.elapsed();
    around();
    Ok(slice)
}

/// Asks until `end` or the first error.
async fn work(
    mut connection: Connection,
    requests: Requests,
    kind: Kind,
    end: Instant,
) -> (Vec<Sample>, Option<io::Error>) {
    let mut samples = Vec::new();
    loop {
        match connection.ask(&requests.next(kind), kind).await {
            Ok(sample) => samples.push(sample),
            Err(error) => return (samples, Some(error)),
        }
        if Instant::now() >= end {
            return (samples, None);
        }
    }
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    inbox: Inbox,
    body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            inbox: Inbox::default(),
            body: Vec::new(),
        })
    }

    /// Sends a request and reads its answer to the end, which must be a good one of its kind.
    async fn ask(&mut self, request: &[u8], kind: Kind) -> io::Result<Sample> {
        let sent = Instant::now();
        let (status, first) = self.exchange(request).await?;
        let whole = nanos(sent.elapsed());
        let first = first.map_or(whole, |first| nanos(first.duration_since(sent)));
        let mark: &[u8] = if kind.is_stream() {
            b"data: [DONE]"
        } else {
            b"\"finish_reason\":"
        };
        if status != "200" || memmem::find(&self.body, mark).is_none() {
            let body = String::from_utf8_lossy(&self.body);
            let shown: String = body.chars().take(300).collect();
            return Err(broken(&format!("status {status}: {shown}")));
        }
        Ok(Sample { first, whole })
    }

    /// Status of the answer, and when its body's first byte came. The body stays in `self.body`.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<(String, Option<Instant>)> {
        self.stream.write_all(request).await?;
        let head = self.inbox.head(&mut self.stream).await?;
        let head = head.ok_or_else(|| broken("no answer"))?;
        self.body.clear();
        let is_chunked =
            field(&head, "transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let first = if is_chunked {
            self.chunks().await?
        } else {
            let length = content_length(&head).ok_or_else(|| broken("a body without length"))?;
            self.append(length).await?
        };
        let status = head.split(' ').nth(1).unwrap_or_default();
        Ok((status.to_owned(), first))
    }

    /// Body of the newest answer.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads a body in chunks.
    async fn chunks(&mut self) -> io::Result<Option<Instant>> {
        let mut first = None;
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("a bad chunk"))?;
            let came = self.append(size).await?;
            first = first.or(came);
            if !self.line().await?.is_empty() {
                return Err(broken("a chunk without end"));
            }
            if size == 0 {
                return Ok(first);
            }
        }
    }

    /// Reads a line, without its end.
    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.inbox.rest()) {
                let line = String::from_utf8_lossy(self.inbox.take(at + 1));
                return Ok(line.trim_end().to_owned());
            }
            self.more().await?;
        }
    }

    /// Reads so many bytes into the body; tells when the first one was there.
    async fn append(&mut self, mut count: usize) -> io::Result<Option<Instant>> {
        let mut first = None;
        while count > 0 {
            if self.inbox.rest().is_empty() {
                self.more().await?;
            }
            first.get_or_insert_with(Instant::now);
            let part = self.inbox.take(count);
            self.body.extend_from_slice(part);
            count -= part.len();
        }
        Ok(first)
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.inbox.more(&mut self.stream).await? {
            return Ok(());
        }
        Err(broken("half an answer"))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn ask(kind: Kind, answer: Option<&'static [u8]>) -> io::Result<Sample> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        match answer {
            None => drop(tokio::spawn(crate::mock::serve(listener))),
            Some(bytes) => drop(tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                Inbox::default().head(&mut stream).await?;
                stream.write_all(bytes).await
            })),
        }
        let request = Requests::new(address, "", 1).next(kind);
        Connection::open(address).await?.ask(&request, kind).await
    }

    #[tokio::test]
    async fn every_kind_of_answer_is_read_to_its_end() {
        for kind in [Kind::Plain, Kind::Stream] {
            let sample = ask(kind, None).await.unwrap();
            assert!(
                0 < sample.first && sample.first <= sample.whole,
                "{sample:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_refused_or_cut_is_an_error() {
        let answers: [(&'static [u8], &str); 4] = [
            (
                b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}",
                "status 503: {}",
            ),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
                "status 200: {}",
            ),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}",
                "half an answer",
            ),
            (b"", "no answer"),
        ];
        for (answer, expected) in answers {
            let error = ask(Kind::Plain, Some(answer)).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata: \r\n";
        let error = ask(Kind::Stream, Some(cut)).await.unwrap_err();
        assert_eq!(error.to_string(), "half an answer");
    }
}
