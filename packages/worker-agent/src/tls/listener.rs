//! Connections, after their TLS handshake if there is one.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once; further connections wait with the operating system.
const HANDSHAKES: usize = 256;

/// Bytes to and from a client.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

type Accepted = (Pin<Box<dyn Connection>>, SocketAddr);

/// Accepts connections for [`axum::serve`]. A slow handshake keeps nobody else waiting.
pub struct Listener {
    accepted: mpsc::Receiver<Accepted>,
    address: io::Result<SocketAddr>,
    accepting: AbortHandle,
}

impl Listener {
    /// Accepts at `listener`, with TLS if there is a configuration.
    pub fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        let (sender, accepted) = mpsc::channel(1);
        let address = listener.local_addr();
        let accepting = tokio::spawn(accept(listener, tls.map(TlsAcceptor::from), sender));
        Listener {
            accepted,
            address,
            accepting: accepting.abort_handle(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl axum::serve::Listener for Listener {
    type Io = Pin<Box<dyn Connection>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // Whoever accepts ends only with this listener.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.address {
            Ok(address) => Ok(*address),
            Err(error) => Err(error.kind().into()),
        }
    }
}

async fn accept(
    mut listener: TcpListener,
    tls: Option<TlsAcceptor>,
    sender: mpsc::Sender<Accepted>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        // Logs and tries again by itself.
        let (stream, peer) = axum::serve::Listener::accept(&mut listener).await;
        let (tls, sender) = (tls.clone(), sender.clone());
        tokio::spawn(async move {
            if let Some(connection) = shake_hands(stream, tls).await {
                // Fails only if nobody serves any more.
                let _ = sender.send((connection, peer)).await;
            }
            drop(place);
        });
    }
}

async fn shake_hands(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
) -> Option<Pin<Box<dyn Connection>>> {
    // Pieces of an answer are small and must not wait for each other.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return Some(Box::pin(stream));
    };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::pin(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}
