//! Processes under test: started, watched through /proc, ended with all their children.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long a process may take to end before it is killed.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// A process with all its children; ended when dropped.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a role of this program, which tells its address on standard output; `log` takes the rest.
    pub fn role(arguments: &[&str], log: &Path) -> Result<(Self, SocketAddr), Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdout(Stdio::piped());
        let mut process = Process::start(command.stderr(fs::File::create(log)?))?;
        let stdout = process.child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse();
        let address =
            address.map_err(|_| format!("{arguments:?} did not start, see {}", name(log)))?;
        Ok((process, address))
    }

    /// Starts a server that listens at `address` sooner or later, at most after `patience`.
    pub fn server(
        command: &mut Command,
        address: SocketAddr,
        log: &Path,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let file = fs::File::create(log)?;
        command.stdout(file.try_clone()?).stderr(file);
        let mut process = Process::start(command)?;
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let has_ended = process.child.try_wait()?.is_some();
            if has_ended || start.elapsed() > patience {
                return Err(format!("it did not start, see {}", name(log)).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(process)
    }

    fn start(command: &mut Command) -> io::Result<Self> {
        // A group of its own, so that children can be ended with it.
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        Ok(Process { child })
    }

    /// Stands still until [`Process::go_on`]: what it does in the background would be counted against
    /// whoever is measured.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Runs again.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// CPU time of the process and its children so far.
    pub fn cpu(&self) -> Duration {
        let nanos = self.tree().into_iter().flat_map(tasks).map(|task| {
            let stat = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let nanos = stat
                .split(' ')
                .next()
                .and_then(|text| text.parse::<u64>().ok());
            nanos.unwrap_or(0)
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Memory in use by the process and its children, bytes.
    pub fn memory(&self) -> u64 {
        let kib = self.tree().into_iter().map(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
            kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0)
        });
        kib.sum::<u64>().saturating_mul(1_024)
    }

    /// The process and everything that descends from it.
    fn tree(&self) -> HashSet<u32> {
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
                Some((pid, parent(pid)?))
            })
            .collect();
        let mut tree = HashSet::from([self.child.id()]);
        loop {
            let before = tree.len();
            let found = parents.iter().filter(|(_, parent)| tree.contains(parent));
            let found: Vec<u32> = found.map(|(pid, _)| *pid).collect();
            tree.extend(found);
            if tree.len() == before {
                return tree;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        // It may have ended already.
        let _ = Command::new("kill")
            .args([signal, "--", &group])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.go_on();
        self.signal("-TERM");
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal("-KILL");
        let _ = self.child.wait();
    }
}

/// Name of a file in the folder of logs.
fn name(log: &Path) -> std::borrow::Cow<'_, str> {
    log.file_name().unwrap_or_default().to_string_lossy()
}

/// The parent of a process: the second field after the name, which is in parentheses.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// Folders of a process's threads.
fn tasks(pid: u32) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let entries = entries.into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// An address on loopback that nobody uses now.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
