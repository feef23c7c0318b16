//! An HTTP gateway that does nothing: hyper on both sides, bodies as they come. What an HTTP library costs
//! without any of the agent's work.

use std::io;
use std::net::SocketAddr;

use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

type Pool = Client<HttpConnector, Incoming>;

/// Serves until it is killed.
pub async fn serve(listener: TcpListener, upstream: SocketAddr) -> io::Result<()> {
    let authority: Authority = upstream
        .to_string()
        .parse()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool: Pool = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (pool, authority) = (pool.clone(), authority.clone());
        let service = service_fn(move |request| pass(pool.clone(), authority.clone(), request));
        // A client that goes away ends its connection, nothing else.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn pass(
    pool: Pool,
    authority: Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Error> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or(PathAndQuery::from_static("/"));
    let mut parts = hyper::http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = Some(path);
    // All three parts are there, which is all that an address needs.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    request.headers_mut().remove(HOST);
    pool.request(request).await
}
