//! Attestation evidence off chain: read in any of the forms in which vendors, SecretVM and tools hand
//! it out, put together, judged by the verifier that the registry runs on chain, and shown check by
//! check.
//!
//! Nothing is fetched: what is not among the files is reported as missing, and missing is no success.
//! Nothing here prints; [`verify`] returns a [`Report`] with a text and a JSON form.
//!
//! * [`verify`]: is it genuine, acceptable, bound to whom?
//! * [`rim`]: NVIDIA's signed reference manifests, and the golden sets that follow from them.

mod checks;
mod claims;
mod digest;
mod error;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod policy;
mod print;
mod read;
mod report;
pub mod rim;
mod time;
mod verify;

pub use error::EvidenceError;
pub use file::read_file;
pub use policy::{Binding, Image, Policy};
pub use print::printable;
pub use read::{pieces, GpuPiece, ImageRow, Piece, FILE_LIMIT};
pub use report::{Check, Facts, FileContents, Outcome, Report, Verdict};
pub use time::{format_time, parse_time};
pub use verify::{verify, File, Options, Roots};
