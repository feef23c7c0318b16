//! TCB info and QE identity behind their signatures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::fuzzing::{qe_identity, tcb_info, times};

fuzz_target!(|data: &[u8]| {
    tcb_info(data);
    qe_identity(data);
    assert!(times(data) <= 1, "a text has two forms of time");
});
