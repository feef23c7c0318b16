//! TLS that ends inside the TEE, with a key that the attestation binds.
//!
//! Its public half goes into the registration as SHA-256 of the SubjectPublicKeyInfo, so clients need
//! no certification authority: whoever completes a handshake with that key is the attested worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::Uri;
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ParsedCertificate;
use rustls::version::TLS13;
use rustls::ServerConfig;
use secret_ai_interface::Hex;
use secret_ai_receipts::sha256;
use serde::Deserialize;
use snafu::{ResultExt, Snafu};

/// What is spoken inside TLS (RFC 7301).
const HTTP_1_1: &[u8] = b"http/1.1";

/// Who ends TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TlsConfig {
    /// The agent, with a fresh P-256 key of every boot that exists in memory only. The default for an
    /// https:// `public_url`. Clients that know the registry accept it, others do not.
    Attested {},
    /// The agent, with a key that is kept inside the TEE and a certificate that browsers and other
    /// programs accept. Both are read at start: to change them, start again, which registers anew.
    Files {
        /// PEM, the worker's certificate first.
        cert_file: PathBuf,
        /// PEM: PKCS #8, SEC 1 or PKCS #1.
        key_file: PathBuf,
    },
    /// A proxy before the agent, which serves plain HTTP.
    Proxy {
        /// SHA-256 of the SubjectPublicKeyInfo of the proxy's key, 64 hex digits, if the proxy is part
        /// of the attested image. Absent, no TLS key is bound, and clients have to use end-to-end
        /// encryption.
        spki_sha256: Option<Hex<32>>,
    },
    /// Nobody: plain HTTP. The default for an http:// `public_url`, for development.
    Off {},
}

/// TLS cannot be set up.
#[derive(Debug, Snafu)]
pub enum TlsError {
    #[snafu(display("public_url: has no host that a certificate could name"))]
    Host,
    #[snafu(display("tls.attested: {source}"))]
    Make { source: rcgen::Error },
    #[snafu(display("tls.{field} {}: {source}", path.display()))]
    Pem {
        field: &'static str,
        path: PathBuf,
        source: rustls::pki_types::pem::Error,
    },
    #[snafu(display("tls.cert_file {}: has no certificate", path.display()))]
    NoCertificate { path: PathBuf },
    #[snafu(display("tls: {source}"))]
    Rustls { source: rustls::Error },
}

/// How the agent is reached.
pub struct Transport {
    /// What ends TLS; `None` for plain HTTP.
    pub server: Option<Arc<ServerConfig>>,
    /// What the registration says of the TLS key; zeros if there is none inside the TEE.
    pub spki_sha256: [u8; 32],
}

impl TlsConfig {
    /// What is done if nothing is said.
    pub fn usual(public_url: &str) -> Self {
        match public_url.starts_with("https://") {
            true => TlsConfig::Attested {},
            false => TlsConfig::Off {},
        }
    }

    /// Whether it goes together with the address that clients are told.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, public_url: &str) -> Result<(), &'static str> {
        let is_https = public_url.starts_with("https://");
        match self {
            TlsConfig::Off {} if is_https => {
                Err("off, but public_url is https://; a proxy that ends TLS is mode \"proxy\"")
            }
            TlsConfig::Off {} => Ok(()),
            _ if !is_https => Err("needs a public_url that begins with https://"),
            TlsConfig::Attested {} => host(public_url).map(|_| ()).ok_or("public_url has no host"),
            TlsConfig::Files { .. } | TlsConfig::Proxy { .. } => Ok(()),
        }
    }

    /// What clients have to do without.
    pub fn warning(&self) -> Option<&'static str> {
        let is_bound = match self {
            TlsConfig::Attested {} | TlsConfig::Files { .. } => true,
            TlsConfig::Proxy { spki_sha256 } => spki_sha256.is_some(),
            TlsConfig::Off {} => false,
        };
        (!is_bound).then_some("tls: no TLS key is bound to the attestation")
    }

    /// Makes or reads the key.
    ///
    /// # Errors
    /// [`TlsError`] naming the field.
    pub fn open(&self, public_url: &str) -> Result<Transport, TlsError> {
        match self {
            TlsConfig::Attested {} => attested(&host(public_url).ok_or(TlsError::Host)?),
            TlsConfig::Files {
                cert_file,
                key_file,
            } => files(cert_file, key_file),
            TlsConfig::Proxy { spki_sha256 } => Ok(Transport {
                server: None,
                spki_sha256: spki_sha256.map_or([0; 32], |hash| hash.0),
            }),
            TlsConfig::Off {} => Ok(Transport {
                server: None,
                spki_sha256: [0; 32],
            }),
        }
    }
}

