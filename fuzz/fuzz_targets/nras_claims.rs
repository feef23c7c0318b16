//! Claims of NRAS tokens behind their signature and digests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::fuzzing::nras_claims;

fuzz_target!(|data: &[u8]| {
    nras_claims(data, data);
});
