//! `evidence verify`, `evidence golden`: the verifier of the registry, on this machine, on files.
//!
//! Exit codes: 0 accepted, 1 refused or incomplete, 2 nothing could be judged.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_evidence::rim::{golden, verify_rim, Board, RimError, RimRoot};
use secret_ai_evidence::{
    parse_time, printable, read_file, verify, EvidenceError, File, Options, Policy, Verdict,
};
use serde_json::{json, Value};
use snafu::{OptionExt, ResultExt, Snafu};

use crate::cli::EvidenceCommand;

const REFUSED: u8 = 1;
const UNUSABLE: u8 = 2;

/// Why a command of this group could not be done.
#[derive(Debug, Snafu)]
enum Problem {
    #[snafu(display("file {}: {source}", path.display()))]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("file {}: {source}", path.display()))]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("output: {source}"))]
    Output { source: std::io::Error },
    #[snafu(transparent)]
    Evidence { source: EvidenceError },
    #[snafu(display("{field}: {problem}"))]
    Input {
        field: &'static str,
        problem: String,
    },
    #[snafu(display("{}: refused [{}]: {source}", path.display(), source.code()))]
    Manifest { path: PathBuf, source: RimError },
    #[snafu(display("refused: {problem}"))]
    Golden { problem: String },
}

impl Problem {
    /// Bad manifests are refused; everything else means that there was nothing to judge.
    fn code(&self) -> u8 {
        match self {
            Problem::Manifest { .. } | Problem::Golden { .. } => REFUSED,
            _ => UNUSABLE,
        }
    }
}

type Result<T> = std::result::Result<T, Problem>;

/// Runs a command of this group; prints what came of it.
pub fn run(command: EvidenceCommand) -> ExitCode {
    let result = match command {
        verify @ EvidenceCommand::Verify { .. } => verify_files(verify),
        golden @ EvidenceCommand::Golden { .. } => make_golden(golden),
    };
    result.unwrap_or_else(|problem| {
        eprintln!("secret-ai: {}", printable(&problem.to_string()));
        ExitCode::from(problem.code())
    })
}

fn verify_files(command: EvidenceCommand) -> Result<ExitCode> {
    let EvidenceCommand::Verify {
        files,
        time,
        policy,
        without_crl,
        rootfs,
        json,
    } = command
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let policy = policy.as_deref().map(read_policy).transpose()?;
    let read = files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>>>()?;
    let names: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let files: Vec<File<'_>> = names
        .iter()
        .zip(&read)
        .map(|(name, bytes)| File { name, bytes })
        .collect();
    let options = Options {
        policy: policy.as_ref(),
        without_crl,
        rootfs: rootfs.as_deref().map(digest).transpose()?,
        ..Options::at(time_or_now(time.as_deref())?)
    };
    let report = verify(&files, &options)?;
    if json {
        show_json(&json!(report))?;
    } else {
        show(&report.to_string())?;
    }
    Ok(match report.verdict {
        Verdict::Accepted => ExitCode::SUCCESS,
        Verdict::Refused | Verdict::Incomplete => ExitCode::from(REFUSED),
    })
}

fn make_golden(command: EvidenceCommand) -> Result<ExitCode> {
    let EvidenceCommand::Golden {
        files,
        time,
        vbios,
        project,
        project_sku,
        chip_sku,
        out,
        json,
    } = command
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let now = time_or_now(time.as_deref())?;
    let mut rims = Vec::with_capacity(files.len());
    let mut named = None;
    for path in &files {
        let text = String::from_utf8(read(path)?).ok().context(InputSnafu {
            field: "file",
            problem: format!("{} is no manifest", path.display()),
        })?;
        rims.push(verify_rim(&text, &RimRoot::nvidia(), now).context(ManifestSnafu { path })?);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        named = named.or(Board::from_file_name(&name));
    }
    let from_name = |part: fn(Board) -> String| named.clone().map(part);
    let need = |given: Option<String>, name: Option<String>, field| {
        given.or(name).context(InputSnafu {
            field,
            problem: "missing, and no file is named like NVIDIA's VBIOS manifests",
        })
    };
    let board = Board {
        project: need(project, from_name(|board| board.project), "--project")?,
        project_sku: need(
            project_sku,
            from_name(|board| board.project_sku),
            "--project-sku",
        )?,
        chip_sku: need(chip_sku, from_name(|board| board.chip_sku), "--chip-sku")?,
    };
    let refused = |problem: String| Problem::Golden { problem };
    let set = golden(&rims, vbios.as_deref(), &board).map_err(|e| refused(e.to_string()))?;
    let encoded = set.encode().map_err(|e| refused(e.to_string()))?;
    if vbios.is_some() {
        eprintln!("secret-ai: warning: without its manifest, the VBIOS is not judged by this set");
    }
    if let Some(path) = &out {
        std::fs::write(path, &encoded).context(WriteSnafu { path })?;
    }
    if json {
        show_json(&readable(&set))?;
    } else if out.is_none() {
        show(&format!("{}\n", hex::encode(&encoded)))?;
    } else {
        let count = set.entries.len();
        let id = hex::encode(set.id());
        show(&format!("golden set {id}, {count} measurements\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn readable(set: &GoldenSet) -> Value {
    let entries = set.entries.iter().map(|entry| {
        let values: Vec<String> = entry.values.iter().map(hex::encode).collect();
        json!({"index": entry.index, "values": values})
    });
    json!({
        "golden_id": hex::encode(set.id()),
        "arch": set.arch.name(),
        "driver_version": set.driver_version,
        "vbios_version": set.vbios_version,
        "project": set.project,
        "project_sku": set.project_sku,
        "chip_sku": set.chip_sku,
        "entries": entries.collect::<Vec<Value>>(),
    })
}

/// Prints; a reader that has seen enough and closed the pipe is no error, the exit code still counts.
fn show(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context(OutputSnafu),
        _ => Ok(()),
    }
}

/// Prints a document. Control characters that JSON allows in strings are escaped as well.
fn show_json(value: &Value) -> Result<()> {
    let mut text = String::new();
    for char in format!("{value:#}\n").chars() {
        match char {
            '\n' => text.push(char),
            _ if char.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => text.push(char),
        }
    }
    show(&text)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_file(path).context(ReadSnafu { path })
}

fn read_policy(path: &Path) -> Result<Policy> {
    let text = String::from_utf8(read(path)?).ok().context(InputSnafu {
        field: "--policy",
        problem: "is not UTF-8",
    })?;
    Ok(Policy::parse(
        &text,
        path.parent().unwrap_or(Path::new(".")),
    )?)
}

fn digest(text: &str) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes)
        .ok()
        .context(InputSnafu {
            field: "--rootfs",
            problem: "expected 64 hex digits",
        })?;
    Ok(bytes)
}

fn time_or_now(text: Option<&str>) -> Result<u64> {
    match text {
        Some(text) => Ok(parse_time(text)?),
        None => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Ok(now.map(|now| now.as_secs()).unwrap_or_default())
        }
    }
}
