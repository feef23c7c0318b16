//! What is wrong with a configuration: everything at once, each problem by its field.

use std::fmt;
use std::path::PathBuf;

use snafu::Snafu;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the value stands: a file, environment variables, flags; or `configuration` for what is
    /// wrong wherever it stands.
    pub origin: String,
    /// Full name of the field, `chain.lcd_url`; empty for the whole.
    pub field: String,
    /// What is wrong with it, and the limit.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            origin,
            field,
            problem,
        } = self;
        match field.is_empty() {
            true => write!(f, "{origin}: {problem}"),
            false => write!(f, "{origin}: {field}: {problem}"),
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(super)))]
pub enum ConfigError {
    /// There is no file, or it cannot be read.
    #[snafu(display("config file {}: {source}", path.display()))]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// It says something that cannot be.
    #[snafu(display("{}", lines(problems)))]
    Unusable { problems: Vec<Problem> },
}

impl ConfigError {
    /// One line for each problem.
    pub fn lines(&self) -> Vec<String> {
        match self {
            ConfigError::File { .. } => vec![self.to_string()],
            ConfigError::Unusable { problems } => {
                problems.iter().map(ToString::to_string).collect()
            }
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
