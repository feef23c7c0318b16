//! PEM chains as quotes and collateral files carry them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    secret_ai_attestation::fuzzing::pem(data);
});
