//! The figures as tables, on standard output and between the markers of a page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::crowd::{Crowd, CROWDS};
use crate::load::Kind;
use crate::receipts::Receipts;
use crate::rounds::{Cell, Point, Results};
use crate::verdict::{Verdict, DIRECT};
use crate::Failure;

const BEGIN: &str = "<!-- speed: tables -->\n";
const END: &str = "<!-- speed: end -->";

/// All tables.
pub fn tables(
    results: &Results,
    crowd: Option<&Crowd>,
    receipts: &Receipts,
    verdicts: &[Verdict],
    missing: &[String],
) -> String {
    let mut text = String::new();
    targets(&mut text, verdicts);
    for kind in [Kind::Plain, Kind::Stream, Kind::Paced] {
        kind_table(&mut text, results, kind);
    }
    if let Some(crowd) = crowd {
        crowd_table(&mut text, crowd);
    }
    let Receipts { p50, p99, rate } = receipts;
    line(
        &mut text,
        &format!("Receipt path: p50 {p50:.0} µs, p99 {p99:.0} µs, {rate:.0} receipts a second on one thread, the last one on disk."),
    );
    for reason in missing {
        line(
            &mut text,
            &format!("Not measured, or not without errors: {reason}."),
        );
    }
    text
}

/// Replaces what stands between the markers of a page.
pub fn write(page: &Path, tables: &str) -> Result<(), Failure> {
    let text = fs::read_to_string(page)?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("the page has no markers for the tables")?;
    fs::write(page, format!("{before}{BEGIN}{tables}{END}{after}"))?;
    Ok(())
}

/// A paragraph. Writing to a text cannot fail.
fn line(text: &mut String, what: &str) {
    let _ = writeln!(text, "{what}\n");
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// First row of a table; all columns but the first hold numbers.
fn heading(text: &mut String, cells: &[String]) {
    row(text, cells);
    let rules: Vec<String> = (0..cells.len())
        .map(|at| if at == 0 { "---" } else { "---:" }.to_owned())
        .collect();
    row(text, &rules);
}

fn targets(text: &mut String, verdicts: &[Verdict]) {
    row(text, &["what", "target", "measured", ""].map(str::to_owned));
    row(text, &["---"; 4].map(str::to_owned));
    for verdict in verdicts {
        let met = match verdict.is_met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "–",
        };
        let Verdict {
            what,
            target,
            measured,
            ..
        } = verdict;
        row(
            text,
            &[what, target, measured, met].map(|cell| cell.to_string()),
        );
    }
    text.push('\n');
}

/// p50, p99, first byte, CPU and rate of every target under the loads of one kind.
fn kind_table(text: &mut String, results: &Results, kind: Kind) {
    let loads: Vec<_> = results
        .scenarios
        .iter()
        .filter(|it| it.kind == kind)
        .collect();
    let mut head = vec![format!("{}, µs", kind.name())];
    for load in &loads {
        let clients = load.connections;
        head.push(format!("{clients}: p50"));
        head.push("p99".into());
        if kind.is_stream() {
            head.push("first byte".into());
        }
        head.push("CPU".into());
        head.push("per second".into());
    }
    heading(text, &head);
    for target in &results.targets {
        let mut cells = vec![(*target).to_owned()];
        for load in &loads {
            let cell = results.cell(target, **load);
            cells.extend(figures(cell, kind, *target == DIRECT));
        }
        row(text, &cells);
    }
    text.push('\n');
}

fn figures(cell: Option<&Cell>, kind: Kind, is_direct: bool) -> Vec<String> {
    let median = |part: fn(&Point) -> f64| cell.map_or(f64::NAN, |cell| cell.median(part));
    let mut cells = vec![
        number(median(|p| p.whole)),
        number(cell.map_or(f64::NAN, Cell::p99)),
    ];
    if kind.is_stream() {
        cells.push(number(median(|p| p.first)));
    }
    cells.push(number(if is_direct {
        f64::NAN
    } else {
        median(|p| p.cpu)
    }));
    cells.push(number(median(|p| p.rate)));
    if cell.is_some_and(|cell| cell.errors > 0) {
        // Figures with errors among them are marked.
        cells.iter_mut().take(1).for_each(|cell| cell.push('!'));
    }
    cells
}

fn crowd_table(text: &mut String, crowd: &Crowd) {
    let head = ["sessions", "plain, 32 clients: p50 µs", "CPU µs"];
    heading(text, &head.map(str::to_owned));
    for (sessions, cell) in CROWDS.iter().zip(&crowd.cells) {
        let cells = [
            number(*sessions as f64),
            number(cell.median(|p| p.whole)),
            number(cell.median(|p| p.cpu)),
        ];
        row(text, &cells);
    }
    text.push('\n');
    heading(
        text,
        &["sessions, all idle", "memory, KiB"].map(str::to_owned),
    );
    for memory in &crowd.memory {
        let cells = [
            number(memory.sessions as f64),
            number(memory.bytes as f64 / 1_024.0),
        ];
        row(text, &cells);
    }
    text.push('\n');
}

/// A whole number with commas.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
