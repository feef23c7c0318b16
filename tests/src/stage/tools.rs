//! The programs that user and operator have, run as they would run them.

use std::process::{Command, Output};

use super::{Failure, Stage};
use crate::process::{program, run};

impl Stage {
    /// Runs the user's tool; prints what it prints; fails if it fails.
    ///
    /// # Errors
    /// What it wrote on standard error.
    pub fn user_runs(&self, arguments: &[&str]) -> Result<String, Failure> {
        self.tool("secret-ai", "secret-ai.toml", arguments)
    }

    /// Runs the operator's tool likewise.
    ///
    /// # Errors
    /// What it wrote on standard error.
    pub fn operator_runs(&self, arguments: &[&str]) -> Result<String, Failure> {
        self.tool("secret-ai-worker", "worker.toml", arguments)
    }

    /// Runs the user's tool, which must refuse; prints and returns why.
    ///
    /// # Errors
    /// It did not refuse.
    pub fn user_is_refused(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output("secret-ai", "secret-ai.toml", arguments)?;
        let why = String::from_utf8_lossy(&output.stderr).trim().to_string();
        if output.status.success() || why.is_empty() {
            return Err(format!("secret-ai {arguments:?} was not refused").into());
        }
        println!("  refused: {why}");
        Ok(why)
    }

    fn tool(&self, name: &str, config: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output(name, config, arguments)?;
        let text = String::from_utf8_lossy(&output.stdout).to_string();
        for line in text.lines() {
            println!("  {line}");
        }
        if output.status.success() {
            return Ok(text);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{name} {}: {}", arguments.join(" "), errors.trim()).into())
    }

    fn output(&self, name: &str, config: &str, arguments: &[&str]) -> Result<Output, Failure> {
        let shown: Vec<_> = arguments.iter().map(|a| shell_word(a)).collect();
        println!("$ {name} {}", shown.join(" "));
        let mut command = Command::new(program(name));
        command
            .arg("--config")
            .arg(self.path(config))
            .args(arguments);
        command.env("RUST_LOG", "warn");
        Ok(run(command)?)
    }
}

fn shell_word(word: &str) -> String {
    if word.contains(char::is_whitespace) {
        format!("\"{word}\"")
    } else {
        word.to_string()
    }
}
