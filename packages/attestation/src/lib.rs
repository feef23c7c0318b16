//! Whether evidence from a trusted execution environment is genuine, acceptable and bound to a worker.
//!
//! Pure functions over bytes and a time in Unix seconds: no I/O, no clock, no randomness, no floating
//! point, so the same code runs in a contract's wasm, in the client's gateway and in tools. Three
//! questions are kept apart:
//!
//! * **Genuine?** [`verify_collateral`] checks once what Intel publishes about a kind of platform and
//!   leaves a small [`Collateral`]; [`verify_tdx_quote`] checks a quote against it, or
//!   [`verify_tdx_quote_with`] for less if the platform's certificate is known ([`verify_pck`]).
//! * **Acceptable?** [`check_policy`] judges patch level and advisories; [`image_id`] and
//!   [`workload_digest`] name what runs, for the caller's lists.
//! * **Bound?** [`check_report_data`] compares the report data with the digest of one worker's keys,
//!   operator, registry, chain and challenge.
//!
//! Every refusal is an [`Error`] with a stable [`Error::code`]. Nothing here panics on any input, and
//! all work is linear in it.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod binding;
mod bytes;
mod certificate;
mod collateral;
mod collateral_codec;
mod collateral_verify;
mod compact;
mod crl;
mod crypto;
pub mod dcap;
mod der;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod gpu;
mod intel_json;
mod measurement;
pub mod nras;
mod pck;
mod pem;
mod policy;
mod quote;
mod report_data;
mod root;
pub mod snp;
mod stored;
mod tcb;
mod tcb_match;
mod tdx;
#[cfg(test)]
mod tests;
mod time;
#[cfg(feature = "tools")]
pub mod tools;
mod workload;
mod x509;

pub use binding::{
    check_report_data, device_set_digest, gpu_nonce, heartbeat_digest, registration_digest,
    report_data, worker_digest, Device, DeviceKind, Registration,
};
pub use certificate::Serial;
pub use collateral::{
    Collateral, Dates, ModuleSigner, Origin, PckCa, PckCaKind, QeIdentity, RawCollateral, TcbLevel,
    TdxModule,
};
pub use collateral_verify::verify_collateral;
pub use compact::{compact, compact_known, expand, without_padding};
pub use error::{Error, Item};
pub use measurement::{image_id, image_id_of};
pub use pck::{certificate_origin, verify_pck, Pck};
pub use policy::{check_policy, TdxPolicy};
pub use report_data::{recognise_report_data, Candidates, ReportDataForm};
pub use root::{TrustRoot, INTEL_FINGERPRINT};
pub use tcb::{Advisory, TcbStatus, Verdict};
pub use tdx::{
    check_tdx_quote, quote_certificate, verify_tdx_quote, verify_tdx_quote_and_pck,
    verify_tdx_quote_with, QuoteCertificate, VerifiedTdx,
};
pub use workload::{
    dstack_event_digest, expected_rtmr3, replay_rtmr, rtmr3_attest_tool, workload_digest, Workload,
};
