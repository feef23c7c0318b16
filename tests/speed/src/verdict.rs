//! The targets, and what was measured for each.

use crate::crowd::Crowd;
use crate::load::{Kind, Scenario};
use crate::receipts::Receipts;
use crate::rounds::{Cell, Point, Results};

/// Names of the targets that others are compared with.
pub const DIRECT: &str = "direct";
pub const AGENT: &str = "agent";
pub const NGINX: &str = "nginx";
pub const RELAY: &str = "bare TCP relay";
pub const SGLANG: &str = "SGLang's router";
pub const LITELLM: &str = "LiteLLM";

/// One target.
pub struct Verdict {
    pub what: String,
    pub target: String,
    pub measured: String,
    /// `None`: there was nothing to compare with.
    pub is_met: Option<bool>,
}

/// Every target that the run can tell about.
pub fn verdicts(results: &Results, crowd: Option<&Crowd>, receipts: &Receipts) -> Vec<Verdict> {
    let mut all = Vec::new();
    for connections in [1, 32] {
        let scenario = |kind| Scenario { kind, connections };
        all.extend(beside_nginx(results, scenario(Kind::Plain), "p50", |p| {
            p.whole
        }));
        all.extend(beside_nginx(
            results,
            scenario(Kind::Stream),
            "first byte",
            |p| p.first,
        ));
        all.extend(beside_nginx(
            results,
            scenario(Kind::Paced),
            "first byte",
            |p| p.first,
        ));
        all.extend(beside_relay(results, scenario(Kind::Stream)));
        all.extend(beside_relay(results, scenario(Kind::Paced)));
        all.extend(beside_litellm(results, scenario(Kind::Plain)));
        all.extend(beside_litellm(results, scenario(Kind::Stream)));
    }
    all.extend(beside_sglang(results));
    all.push(Verdict {
        what: "receipt path, p50".into(),
        target: "at most 100 µs".into(),
        measured: format!("{:.0} µs ({:.0} a second)", receipts.p50, receipts.rate),
        is_met: Some(receipts.p50 <= 100.0),
    });
    all.extend(crowd.map(memory));
    all.extend(crowd.and_then(flatness));
    all
}

fn name(scenario: Scenario) -> String {
    let plural = if scenario.connections == 1 {
        "client"
    } else {
        "clients"
    };
    format!(
        "{}, {} {plural}",
        scenario.kind.name(),
        scenario.connections
    )
}

/// What two targets add to the direct way.
fn both_added(
    results: &Results,
    other: &str,
    scenario: Scenario,
    part: fn(&Point) -> f64,
) -> Option<(f64, f64)> {
    let direct = results.cell(DIRECT, scenario)?;
    let agent = results.cell(AGENT, scenario)?.added(direct, part);
    Some((agent, results.cell(other, scenario)?.added(direct, part)))
}

fn beside_nginx(
    results: &Results,
    scenario: Scenario,
    figure: &str,
    part: fn(&Point) -> f64,
) -> Option<Verdict> {
    let (agent, nginx) = both_added(results, NGINX, scenario, part)?;
    Some(Verdict {
        what: format!("added {figure}, {}", name(scenario)),
        target: "at most 2 × nginx's".into(),
        measured: format!("{agent:.0} µs, nginx {nginx:.0} µs"),
        // Below zero nothing is added: the cores were busy with something else.
        is_met: Some(agent <= (2.0 * nginx).max(0.0)),
    })
}

fn beside_relay(results: &Results, scenario: Scenario) -> Option<Verdict> {
    let cpu = |target| Some(results.cell(target, scenario)?.median(|p| p.cpu));
    let (agent, relay) = (cpu(AGENT)?, cpu(RELAY)?);
    Some(Verdict {
        what: format!("CPU per request, {}", name(scenario)),
        target: "at most 2 × the relay's".into(),
        measured: format!("{agent:.0} µs, relay {relay:.0} µs"),
        is_met: Some(agent <= 2.0 * relay),
    })
}

fn beside_litellm(results: &Results, scenario: Scenario) -> Option<Verdict> {
    let (agent, litellm) = both_added(results, LITELLM, scenario, |p| p.whole)?;
    Some(Verdict {
        what: format!("added p50, {}", name(scenario)),
        target: "at most a 50th of LiteLLM's".into(),
        measured: format!("{agent:.0} µs, LiteLLM {litellm:.0} µs"),
        is_met: Some(50.0 * agent <= litellm),
    })
}

/// What a cell of the table says.
type Figure = fn(&Cell) -> f64;

/// Time, first byte and CPU under every load that both have seen.
fn beside_sglang(results: &Results) -> Option<Verdict> {
    let figures: [(&str, Figure); 3] = [
        ("p50", |cell| cell.median(|p| p.whole)),
        ("first byte", |cell| cell.median(|p| p.first)),
        ("CPU", |cell| cell.median(|p| p.cpu)),
    ];
    let pairs = results.scenarios.iter().filter_map(|scenario| {
        let both = (
            results.cell(AGENT, *scenario)?,
            results.cell(SGLANG, *scenario)?,
        );
        Some((*scenario, both))
    });
    let (mut count, mut above) = (0, Vec::new());
    for (scenario, (agent, sglang)) in pairs {
        for (figure, part) in figures {
            count += 1;
            if part(agent) >= part(sglang) {
                above.push(format!("{figure} of {}", name(scenario)));
            }
        }
    }
    let measured = match above.as_slice() {
        [] => format!("below in all {count} figures"),
        above => format!(
            "not below in {} of {count}: {}",
            above.len(),
            above.join("; ")
        ),
    };
    (count > 0).then(|| Verdict {
        what: "everything".into(),
        target: "below SGLang's router".into(),
        measured,
        is_met: Some(above.is_empty()),
    })
}

/// What every further session takes.
fn memory(crowd: &Crowd) -> Verdict {
    let each = match (crowd.memory.first(), crowd.memory.last()) {
        (Some(few), Some(many)) if many.sessions > few.sessions => {
            let more = many.bytes.saturating_sub(few.bytes);
            Some(more / (many.sessions - few.sessions))
        }
        _ => None,
    };
    Verdict {
        what: "memory of an idle session".into(),
        target: "at most 1,024 bytes".into(),
        measured: each.map_or_else(|| "–".into(), |bytes| format!("{bytes} bytes")),
        is_met: each.map(|bytes| bytes <= 1_024),
    }
}

/// Noise allowed between agents with few and with many sessions.
const NOISE: f64 = 1.15;

fn flatness(crowd: &Crowd) -> Option<Verdict> {
    let (few, many) = (crowd.cells.first()?, crowd.cells.last()?);
    let (p50, cpu) = (
        many.median(|p| p.whole) / few.median(|p| p.whole),
        many.median(|p| p.cpu) / few.median(|p| p.cpu),
    );
    Some(Verdict {
        what: "plain, 32 clients: 100,000 sessions beside 1".into(),
        target: "the same p50 and CPU, within 15 %".into(),
        measured: format!("p50 × {p50:.2}, CPU × {cpu:.2}"),
        is_met: Some(p50 <= NOISE && cpu <= NOISE),
    })
}
