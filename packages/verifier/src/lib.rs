//! What `secret-ai evidence verify` does, for programs that cannot run it: browsers. The same code judges,
//! over the same kinds of files; nothing is fetched, and the time is an argument, so that one request has
//! one answer.
//!
//! [`run`] takes a request and gives an answer, both JSON:
//!
//! ```text
//! {"time": unix seconds, "files": [{"name", "text"}], "policy": {…}, "roots": {"intel", "amd", "nvidia"},
//!  "without_crl": bool, "rootfs": hex}
//! {"report": {…}}  or  {"error": "…"} if there was nothing that could be judged
//! ```
//!
//! `policy` is the CLI's policy file, with golden sets in hex. Only `time` and `files` must be there. `roots`
//! are base64 of DER and stand in for the vendors'; no check is skipped for any root.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod exports;
mod request;

use secret_ai_evidence::{verify, File, Options, Report};
use serde::Serialize;

use request::{Request, RootBytes};

/// What comes back.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Report(Box<Report>),
    Error(String),
}

/// Verifies what a request names. Bad evidence is no error: the report says so.
pub fn run(request: &[u8]) -> Vec<u8> {
    let answer = match judge(request) {
        Ok(report) => Answer::Report(Box::new(report)),
        Err(problem) => Answer::Error(problem),
    };
    // Reports are maps with text keys: they can always be written.
    serde_json::to_vec(&answer).unwrap_or_default()
}

fn judge(request: &[u8]) -> Result<Report, String> {
    let request = Request::parse(request)?;
    let roots = RootBytes::decode(&request.roots)?;
    let policy = request.policy()?;
    let files: Vec<File<'_>> = request
        .files
        .iter()
        .map(|file| File {
            name: &file.name,
            bytes: file.text.as_bytes(),
        })
        .collect();
    let options = Options {
        now: request.time,
        roots: roots.roots()?,
        policy: policy.as_ref(),
        without_crl: request.without_crl,
        rootfs: request.rootfs()?,
    };
    verify(&files, &options).map_err(|error| error.to_string())
}
