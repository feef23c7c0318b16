//! A server with prepared answers for paths, which notes what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Answers by method and path; `POST` ones with a model by method, path and model.
type Answers = Arc<Mutex<BTreeMap<String, (u16, String)>>>;

pub struct Routes {
    address: SocketAddr,
    answers: Answers,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Routes {
    /// Serves `answers` with status 200, and 404 for everything else.
    pub async fn start(answers: &[(&str, Value)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let routes = Self {
            address: listener.local_addr().unwrap(),
            answers: Answers::default(),
            asked: Arc::default(),
        };
        for (route, body) in answers {
            routes.set(route, 200, body);
        }
        let (answers, asked) = (routes.answers.clone(), routes.asked.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, answers.clone(), asked.clone()));
            }
        });
        routes
    }

    pub fn set(&self, route: &str, status: u16, body: &Value) {
        let answer = (status, body.to_string());
        self.answers
            .lock()
            .unwrap()
            .insert(route.to_owned(), answer);
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it was asked since the last look, in order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn serve(socket: TcpStream, answers: Answers, asked: Arc<Mutex<Vec<String>>>) {
    let mut socket = BufReader::new(socket);
    while let Some(route) = read_request(&mut socket).await {
        let answer = answers.lock().unwrap().get(&route).cloned();
        asked.lock().unwrap().push(route);
        let (status, body) = answer.unwrap_or((404, String::new()));
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
        if socket.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Method, path and, if the body has one, its model.
async fn read_request(socket: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut length) = (String::new(), 0);
    socket.read_line(&mut first).await.ok()?;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.ok()?;
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    let mut words = first.split_whitespace();
    let route = format!("{} {}", words.next()?, words.next()?);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Some(match body["model"].as_str() {
        Some(model) => format!("{route} {model}"),
        None => route,
    })
}
