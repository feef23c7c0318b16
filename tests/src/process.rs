//! Processes that end with whoever started them.
//!
//! [`Process`] kills its program when dropped. A signal that kills this process drops nothing; then the
//! program's standard input closes, and one that watches it (`secret-devnet --until-stdin-closes`)
//! ends, too.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tokio::signal::unix::{signal, Signal, SignalKind};

/// A program of this workspace, built beside the running one.
pub fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("own path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder.join(name)
}

/// A running process; killed when dropped.
pub struct Process(Child);

impl Process {
    /// Starts a program and waits for a line on its standard output that begins with `ready`;
    /// returns that line. Standard error goes to `log`.
    ///
    /// # Errors
    /// It cannot be started, or ends before it is ready.
    pub fn start_until(
        mut command: Command,
        log: PathBuf,
        ready: &str,
    ) -> std::io::Result<(Process, String)> {
        let errors = std::fs::File::create(&log)?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .stdin(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        for line in lines {
            let line = line?;
            if line.starts_with(ready) {
                return Ok((Process(child), line));
            }
        }
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        Err(std::io::Error::other(format!(
            "ended before it was ready: {text}"
        )))
    }

    /// Starts a program; everything it writes goes to `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command, log: PathBuf) -> std::io::Result<Process> {
        let log = std::fs::File::create(log)?;
        let errors = log.try_clone()?;
        let child = command
            .stdout(log)
            .stderr(errors)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Process(child))
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// True if it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The signals that end this process. Caught, so that what it has started is dropped and ends, too.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes them over from the system, which would end this process at once.
    ///
    /// # Errors
    /// The system's.
    pub fn catch() -> std::io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started.
pub fn run(mut command: Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).output()
}

/// Tries until it succeeds or the time is over; returns the last failure then.
///
/// # Errors
/// Whatever the last try gave.
pub async fn within<T, E, F>(limit: Duration, mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: std::future::Future<Output = Result<T, E>>,
{
    let start = Instant::now();
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if start.elapsed() > limit => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}
