//! What can be wrong beyond [`crate::Error`]'s common cases.

use thiserror::Error;

/// Why this kind of evidence is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NrasError {
    #[error("evidence is not of the expected form: {0}")]
    Form(&'static str),
}

impl NrasError {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            NrasError::Form(_) => "nras_form",
        }
    }
}
