//! Configuration: a TOML file and `SECRET_AI_…` variables. Secrets are never in it, only the path
//! of the file that holds the wallet.

use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Toml};
use figment::Figment;
use serde::Deserialize;

use crate::error::{ClientError, Result};

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// REST endpoint of a node, e.g. `http://127.0.0.1:1317`.
    pub lcd_url: String,
    /// E.g. `secret-4`.
    pub chain_id: String,
    /// Address of the billing contract; it names the registry and the tokens.
    pub billing: String,
    /// File with the wallet's mnemonic, or private key of 64 hex digits.
    pub wallet_file: PathBuf,
    /// Where the newest receipts are kept.
    pub data_dir: PathBuf,
    /// Take workers at http:// on other machines, too: everybody on the way sees who asks whom. For
    /// private networks.
    #[serde(default)]
    pub allow_http: bool,
}

/// The variables that count, less their prefix. Other programs have `SECRET_AI_…` variables, too:
/// secret-ai-sdk reads `SECRET_AI_API_KEY`.
const FIELDS: [&str; 6] = [
    "lcd_url",
    "chain_id",
    "billing",
    "wallet_file",
    "data_dir",
    "allow_http",
];

/// Reads the configuration; variables such as `SECRET_AI_LCD_URL` win over the file.
///
/// # Errors
/// [`ClientError::Config`] names the field.
pub fn load(file: &Path) -> Result<Config> {
    if !file.exists() {
        let problem = format!("no file {}; see README.md, \"As a user\"", file.display());
        return Err(ClientError::Config { problem });
    }
    Figment::new()
        .merge(Toml::file(file))
        .merge(Env::prefixed("SECRET_AI_").only(&FIELDS))
        .extract()
        .map_err(|e| ClientError::Config {
            problem: e.to_string(),
        })
}
