//! Entries behind the signature of manifests, for the fuzz targets in `fuzz/`: a mutated manifest would
//! never get past it. Nothing is verified here, so nothing may be believed.

use crate::rim::canonical::canonical;
use crate::rim::{parse, read, Rim};

/// What is signed of a text, were it a manifest.
pub fn canonical_form(text: &str) -> Option<String> {
    let document = parse(text).ok()?;
    let form = canonical(document.root_element(), None).ok()?;
    String::from_utf8(form).ok()
}

/// What a text says, were it a manifest with a sound signature.
pub fn manifest(text: &str) -> Option<Rim> {
    let document = parse(text).ok()?;
    read(document.root_element()).ok()
}
