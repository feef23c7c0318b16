//! TLS that ends in the agent, and clients that trust the registry's word about its key alone.

mod common;
mod sealed;

use std::path::Path;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use common::ways::OPENAI;
use common::{domain, Setup, Worker};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::ServerConfig;
use sealed::{asked, kind, row, way, SEALED, TLS_ALONE};
use secret_ai_client::transport::{Policy, Transport};
use secret_ai_receipts::sha256;
use secret_ai_tls::pinned;
use secret_ai_worker_agent::routes::router;
use secret_ai_worker_agent::server::Server;
use secret_ai_worker_agent::tls::TlsConfig;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const URL: &str = "https://127.0.0.1:8443";

/// Serves the worker with this TLS, too; where.
async fn serve(worker: &Worker, tls: Arc<ServerConfig>) -> String {
    let config = secret_ai_worker_agent::server::ServerConfig::default();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), config);
    let server = server.await.unwrap();
    let url = format!("https://{}", server.local_addr().unwrap());
    let acceptor = Some(TlsAcceptor::from(tls));
    let close = worker.close.clone();
    tokio::spawn(server.serve(router(worker.agent.clone()), acceptor, close));
    url
}

/// What comes of a question asked this way.
async fn ask(worker: &Worker, url: &str, pin: [u8; 32], policy: Policy) -> &'static str {
    way(worker).await;
    let row = row(worker, url, pin).await;
    let way = match Transport::new(&row, &domain(), policy) {
        Ok(way) => way,
        refused => return kind(refused),
    };
    match way.send(asked(OPENAI.path, &OPENAI.plain("hi"))).await {
        Ok(reply) => {
            assert_eq!(reply.status, 200);
            let body = String::from_utf8(reply.read(1 << 20).await.unwrap()).unwrap();
            assert!(body.contains("Hello world"));
            "answered"
        }
        refused => kind(refused),
    }
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
}

/// A certificate and its key as an operator keeps them.
fn keep(folder: &Path) -> (TlsConfig, [u8; 32]) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["worker.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let (cert_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert_file, pem("CERTIFICATE", certificate.der())).unwrap();
    std::fs::write(&key_file, pem("PRIVATE KEY", key.serialized_der())).unwrap();
    let config = TlsConfig::Files {
        cert_file,
        key_file,
    };
    (config, sha256(&key.subject_public_key_info()))
}

#[tokio::test]
async fn the_attested_key_is_enough_and_needed() {
    let worker = Setup::default().start().await;
    let transport = TlsConfig::Attested {}.open(URL).unwrap();
    let url = serve(&worker, transport.server.unwrap()).await;
    let pin = transport.spki_sha256;
    assert_eq!(ask(&worker, &url, pin, TLS_ALONE).await, "answered");
    assert_eq!(ask(&worker, &url, pin, SEALED).await, "answered");
    let before = worker.engine.started();
    for policy in [TLS_ALONE, SEALED] {
        assert_eq!(ask(&worker, &url, [7; 32], policy).await, "other boot");
    }
    // No key is attested: nothing without a seal, and nothing that no authority vouches for.
    assert_eq!(ask(&worker, &url, [0; 32], TLS_ALONE).await, "input");
    assert_eq!(ask(&worker, &url, [0; 32], SEALED).await, "unreachable");
    assert_eq!(worker.engine.started(), before);
}

