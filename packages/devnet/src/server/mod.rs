//! The devnet as a server: what a Secret node's LCD (REST) interface and LocalSecret's faucet
//! answer, over one [`crate::Devnet`].
//!
//! The library below takes plaintext from senders it trusts; this module is the part of a node
//! that does not: it checks signature, sequence, chain id and fee (`ante`, `fee`), opens messages
//! with the network's IO key (`open`), runs them (`execute`), seals answers, logs and errors to
//! their caller (`seal`), keeps accounts and past transactions (`node`), in a file if there shall be
//! one (`store`), and answers: the LCD (`lcd`, `lcd_blocks`, `lcd_modules`, `tx_api`, `tx_find`,
//! `extras`), CometBFT's RPC (`rpc`), gRPC (`grpc`, the same services as `abci_query` of the RPC:
//! `abci`) and the faucet.
//!
//! Deviations from a node, all on purpose: a transaction is executed when it is broadcast, so SYNC
//! answers after the block; blocks come on demand or tick with the wall clock; the IO key comes
//! from a fixed seed, public in this source, so nothing here is secret from anybody. What is not
//! served answers gRPC code 12 (HTTP 501).

mod abci;
mod accounts;
mod address_error;
mod amino;
mod answer;
mod ante;
mod blocks;
mod books;
mod execute;
mod extras;
mod faucet;
mod fee;
mod genesis;
mod grpc;
mod lcd;
mod lcd_blocks;
mod lcd_modules;
mod lookup;
mod message_form;
mod node;
mod open;
mod rpc;
mod seal;
mod search;
mod signature;
mod store;
mod store_read;
mod store_tables;
mod submit;
mod ticking;
mod tx_api;
mod tx_find;
mod tx_json;

pub use accounts::TEST_ACCOUNTS;
pub use store::StateError;

use axum::{extract::DefaultBodyLimit, extract::Request, middleware::Next, response::Response};
use node::{Node, SharedNode};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinHandle};

/// Largest request body: 2 MiB of incompressible wasm in base64, and some.
const MAX_BODY: usize = 4 << 20;

/// How a server runs.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address to listen at.
    pub host: IpAddr,
    /// Port of the LCD; 0 takes a free one.
    pub lcd_port: u16,
    /// Port of the faucet; 0 takes a free one.
    pub faucet_port: u16,
    /// Port of CometBFT's RPC; 0 takes a free one.
    pub rpc_port: u16,
    /// Port of gRPC; 0 takes a free one.
    pub grpc_port: u16,
    /// Chain that transactions must be signed for.
    pub chain_id: String,
    /// Time of the first block, seconds since 1970; a state file keeps its own.
    pub genesis_time: u64,
    /// Real time between two blocks; none makes a block of each transaction, 6 s apart.
    pub block_time: Option<Duration>,
    /// DER of a root whose quotes `dcap_quote_verify` believes besides Intel's.
    pub dcap_development_root: Option<Vec<u8>>,
    /// File that keeps the chain, made if it is missing; in memory only if there is none.
    pub state: Option<PathBuf>,
}

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum ServerError {
    #[error("cannot listen at {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("genesis: {0}")]
    Genesis(String),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("block time is 0 ms, at least 1 is needed")]
    BlockTime,
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where the LCD listens.
    pub lcd: SocketAddr,
    /// Where the faucet listens.
    pub faucet: SocketAddr,
    /// Where CometBFT's RPC listens.
    pub rpc: SocketAddr,
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    tasks: [JoinHandle<std::io::Result<()>>; 4],
}

impl Server {
    /// Makes the chain and begins to listen.
    ///
    /// # Errors
    /// [`ServerError`] when a port is taken or the configuration is unusable.
    pub async fn start(config: ServerConfig) -> Result<Self, ServerError> {
        if config.block_time.is_some_and(|time| time.as_millis() == 0) {
            return Err(ServerError::BlockTime);
        }
        let (lcd_listener, lcd) = listen(config.host, config.lcd_port).await?;
        let (faucet_listener, faucet) = listen(config.host, config.faucet_port).await?;
        let (rpc_listener, rpc) = listen(config.host, config.rpc_port).await?;
        let (grpc_listener, grpc) = listen(config.host, config.grpc_port).await?;
        let node = SharedNode::new(Node::new(&config)?);
        let lcd_router = lcd::router()
            .merge(lcd_blocks::router())
            .merge(lcd_modules::router())
            .merge(tx_api::router())
            .merge(tx_find::router())
            .merge(extras::router())
            .fallback(answer::not_served)
            .method_not_allowed_fallback(answer::other_method)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(axum::middleware::from_fn(allow_browsers))
            .with_state(node.clone());
        let faucet_router = faucet::router()
            .layer(axum::middleware::from_fn(allow_browsers))
            .with_state(node.clone());
        let rpc_router = rpc::router()
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(axum::middleware::from_fn(allow_browsers))
            .with_state(node.clone());
        let grpc_router = grpc::router()
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(node);
        let tasks = [
            tokio::spawn(async move { axum::serve(lcd_listener, lcd_router).await }),
            tokio::spawn(async move { axum::serve(faucet_listener, faucet_router).await }),
            tokio::spawn(async move { axum::serve(rpc_listener, rpc_router).await }),
            tokio::spawn(async move { axum::serve(grpc_listener, grpc_router).await }),
        ];
        Ok(Self {
            lcd,
            faucet,
            rpc,
            grpc,
            tasks,
        })
    }

    /// URL of the LCD.
    pub fn lcd_url(&self) -> String {
        format!("http://{}", self.lcd)
    }

    /// URL of the faucet.
    pub fn faucet_url(&self) -> String {
        format!("http://{}", self.faucet)
    }

    /// URL of CometBFT's RPC.
    pub fn rpc_url(&self) -> String {
        format!("http://{}", self.rpc)
    }

    /// URL of gRPC.
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn listen(host: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), ServerError> {
    let address = SocketAddr::new(host, port);
    let failed = |source| ServerError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Lets web pages of any origin ask, as LocalSecret's proxy does.
async fn allow_browsers(request: Request, next: Next) -> Response {
    use axum::http::{header, HeaderValue, Method};
    let mut response = match *request.method() {
        Method::OPTIONS => Response::default(),
        _ => next.run(request).await,
    };
    let any = HeaderValue::from_static("*");
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
    ] {
        response.headers_mut().insert(name, any.clone());
    }
    response
}
