//! From a file, the environment and flags to a configuration: flags win over the environment, which
//! wins over the file.

use std::path::Path;
use std::str::FromStr;

use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use figment::Figment;
use snafu::ResultExt;

use super::problem::{ConfigError, FileSnafu, Problem};
use super::{shape, Config, ENV_PREFIX};

/// A field that a flag sets: `--set settle.pages=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Full name of the field, with dots.
    pub key: String,
    /// The value, as in an environment variable: `2`, `true`, `text`, `["a", "b"]`.
    pub value: String,
}

impl Override {
    /// Sets `key` to `value`.
    pub fn new(key: &str, value: impl ToString) -> Self {
        Override {
            key: key.to_owned(),
            value: value.to_string(),
        }
    }
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
        let is_name = |part: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            !part.is_empty() && part.chars().all(fits)
        };
        match key.split('.').all(is_name) {
            true => Ok(Override::new(key, value)),
            false => Err(format!("{key:?} is no name of a field")),
        }
    }
}

impl Config {
    /// Reads a file and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems, each by its field.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_with(path, &[])
    }

    /// Reads a file, the environment and what flags set.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems, each by its field.
    pub fn load_with(path: &Path, flags: &[Override]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).context(FileSnafu { path })?;
        let layers = Figment::new()
            .merge(Toml::string(&text))
            .merge(Env::prefixed(ENV_PREFIX).split("__"));
        let layers = flags.iter().fold(layers, |layers, flag| {
            let Ok(value) = flag.value.parse::<Value>();
            layers.merge(Serialized::default(&flag.key, value))
        });
        let source = Source { path, flags };
        let mut problems = source.shape(&layers);
        match layers.extract::<Config>() {
            Ok(config) => {
                problems.extend(config.problems());
                if problems.is_empty() {
                    return Ok(config);
                }
            }
            // The library finds the first mistake only, mostly one that the shape shows, too.
            Err(errors) => {
                for problem in errors.into_iter().map(|error| source.problem(error)) {
                    if !problems.iter().any(|known| known.field == problem.field) {
                        problems.push(problem);
                    }
                }
            }
        }
        Err(ConfigError::Unusable { problems })
    }
}

/// Where values come from, for messages.
struct Source<'a> {
    path: &'a Path,
    flags: &'a [Override],
}

impl Source<'_> {
    /// What does not look like a configuration, whole; what text cannot be read at all comes from
    /// the extraction.
    fn shape(&self, layers: &Figment) -> Vec<Problem> {
        let Ok(value) = layers.extract::<serde_json::Value>() else {
            return Vec::new();
        };
        let found = shape::problems(&super::reference::schema(), &value);
        let named = found.into_iter().map(|(field, problem)| Problem {
            origin: self.origin(&field, layers.find_metadata(&field)),
            field,
            problem,
        });
        named.collect()
    }

    /// What the configuration library found, by the full name of the field.
    fn problem(&self, error: figment::Error) -> Problem {
        let mut path = error.path.clone();
        let problem = match &error.kind {
            Kind::MissingField(name) => {
                path.push(name.to_string());
                "is missing".to_owned()
            }
            Kind::UnknownField(name, known) => {
                path.push(name.clone());
                format!("unknown field, known are {}", known.join(", "))
            }
            Kind::Message(message) => message.clone(),
            other => other.to_string(),
        };
        let field = path.join(".");
        Problem {
            origin: self.origin(&field, error.metadata.as_ref()),
            field,
            problem,
        }
    }

    fn origin(&self, field: &str, metadata: Option<&figment::Metadata>) -> String {
        let is_set = |flag: &Override| {
            let rest = field.strip_prefix(flag.key.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if self.flags.iter().any(is_set) {
            return "flags".to_owned();
        }
        match metadata {
            Some(origin) if origin.name.contains("environment") => {
                format!("environment variables {ENV_PREFIX}…")
            }
            _ => format!("config file {}", self.path.display()),
        }
    }
}
