//! This process, by the names that Prometheus' own libraries use
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>); from Linux's
//! `/proc/self` (proc(5)), nothing elsewhere.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Ticks of `/proc/self/stat` in a second; Linux tells programs this number on every machine.
const TICKS: f64 = 100.0;
/// Bytes of a page of memory on the machines that have a TEE.
const PAGE: i64 = 4_096;

/// Reads `/proc` when somebody asks.
#[derive(Debug)]
pub struct Process {
    started: f64,
}

impl Process {
    /// A process that starts now.
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Process {
            started: since.map_or(0.0, |since| since.as_secs_f64()),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let started = ConstGauge::new(self.started);
        let help = "When the process started, unix time";
        put(&mut encoder, "process_start_time_seconds", help, &started)?;
        if let Some(seconds) = cpu_seconds() {
            let help = "Time on CPUs, user and system";
            put(
                &mut encoder,
                "process_cpu_seconds",
                help,
                &ConstCounter::new(seconds),
            )?;
        }
        if let Some(bytes) = resident_bytes() {
            let help = "Memory that is in RAM";
            put(
                &mut encoder,
                "process_resident_memory_bytes",
                help,
                &ConstGauge::new(bytes),
            )?;
        }
        if let Some(count) = open_files() {
            let help = "Open files and connections";
            put(
                &mut encoder,
                "process_open_fds",
                help,
                &ConstGauge::new(count),
            )?;
        }
        Ok(())
    }
}

fn put(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), std::fmt::Error> {
    let line = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
    metric.encode(line)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; after it the state is field 3, utime field 14.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn resident_bytes() -> Option<i64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let resident: i64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    resident.checked_mul(PAGE)
}

fn open_files() -> Option<i64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(count).ok()
}
