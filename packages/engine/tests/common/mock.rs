//! A server that reads one request per connection and answers with prepared bytes, in chunked encoding, each
//! chunk in a TCP write of its own.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the server answers.
#[derive(Clone)]
pub enum Reply {
    /// Status 200, these chunks, and a proper end.
    Chunks(Vec<Vec<u8>>),
    /// Status 200, these chunks, and the connection closed without the end.
    Break(Vec<Vec<u8>>),
    /// Status 200, these chunks, then silence until the client leaves.
    Stay(Vec<Vec<u8>>),
    /// This status and body.
    Status(u16, String),
    /// Status 200 and a body in this `content-encoding`.
    Coded(&'static str),
}

/// A request as the server got it.
#[derive(Clone)]
pub struct Request {
    pub path: String,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub traceparent: Option<String>,
    pub body: String,
}

type Seen = Arc<Mutex<Option<Request>>>;

pub struct Mock {
    address: std::net::SocketAddr,
    seen: Seen,
    closed: Arc<Notify>,
}

impl Mock {
    pub async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, closed) = (Seen::default(), Arc::new(Notify::new()));
        let (seen_by_server, closed_by_client) = (seen.clone(), closed.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                if let Some(request) = read_request(&mut socket).await {
                    *seen_by_server.lock().unwrap() = Some(request);
                    answer(&mut socket, &reply).await;
                }
                closed_by_client.notify_one();
            }
        });
        Self {
            address,
            seen,
            closed,
        }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The last request.
    pub fn seen(&self) -> Request {
        self.seen.lock().unwrap().clone().unwrap()
    }

    /// Returns when the server has seen the end of a connection.
    pub async fn wait_closed(&self) {
        let limit = std::time::Duration::from_secs(20);
        tokio::time::timeout(limit, self.closed.notified())
            .await
            .expect("connection left open");
    }
}

async fn read_request(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let header = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim().to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + length {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        path: head.split(' ').nth(1)?.to_owned(),
        authorization: header("authorization"),
        content_type: header("content-type"),
        traceparent: header("traceparent"),
        body: String::from_utf8(bytes[head_end..].to_vec()).ok()?,
    })
}

async fn answer(socket: &mut TcpStream, reply: &Reply) {
    let (Reply::Chunks(chunks) | Reply::Break(chunks) | Reply::Stay(chunks)) = reply else {
        let (status, coding, body) = match reply {
            Reply::Status(status, body) => (*status, "identity", body.as_str()),
            Reply::Coded(coding) => (200, *coding, "{}"),
            _ => return,
        };
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\ncontent-encoding: {coding}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(text.as_bytes()).await.unwrap();
        return;
    };
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\
                content-type: text/event-stream\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    for chunk in chunks {
        let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        if socket.write_all(&bytes).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    match reply {
        Reply::Chunks(_) => socket.write_all(b"0\r\n\r\n").await.unwrap_or(()),
        Reply::Stay(_) => while socket.read_u8().await.is_ok() {},
        _ => {}
    }
}
