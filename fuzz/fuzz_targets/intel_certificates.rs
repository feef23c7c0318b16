//! X.509 certificates, in every role that Intel's hierarchy has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::fuzzing::{certificate, intel_certificate};
use secret_ai_attestation::{certificate_origin, TrustRoot};

fuzz_target!(|data: &[u8]| {
    certificate(data);
    let roles = intel_certificate(data);
    assert!(roles > 0 || certificate_origin(data).is_err());
    let _ = TrustRoot::from_der(data);
});
