//! HTTP as the tests and the demo speak it: to this machine.

/// A client that goes nowhere but where it is told.
///
/// # Errors
/// It cannot be made.
pub fn client() -> reqwest::Result<reqwest::Client> {
    builder().build()
}

/// The same, but it takes any certificate: to see whether somebody serves, and no more.
///
/// # Errors
/// It cannot be made.
pub fn trusting_client() -> reqwest::Result<reqwest::Client> {
    builder().tls_danger_accept_invalid_certs(true).build()
}

fn builder() -> reqwest::ClientBuilder {
    // reqwest comes without cryptography of its own; whoever has chosen one before keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}