#[tokio::test]
async fn the_certificate_without_its_key_is_worth_nothing() {
    let worker = Setup::default().start().await;
    let folder = TempDir::new().unwrap();
    let (TlsConfig::Files { cert_file, .. }, pin) = keep(folder.path()) else {
        unreachable!()
    };
    let certificate = CertificateDer::from_pem_file(cert_file).unwrap();
    let other = KeyPair::generate().unwrap();
    let other = PrivateKeyDer::try_from(other.serialize_der()).unwrap();
    let provider = ring::default_provider();
    let other = provider.key_provider.load_private_key(other).unwrap();
    let stolen = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], other));
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(stolen));
    let url = serve(&worker, Arc::new(config)).await;
    assert_eq!(ask(&worker, &url, pin, TLS_ALONE).await, "unreachable");
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn plain_http_is_for_this_machine() {
    let worker = Setup::default().start().await;
    let url = worker.url.clone();
    assert_eq!(ask(&worker, &url, [0; 32], TLS_ALONE).await, "answered");
    let elsewhere = "http://worker.example";
    for policy in [TLS_ALONE, SEALED] {
        let row = row(&worker, elsewhere, [0; 32]).await;
        assert_eq!(kind(Transport::new(&row, &domain(), policy)), "input");
        let policy = Policy {
            allow_http: true,
            ..policy
        };
        assert!(Transport::new(&row, &domain(), policy).is_ok());
    }
    let row = row(&worker, "ftp://127.0.0.1", [0; 32]).await;
    assert_eq!(kind(Transport::new(&row, &domain(), SEALED)), "input");
}

#[tokio::test]
async fn an_operators_certificate_is_bound_by_its_key() {
    let worker = Setup::default().start().await;
    let folder = TempDir::new().unwrap();
    let (config, pin) = keep(folder.path());
    let transport = config.open("https://worker.example").unwrap();
    assert_eq!(transport.spki_sha256, pin);
    let url = serve(&worker, transport.server.unwrap()).await;
    assert_eq!(ask(&worker, &url, pin, TLS_ALONE).await, "answered");
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = TempDir::new().unwrap();
    let other = TempDir::new().unwrap();
    let (good, _) = keep(folder.path());
    keep(other.path());
    let TlsConfig::Files { cert_file, .. } = good else {
        unreachable!()
    };
    let problem = |cert: &Path, key: &Path| {
        let (cert_file, key_file) = (cert.to_owned(), key.to_owned());
        let config = TlsConfig::Files {
            cert_file,
            key_file,
        };
        config.open(URL).err().expect("must be refused").to_string()
    };
    let (own_key, other_key) = (folder.path().join("key.pem"), other.path().join("key.pem"));
    assert!(problem(&cert_file, &other_key).contains("tls: "));
    assert!(problem(&folder.path().join("none"), &own_key).contains("tls.cert_file"));
    assert!(problem(&own_key, &own_key).contains("tls.cert_file"));
    assert!(problem(&cert_file, &folder.path().join("none")).contains("tls.key_file"));
    assert!(problem(&cert_file, &cert_file).contains("tls.key_file"));
}

/// The protocols of a handshake: TLS version and what is spoken inside.
async fn handshake(url: &str, config: rustls::ClientConfig) -> Option<(String, Option<Vec<u8>>)> {
    let address = url.strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .ok()?;
    let (_, connection) = stream.get_ref();
    let version = format!("{:?}", connection.protocol_version()?);
    Some((version, connection.alpn_protocol().map(<[u8]>::to_vec)))
}

#[tokio::test]
async fn only_the_newest_tls_is_spoken() {
    let worker = Setup::default().start().await;
    let transport = TlsConfig::Attested {}.open(URL).unwrap();
    let url = serve(&worker, transport.server.unwrap()).await;
    let config = pinned(transport.spki_sha256).unwrap();
    let spoken = ("TLSv1_3".to_owned(), Some(b"http/1.1".to_vec()));
    assert_eq!(handshake(&url, config).await, Some(spoken));
    let old = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    assert_eq!(handshake(&url, old).await, None);
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let worker = Setup::default().start().await;
    let transport = TlsConfig::Attested {}.open(URL).unwrap();
    let url = serve(&worker, transport.server.unwrap()).await;
    let address = url.strip_prefix("https://").unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let pin = transport.spki_sha256;
    assert_eq!(ask(&worker, &url, pin, TLS_ALONE).await, "answered");
}