/// The name or address in a URL; an IPv6 address without its brackets.
fn host(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| host.to_owned())
}

/// A key of this boot, with a certificate of its own for `host`.
fn attested(host: &str) -> Result<Transport, TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context(MakeSnafu)?;
    let mut params = CertificateParams::new([host.to_owned()]).context(MakeSnafu)?;
    params.distinguished_name.push(DnType::CommonName, host);
    let certificate = params.self_signed(&key).context(MakeSnafu)?;
    let spki_sha256 = sha256(&key.subject_public_key_info());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok(Transport {
        server: Some(server(vec![certificate.der().clone()], key.into())?),
        spki_sha256,
    })
}

/// A key and a certificate that the operator keeps.
///
/// # Errors
/// [`TlsError`] naming the field.
pub(crate) fn files(cert_file: &Path, key_file: &Path) -> Result<Transport, TlsError> {
    let certificates = CertificateDer::pem_file_iter(cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .context(PemSnafu {
            field: "cert_file",
            path: cert_file,
        })?;
    let key = PrivateKeyDer::from_pem_file(key_file).context(PemSnafu {
        field: "key_file",
        path: key_file,
    })?;
    let Some(first) = certificates.first() else {
        return NoCertificateSnafu { path: cert_file }.fail();
    };
    let parsed = ParsedCertificate::try_from(first).context(RustlsSnafu)?;
    let spki_sha256 = sha256(&parsed.subject_public_key_info());
    Ok(Transport {
        server: Some(server(certificates, key)?),
        spki_sha256,
    })
}

/// TLS 1.3 alone: every client of this API speaks it, and it has no weak choices. Refuses a key that
/// is not the certificate's.
fn server(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .context(RustlsSnafu)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .context(RustlsSnafu)?;
    config.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        let told = |url| host(url).unwrap_or_default();
        assert_eq!(told("https://worker.example"), "worker.example");
        assert_eq!(told("https://worker.example:8443/x"), "worker.example");
        assert_eq!(told("https://127.0.0.1:8443"), "127.0.0.1");
        assert_eq!(told("https://[::1]:8443"), "::1");
        assert_eq!(told("https://"), "");
        assert_eq!(told("https://a b"), "");
    }

    #[test]
    fn the_mode_must_fit_the_address() {
        let (https, http) = ("https://worker.example", "http://worker.example");
        let proxy = TlsConfig::Proxy { spki_sha256: None };
        for (config, good, bad) in [
            (TlsConfig::Attested {}, https, http),
            (proxy, https, http),
            (TlsConfig::Off {}, http, https),
        ] {
            assert!(config.check(good).is_ok() && config.check(bad).is_err());
        }
        assert!(TlsConfig::Attested {}.check("https://").is_err());
        assert_eq!(TlsConfig::usual(https), TlsConfig::Attested {});
        assert_eq!(TlsConfig::usual(http), TlsConfig::Off {});
    }

    #[test]
    fn only_a_key_inside_the_tee_is_bound() {
        let proxy = |spki_sha256| TlsConfig::Proxy { spki_sha256 };
        let bound = |config: TlsConfig| {
            let transport = config.open("https://worker.example").unwrap();
            assert_eq!(config.warning().is_none(), transport.spki_sha256 != [0; 32]);
            (transport.server.is_some(), transport.spki_sha256)
        };
        assert_eq!(bound(TlsConfig::Off {}), (false, [0; 32]));
        assert_eq!(bound(proxy(None)), (false, [0; 32]));
        assert_eq!(bound(proxy(Some(Hex([5; 32])))), (false, [5; 32]));
        let (first, second) = (bound(TlsConfig::Attested {}), bound(TlsConfig::Attested {}));
        assert!(first.0 && second.0 && first.1 != second.1);
    }
}
