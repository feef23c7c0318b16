//! What was checked, and what came of it.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::print::printable;

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail,
    /// Could not be made for want of an input. Not a success.
    Missing,
    /// Nobody asked for it, or an earlier failure made it pointless.
    NotChecked,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "FAIL",
            Outcome::Missing => "missing",
            Outcome::NotChecked => "-",
        }
    }
}

/// One check of one piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which evidence, such as `tdx` or `gpu 0`.
    pub subject: String,
    /// Stable snake_case name of the check.
    pub name: &'static str,
    pub outcome: Outcome,
    /// Stable snake_case name of the error, if it failed for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    pub detail: String,
}

/// What genuine or claimed evidence says, by stable snake_case names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which evidence, as in its checks.
    pub subject: String,
    pub values: Vec<(&'static str, Value)>,
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Map::new();
        map.insert("subject".to_string(), self.subject.clone().into());
        for (name, value) in &self.values {
            map.insert((*name).to_string(), value.clone());
        }
        map.serialize(serializer)
    }
}

/// What a file was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileContents {
    pub file: String,
    pub contents: Vec<String>,
}

/// The verdict on everything together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Genuine, and acceptable as far as was asked.
    Accepted,
    /// A check failed.
    Refused,
    /// No check failed, but some could not be made.
    Incomplete,
}

/// The result of [`crate::verify`]. Its JSON form is stable; its text form is for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    /// The verdict in a sentence.
    pub summary: String,
    /// Time of which it holds, Unix seconds.
    pub time: u64,
    /// Whether a policy was given: without one, neither image list nor binding is checked.
    pub policy: bool,
    pub files: Vec<FileContents>,
    pub checks: Vec<Check>,
    pub facts: Vec<Facts>,
}

/// Collects checks and facts.
#[derive(Default)]
pub(crate) struct Log {
    pub checks: Vec<Check>,
    pub facts: Vec<Facts>,
}

/// The log of one subject.
pub(crate) struct Subject<'a> {
    log: &'a mut Log,
    name: String,
}

impl Log {
    pub fn subject(&mut self, name: impl Into<String>) -> Subject<'_> {
        Subject {
            log: self,
            name: name.into(),
        }
    }

    pub fn verdict(&self) -> Verdict {
        let any = |outcome| self.checks.iter().any(|check| check.outcome == outcome);
        if any(Outcome::Fail) {
            Verdict::Refused
        } else if any(Outcome::Missing) || !any(Outcome::Pass) {
            Verdict::Incomplete
        } else {
            Verdict::Accepted
        }
    }

    /// Names of the checks with this outcome, each with its subject.
    pub fn names(&self, outcome: Outcome) -> String {
        let with = self.checks.iter().filter(|check| check.outcome == outcome);
        let names: Vec<String> = with
            .map(|check| format!("{} {}", check.subject, check.name))
            .collect();
        names.join(", ")
    }
}

impl Subject<'_> {
    fn push(
        &mut self,
        name: &'static str,
        outcome: Outcome,
        code: Option<&'static str>,
        detail: String,
    ) {
        self.log.checks.push(Check {
            subject: self.name.clone(),
            name,
            outcome,
            code,
            detail,
        });
    }

    pub fn pass(&mut self, name: &'static str, detail: impl Into<String>) {
        self.push(name, Outcome::Pass, None, detail.into());
    }

    pub fn fail(&mut self, name: &'static str, code: &'static str, detail: impl Into<String>) {
        self.push(name, Outcome::Fail, Some(code), detail.into());
    }

    pub fn missing(&mut self, name: &'static str, detail: impl Into<String>) {
        self.push(name, Outcome::Missing, None, detail.into());
    }

    pub fn not_checked(&mut self, name: &'static str, detail: impl Into<String>) {
        self.push(name, Outcome::NotChecked, None, detail.into());
    }

    /// Notes the outcome of a verification, and gives what it verified.
    pub fn result<T>(
        &mut self,
        name: &'static str,
        result: Result<T, secret_ai_attestation::Error>,
        detail: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match result {
            Ok(verified) => {
                self.pass(name, detail(&verified));
                Some(verified)
            }
            Err(error) => {
                self.fail(name, error.code(), error.to_string());
                None
            }
        }
    }

    pub fn facts(&mut self, values: Vec<(&'static str, Value)>) {
        let subject = self.name.clone();
        self.log.facts.push(Facts { subject, values });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let contents = file.contents.join(", ");
            writeln!(f, "{}: {}", printable(&file.file), printable(&contents))?;
        }
        writeln!(f)?;
        for facts in &self.facts {
            for (name, value) in &facts.values {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let text = printable(&text);
                writeln!(f, "{:<8} {name:<20} {text}", facts.subject)?;
            }
            writeln!(f)?;
        }
        let width = |text: fn(&Check) -> usize| self.checks.iter().map(text).max().unwrap_or(0);
        let (subject, name) = (width(|c| c.subject.len()), width(|c| c.name.len()));
        for check in &self.checks {
            let code = check
                .code
                .map(|code| format!("[{code}] "))
                .unwrap_or_default();
            writeln!(
                f,
                "{:<subject$}  {:<name$}  {:<7}  {code}{}",
                check.subject,
                check.name,
                check.outcome.word(),
                printable(&check.detail)
            )?;
        }
        writeln!(f)?;
        writeln!(f, "{}", printable(&self.summary))
    }
}
