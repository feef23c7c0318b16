//! The HTTP server: one runtime for each core, all accepting from one listener, so that a request and
//! its engine's connection stay on one thread.
//!
//! Everything that a client could hold open has a limit: connections (more wait in the listener's queue),
//! the time for a request's head, and the time for which it takes nothing of an answer.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::Router;
use futures_util::future::poll_fn;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{copy, sink, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, OwnedSemaphorePermit, Semaphore};
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::patience::Patient;

/// How long to wait when a connection cannot be accepted, such as for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A thread always has a timer that is at most this far away. A thread that gets one earlier than all
/// others wakes itself up, which would cost two system calls for every request.
const TICK: Duration = Duration::from_secs(1);
/// How long a client may go on sending after all was said.
const LINGER: Duration = Duration::from_secs(1);
/// Most bytes of that.
const MAX_REST: u64 = 32 << 20;
/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// `[server]`: how requests are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Threads that serve requests; 0 (the default) for one for each core.
    pub threads: usize,
    /// Connections that are open at once; more wait until one is closed. Default 10,000.
    pub max_connections: usize,
    /// Seconds that a client may take to send the head of a request, or keep a connection without
    /// one. Default 75.
    pub head_timeout_s: u64,
    /// Seconds after which a client that takes nothing of its answer has gone away. Default 60.
    pub stall_timeout_s: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            threads: 0,
            max_connections: 10_000,
            head_timeout_s: 75,
            stall_timeout_s: 60,
        }
    }
}

impl ServerConfig {
    fn threads(&self) -> usize {
        match self.threads {
            0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
            threads => threads,
        }
    }
}

/// A server that listens and does not serve yet.
pub struct Server {
    listener: std::net::TcpListener,
    config: ServerConfig,
}

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    /// If that is not possible.
    pub async fn bind(address: SocketAddr, config: ServerConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?.into_std()?;
        Ok(Server { listener, config })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `close`, then what is in progress. Handlers find the client's address in
    /// [`ConnectInfo`]. Dropped, it stops at once.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub async fn serve(
        self,
        router: Router,
        tls: Option<TlsAcceptor>,
        close: CancellationToken,
    ) -> io::Result<()> {
        let limit = self.config.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let gate = Gate {
            router,
            tls,
            config: self.config,
            places: Arc::new(Semaphore::new(limit)),
            close,
        };
        let kill = CancellationToken::new();
        let _guard = kill.clone().drop_guard();
        let mut ended = Vec::new();
        for number in 0..self.config.threads() {
            let (done, end) = oneshot::channel::<()>();
            let (listener, gate, kill) = (self.listener.try_clone()?, gate.clone(), kill.clone());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            thread::Builder::new()
                .name(format!("serve-{number}"))
                .spawn(move || {
                    let served = runtime.block_on(async {
                        tokio::select! {
                            served = gate.accept_all(listener) => served,
                            () = tick() => Ok(()),
                            () = kill.cancelled() => Ok(()),
                        }
                    });
                    if let Err(error) = served {
                        tracing::error!(%error, "a thread cannot serve");
                    }
                    drop(done);
                })?;
            ended.push(end);
        }
        // Once the threads have closed theirs, nobody can connect any more.
        drop(self.listener);
        for end in ended {
            // Nothing is ever sent: a thread drops its end when it has ended.
            let _ = end.await;
        }
        Ok(())
    }
}

/// Never ends.
async fn tick() {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
    }
}

/// What every thread needs.
#[derive(Clone)]
struct Gate {
    router: Router,
    tls: Option<TlsAcceptor>,
    config: ServerConfig,
    /// One for each connection that may be open.
    places: Arc<Semaphore>,
    close: CancellationToken,
}

impl Gate {
    async fn accept_all(&self, listener: std::net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let connections = TaskTracker::new();
        loop {
            let next = async {
                let place = self.places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = self.close.cancelled() => break,
                next = next => next,
            };
            match (place, accepted) {
                (Ok(place), Ok((socket, peer))) => {
                    connections.spawn(self.clone().welcome(socket, peer, place));
                    // The other threads take the next one, if they have less to do.
                    tokio::task::yield_now().await;
                }
                (_, Err(error)) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
                (Err(_), _) => break,
            }
        }
        drop(listener);
        connections.close();
        connections.wait().await;
        Ok(())
    }

    async fn welcome(self, socket: TcpStream, peer: SocketAddr, _place: OwnedSemaphorePermit) {
        // Pieces of a stream leave as they come.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        let Some(tls) = &self.tls else {
            return self.converse(socket, peer).await;
        };
        // A client that cannot agree on keys is told so by TLS itself.
        if let Ok(Ok(socket)) = timeout(HANDSHAKE, tls.accept(socket)).await {
            self.converse(socket, peer).await;
        }
    }

    async fn converse<S>(self, socket: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stall = Duration::from_secs(self.config.stall_timeout_s);
        let io = TokioIo::new(Patient::new(socket, stall));
        let router = self.router;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request)
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(self.config.head_timeout_s))
            .serve_connection(io, service);
        let ended = tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
            () = self.close.cancelled() => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        match ended {
            Ok(()) => linger(connection.into_parts().io.into_inner()).await,
            Err(error) => tracing::debug!(%error, "a connection broke off"),
        }
    }
}

/// Closes a connection whose client may still be sending what nobody wants. What lies unread when a socket is
/// closed makes the system reset the connection, and the client may lose its answer.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S) {
    if socket.shutdown().await.is_ok() {
        let mut rest = socket.take(MAX_REST);
        // Whatever comes of it, the answer is out.
        let _ = timeout(LINGER, copy(&mut rest, &mut sink())).await;
    }
}
