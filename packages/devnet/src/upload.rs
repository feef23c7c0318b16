//! The chain's two gates for wasm, usable on their own.
//!
//! Gate A is the node's when code is stored ([`check_store`]): wasm MVP plus sign extension, one
//! memory without a maximum, the required exports, only the listed imports. Gate B is the enclave's
//! when a contract is instantiated ([`check_instantiate`]): at most 192 pages to begin with, no
//! floats, no start function. [`check_wasm`] is both.
//!
//! One rule is stricter than the chain's: a float in an unused local or in a result type whose body
//! has no float is refused as well. Compilers emit neither without floats elsewhere.

use std::io::Read;

use thiserror::Error;
use wasmparser::{
    ExternalKind, FuncValidatorAllocations, Parser, Payload, TypeRef, ValidPayload, Validator,
    WasmFeatures,
};

/// Most bytes of uncompressed wasm.
pub const MAX_WASM: usize = 2 * 1024 * 1024;
/// Most pages of initial memory at gate A.
pub const MAX_PAGES_STORE: u64 = 512;
/// Most pages of initial memory at gate B, and of a running contract: 12 MiB.
pub const MAX_PAGES_RUN: u64 = 192;

/// Functions of module `env` that a contract may import.
pub const IMPORTS: [&str; 17] = [
    "db_read",
    "db_write",
    "db_remove",
    "addr_validate",
    "addr_canonicalize",
    "addr_humanize",
    "secp256k1_verify",
    "secp256k1_recover_pubkey",
    "secp256k1_sign",
    "ed25519_verify",
    "ed25519_batch_verify",
    "ed25519_sign",
    "dcap_quote_verify",
    "debug",
    "query_chain",
    "gas_evaporate",
    "check_gas",
];
/// Exports that a contract must have.
pub const EXPORTS: [&str; 4] = [
    "interface_version_8",
    "allocate",
    "deallocate",
    "instantiate",
];
/// What may follow in an export named `requires_…`.
pub const FEATURES: [&str; 4] = ["staking", "stargate", "ibc3", "random"];

/// What a module is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WasmReport {
    /// Imported functions, without the module name `env`.
    pub imports: Vec<String>,
    /// Exported names.
    pub exports: Vec<String>,
    /// Initial memory in pages of 64 KiB.
    pub initial_pages: u64,
    /// Bytes, uncompressed.
    pub size: usize,
    /// Whether any float type or instruction occurs.
    pub has_floats: bool,
    /// Whether there is a start function.
    pub has_start: bool,
}

/// Why the chain would refuse the wasm.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UploadError {
    #[error("gzip cannot be unpacked: {0}")]
    Gzip(String),
    #[error("wasm is larger than {max} bytes uncompressed")]
    TooLarge { max: usize },
    #[error("not valid wasm mvp with sign extension: {0}")]
    Invalid(String),
    #[error("import {module}.{name} is not one the chain offers")]
    Import { module: String, name: String },
    #[error("import {module}.{name} is not a function")]
    ImportKind { module: String, name: String },
    #[error("required export {0} is missing")]
    MissingExport(&'static str),
    #[error("export requires_{0} asks for a feature the chain lacks")]
    Feature(String),
    #[error("module has {0} memories of its own, must have 1")]
    MemoryCount(usize),
    #[error("memory declares a maximum of {0} pages, must declare none")]
    MemoryMaximum(u64),
    #[error("memory starts with {pages} pages, limit is {max}")]
    MemorySize { pages: u64, max: u64 },
    #[error("module has a start function")]
    StartFunction,
    #[error("module has floating point")]
    Floats,
}

/// Both gates over wasm, plain or gzip.
pub fn check_wasm(bytes: &[u8]) -> Result<WasmReport, UploadError> {
    let report = check_store(&unpack(bytes)?)?;
    check_instantiate(&report)?;
    Ok(report)
}

