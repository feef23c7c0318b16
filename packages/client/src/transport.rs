//! The way to one worker: over TLS with its attested key, sealed to its attested key, or both.

mod reply;

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Method, Url};
use secret_ai_e2ee::{seal, E2eeError, Recipient, RequestHead, PATH, REQUEST_TYPE};
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_receipts::Domain;
use secret_ai_tls::{by_authorities, pinned};

use crate::error::{ClientError, Result};

pub use reply::Reply;

/// What a way to a worker must be like.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Seal requests and answers to the worker's attested key.
    pub e2ee: bool,
    /// Also take plain HTTP to other machines.
    pub allow_http: bool,
}

/// A request: path with query, headers in small letters, body.
pub struct Asked<'a> {
    pub method: Method,
    pub path: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The way to one boot of a worker.
pub struct Transport {
    http: reqwest::Client,
    base: String,
    sealed: Option<Sealed>,
}

struct Sealed {
    recipient: Recipient,
    e2ee_pk: [u8; 32],
}

impl Transport {
    /// The way to a worker as the registry has it now; after the worker's next start it leads nowhere
    /// ([`ClientError::OtherBoot`]), and the registry has to be asked again.
    ///
    /// # Errors
    /// There is no way that is safe enough.
    pub fn new(worker: &WorkerAnswer, domain: &Domain, policy: Policy) -> Result<Self> {
        let base = worker.listing.url.trim_end_matches('/').to_owned();
        let url = Url::parse(&base).map_err(|_| refused("is no URL"))?;
        let pin = worker.tls_spki_sha256.0;
        let tls = match url.scheme() {
            "https" if pin != [0; 32] => pinned(pin),
            "https" if policy.e2ee => by_authorities(),
            "https" => {
                return Err(refused(
                    "the worker has no TLS key that is attested; end-to-end encryption is needed",
                ))
            }
            "http" if is_loopback(&url) || policy.allow_http => by_authorities(),
            "http" => return Err(refused(
                "http:// is for this machine only; allow_http in the configuration takes it anyway",
            )),
            _ => return Err(refused("must begin with https:// or http://")),
        };
        let tls = tls.map_err(|_| refused("TLS cannot be set up"))?;
        // The registry names one address; whoever answers there does not send questions elsewhere.
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let sealed = policy.e2ee.then(|| Sealed {
            recipient: Recipient {
                chain_id: domain.chain_id.clone(),
                billing: domain.billing.clone(),
                worker_id: worker.worker_id.0,
                kid: worker.kid.0,
            },
            e2ee_pk: worker.e2ee_pk.0,
        });
        Ok(Transport {
            http: http.map_err(unreachable)?,
            base,
            sealed,
        })
    }

    /// Sends a request; the answer's head is there, its body comes.
    ///
    /// # Errors
    /// The worker cannot be reached, or does not have the keys that the registry attested.
    pub async fn send(&self, asked: Asked<'_>) -> Result<Reply> {
        let Some(sealed) = &self.sealed else {
            let url = format!("{}{}", self.base, asked.path);
            let request = self.http.request(asked.method, url);
            let request = asked
                .headers
                .into_iter()
                .fold(request, |request, (name, value)| {
                    request.header(name, value)
                });
            let response = request.body(asked.body).send().await;
            return Ok(Reply::plain(response.map_err(unreachable)?));
        };
        let head = RequestHead {
            method: asked.method.to_string(),
            path: asked.path.to_owned(),
            time: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            headers: asked.headers,
        };
        let (bytes, key) = seal(&sealed.recipient, &sealed.e2ee_pk, &head, &asked.body)
            .map_err(|error| ClientError::input("request", error.to_string()))?;
        let request = self
            .http
            .post(format!("{}{PATH}", self.base))
            .header("content-type", REQUEST_TYPE);
        let response = request.body(bytes).send().await.map_err(unreachable)?;
        Reply::sealed(response, key).await
    }
}

/// This machine, by address or by the one name that stands for it.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: std::result::Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn refused(problem: &str) -> ClientError {
    ClientError::input("worker's url", problem)
}

/// What the HTTP client says, without addresses.
pub(crate) fn unreachable(error: reqwest::Error) -> ClientError {
    if is_other_key(&error) {
        return ClientError::OtherBoot;
    }
    let is_connect = error.is_connect();
    let problem = error.without_url().to_string();
    match is_connect {
        true => ClientError::Unreachable { problem },
        false => ClientError::BrokeOff { problem },
    }
}

/// Whether the handshake showed another key than the one that is pinned. Libraries wrap each other's
/// errors in those of input and output, which hide what is inside from `source`.
fn is_other_key(error: &(dyn std::error::Error + 'static)) -> bool {
    let pinned =
        rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure);
    if error.downcast_ref() == Some(&pinned) {
        return true;
    }
    let wrapped = error.downcast_ref::<std::io::Error>();
    match wrapped.and_then(|error| error.get_ref()) {
        Some(inner) => is_other_key(inner),
        None => error.source().is_some_and(is_other_key),
    }
}

/// What sealing or opening says of an answer.
pub(crate) fn not_opened(error: E2eeError) -> ClientError {
    ClientError::verification(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let is = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://127.9.9.9:80/x",
            "http://[::1]:8",
        ] {
            assert!(is(url), "{url}");
        }
        for url in [
            "http://worker.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://localhost@worker.example",
        ] {
            assert!(!is(url), "{url}");
        }
    }
}
