//! Policy files.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use secret_ai_evidence::Policy;

/// No such folder, so that a policy's golden sets are read from no file.
const FOLDER: &str = "/nonexistent";

fuzz_target!(|text: &str| {
    // An absolute name would lead out of the folder.
    if !text.contains('/') {
        let _ = Policy::parse(text, Path::new(FOLDER));
    }
});