/// Unpacks gzip; leaves anything else as it is. The result has at most [`MAX_WASM`] bytes.
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, UploadError> {
    let mut wasm = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes)
            .take(MAX_WASM as u64 + 1)
            .read_to_end(&mut wasm)
            .map_err(|e| UploadError::Gzip(e.to_string()))?;
    } else {
        wasm.extend_from_slice(bytes);
    }
    if wasm.len() > MAX_WASM {
        return Err(UploadError::TooLarge { max: MAX_WASM });
    }
    Ok(wasm)
}

/// Gate A over uncompressed wasm.
pub fn check_store(wasm: &[u8]) -> Result<WasmReport, UploadError> {
    if wasm.len() > MAX_WASM {
        return Err(UploadError::TooLarge { max: MAX_WASM });
    }
    let features = WasmFeatures::WASM1.union(WasmFeatures::SIGN_EXTENSION);
    validate(wasm, features).map_err(UploadError::Invalid)?;
    let mut report = describe(wasm)?;
    report.has_floats = validate(wasm, features.difference(WasmFeatures::FLOATS)).is_err();
    for name in EXPORTS {
        if !report.exports.iter().any(|e| e == name) {
            return Err(UploadError::MissingExport(name));
        }
    }
    for export in &report.exports {
        if let Some(feature) = export.strip_prefix("requires_") {
            if !FEATURES.contains(&feature) {
                return Err(UploadError::Feature(feature.to_owned()));
            }
        }
    }
    Ok(report)
}

/// Gate B over what gate A found.
pub fn check_instantiate(report: &WasmReport) -> Result<(), UploadError> {
    if report.has_start {
        return Err(UploadError::StartFunction);
    }
    if report.initial_pages > MAX_PAGES_RUN {
        return Err(UploadError::MemorySize {
            pages: report.initial_pages,
            max: MAX_PAGES_RUN,
        });
    }
    if report.has_floats {
        return Err(UploadError::Floats);
    }
    Ok(())
}

fn validate(wasm: &[u8], features: WasmFeatures) -> Result<(), String> {
    let mut validator = Validator::new_with_features(features);
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|e| e.to_string())?;
        let valid = validator.payload(&payload).map_err(|e| e.to_string())?;
        if let ValidPayload::Func(function, body) = valid {
            let mut function = function.into_validator(allocations);
            function.validate(&body).map_err(|e| e.to_string())?;
            allocations = function.into_allocations();
        }
    }
    Ok(())
}

/// Lists imports and exports and checks imports and memory.
fn describe(wasm: &[u8]) -> Result<WasmReport, UploadError> {
    let mut report = WasmReport {
        size: wasm.len(),
        ..WasmReport::default()
    };
    let mut memories = Vec::new();
    let invalid = |e: wasmparser::BinaryReaderError| UploadError::Invalid(e.to_string());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(invalid)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(invalid)?;
                    check_import(import.module, import.name, import.ty)?;
                    report.imports.push(import.name.to_owned());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    if export.kind == ExternalKind::Func {
                        report.exports.push(export.name.to_owned());
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.push(memory.map_err(invalid)?);
                }
            }
            Payload::StartSection { .. } => report.has_start = true,
            _ => {}
        }
    }
    let [memory] = memories.as_slice() else {
        return Err(UploadError::MemoryCount(memories.len()));
    };
    if let Some(maximum) = memory.maximum {
        return Err(UploadError::MemoryMaximum(maximum));
    }
    if memory.initial > MAX_PAGES_STORE {
        return Err(UploadError::MemorySize {
            pages: memory.initial,
            max: MAX_PAGES_STORE,
        });
    }
    report.initial_pages = memory.initial;
    Ok(report)
}

fn check_import(module: &str, name: &str, ty: TypeRef) -> Result<(), UploadError> {
    let (module, name) = (module.to_owned(), name.to_owned());
    if !matches!(ty, TypeRef::Func(_)) {
        return Err(UploadError::ImportKind { module, name });
    }
    if module != "env" || !IMPORTS.contains(&name.as_str()) {
        return Err(UploadError::Import { module, name });
    }
    Ok(())
}
