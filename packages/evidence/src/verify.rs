//! Files in, report out.

use secret_ai_attestation::gpu::NvidiaRoot;
use secret_ai_attestation::snp::{Product, SnpRoot};
use secret_ai_attestation::TrustRoot;

use crate::checks::{self, Context};
use crate::error::EvidenceError;
use crate::policy::Policy;
use crate::read::{pieces, Piece, FILE_LIMIT};
use crate::report::{FileContents, Log, Outcome, Report, Verdict};
use crate::rim::RimRoot;
use crate::time::format_time;

/// A file: a name to call it by, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// Whom to believe. The default are the vendors' published roots.
#[derive(Clone, Debug)]
pub struct Roots<'a> {
    pub intel: TrustRoot<'a>,
    /// For every AMD product; AMD's own per product if absent.
    pub amd: Option<SnpRoot<'a>>,
    pub nvidia: NvidiaRoot<'a>,
    pub rim: RimRoot,
}

impl Default for Roots<'static> {
    fn default() -> Self {
        Roots {
            intel: TrustRoot::INTEL,
            amd: None,
            nvidia: NvidiaRoot::PINNED,
            rim: RimRoot::nvidia(),
        }
    }
}

impl<'a> Roots<'a> {
    /// AMD's root of a product.
    pub(crate) fn amd(&self, product: Product) -> SnpRoot<'a> {
        self.amd.unwrap_or_else(|| SnpRoot::pinned(product))
    }
}

/// How to verify.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// The time of which the verdict holds, Unix seconds.
    pub now: u64,
    pub roots: Roots<'a>,
    /// What genuine evidence must show; defaults, and no image list and no binding, if absent.
    pub policy: Option<&'a Policy>,
    /// Do without AMD's revocation list where none is given.
    pub without_crl: bool,
    /// The root file system's measurement of a SecretVM, to recompute RTMR3 with a compose file.
    pub rootfs: Option<[u8; 32]>,
}

impl Options<'static> {
    /// The vendors' roots and no policy, at `now` (Unix seconds).
    pub fn at(now: u64) -> Self {
        Options {
            now,
            roots: Roots::default(),
            policy: None,
            without_crl: false,
            rootfs: None,
        }
    }
}

/// Finds out what the files are, puts them together, and verifies what they prove.
///
/// # Errors
/// If a file is too large or nothing that is known, or if there is no quote and no report among them.
/// Evidence that is bad is no error: the report says so.
pub fn verify(files: &[File<'_>], options: &Options<'_>) -> Result<Report, EvidenceError> {
    let mut contents = Vec::with_capacity(files.len());
    let mut all: Vec<Piece> = Vec::new();
    let mut unsigned: Vec<&str> = Vec::new();
    for file in files {
        let found = pieces_of(file)?;
        if found.iter().any(|piece| matches!(piece, Piece::Golden(_))) {
            unsigned.push(file.name);
        }
        contents.push(FileContents {
            file: file.name.to_string(),
            contents: found.iter().map(Piece::label).collect(),
        });
        all.extend(found);
    }
    let default_policy = Policy::default();
    let policy = options.policy.unwrap_or(&default_policy);
    let context = Context::new(&all, options, policy);
    if context.is_empty() {
        return Err(EvidenceError::NothingToVerify);
    }
    // With golden sets in the policy, those among the files are not looked at.
    if !policy.golden.is_empty() {
        unsigned.clear();
    }
    let mut log = Log::default();
    checks::run(&context, &mut log);
    Ok(Report {
        verdict: log.verdict(),
        summary: summary(&log, options, &unsigned),
        time: options.now,
        policy: options.policy.is_some(),
        files: contents,
        checks: log.checks,
        facts: log.facts,
    })
}

fn pieces_of(file: &File<'_>) -> Result<Vec<Piece>, EvidenceError> {
    let (name, have, limit) = (file.name.to_string(), file.bytes.len(), FILE_LIMIT);
    if have > limit {
        let file = name;
        return Err(EvidenceError::TooLarge { file, have, limit });
    }
    let found = pieces(file.bytes);
    if found.is_empty() {
        return Err(EvidenceError::Unrecognised { file: name });
    }
    Ok(found)
}

fn summary(log: &Log, options: &Options<'_>, unsigned: &[&str]) -> String {
    let at = format_time(options.now);
    let unasked = match options.policy {
        None => " No policy was given: image list and binding were not checked.",
        Some(policy) => match (&policy.images, &policy.binding) {
            (None, None) => " The policy has neither image list nor binding: not checked.",
            (None, Some(_)) => " The policy has no image list: not checked.",
            (Some(_), None) => " The policy has no binding: not checked.",
            (Some(_), Some(_)) => "",
        },
    };
    let believed = match unsigned.is_empty() {
        true => String::new(),
        false => format!(
            " Golden sets are not signed; those given as files were believed: {}.",
            unsigned.join(", ")
        ),
    };
    let verdict = match log.verdict() {
        Verdict::Accepted => format!("ACCEPTED at {at}: genuine and acceptable.{unasked}"),
        Verdict::Refused => format!("REFUSED at {at}: {}.", log.names(Outcome::Fail)),
        Verdict::Incomplete => {
            format!(
                "INCOMPLETE at {at}, not accepted: missing for {}.",
                log.names(Outcome::Missing)
            )
        }
    };
    verdict + &believed
}
