//! Which processor the embedded engine uses, as an operator writes it.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// `auto`, `cpu`, `cuda` (the first GPU) or `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum DeviceChoice {
    /// The first NVIDIA GPU if this build can use one and it is there, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU with this number, counted from 0 as `nvidia-smi` does.
    Cuda(usize),
}

/// A device that is none of those.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("is {0:?}, must be \"auto\", \"cpu\", \"cuda\" or \"cuda:N\" with N from 0 to 63")]
pub struct NoDevice(String);

impl FromStr for DeviceChoice {
    type Err = NoDevice;

    fn from_str(text: &str) -> Result<Self, NoDevice> {
        let bad = || NoDevice(text.chars().take(32).collect());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            other => {
                let number = other.strip_prefix("cuda:").and_then(|n| n.parse().ok());
                let number = number.filter(|number| *number < 64);
                Ok(Self::Cuda(number.ok_or_else(bad)?))
            }
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = NoDevice;

    fn try_from(text: String) -> Result<Self, NoDevice> {
        text.parse()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}
