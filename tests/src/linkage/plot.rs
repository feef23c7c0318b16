//! docs/linkage.svg: bars with intervals.

use std::fmt::Write;

use super::report::Played;
use super::score::Advantage;

const WIDTH: f64 = 760.0;
/// Where advantage 0 is, and how wide advantage 1 is.
const ZERO: f64 = 290.0;
const UNIT: f64 = 430.0;
const TOP: f64 = 56.0;
const BAR: f64 = 10.0;
const GROUP: f64 = 46.0;
/// Name, class of the bar, and what it shows.
const SERIES: [(&str, &str); 3] = [("worker", "a"), ("model", "b"), ("pairs, above 50 %", "c")];
/// Readable on light and on dark ground.
const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.grid{stroke:#8c959f;stroke-opacity:.35}\
.zero{stroke:#57606a}.span{stroke:#24292f;stroke-width:1.5}.a{fill:#4c8dd6}.b{fill:#d0883a}.c{fill:#4f9d5d}\
@media(prefers-color-scheme:dark){text{fill:#d0d7de}.zero{stroke:#8c959f}.span{stroke:#f0f3f6}}";

/// The plot of all games.
pub fn svg(played: &[Played]) -> String {
    let height = TOP + GROUP * played.len() as f64 + 24.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Advantage of the adversary over guessing</title>\n\
         <style>{STYLE}</style>\n"
    );
    legend(&mut out);
    for tenth in [0, 2, 4, 6, 8, 10] {
        let x = ZERO + UNIT * f64::from(tenth) / 10.0;
        let class = if tenth == 0 { "zero" } else { "grid" };
        let (from, to) = (TOP - 8.0, height - 22.0);
        line(&mut out, class, (x, from), (x, to));
        let label = format!("{} %", tenth * 10);
        text(&mut out, (x, height - 8.0), "middle", &label);
    }
    for (group, game) in played.iter().enumerate() {
        let y = TOP + GROUP * group as f64;
        text(&mut out, (ZERO - 60.0, y + 20.0), "end", game.scenario.name);
        let outcome = &game.outcome;
        let bars = [&outcome.worker, &outcome.model, &outcome.pairs];
        for (place, advantage) in bars.into_iter().enumerate() {
            let y = y + (BAR + 2.0) * place as f64;
            // Pairs go up to 50 % above guessing.
            bar(&mut out, SERIES[place].1, y, advantage);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String) {
    text(
        out,
        (16.0, 18.0),
        "start",
        "Advantage over guessing, 95 % interval",
    );
    let mut x = ZERO;
    for (name, class) in SERIES {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"28\" width=\"10\" height=\"10\"/>"
        );
        text(out, (x + 15.0, 37.0), "start", name);
        x += 110.0;
    }
}

fn bar(out: &mut String, class: &str, y: f64, advantage: &Advantage) {
    let at = |value: f64| ZERO + UNIT * value;
    let (from, to) = (at(advantage.mean().min(0.0)), at(advantage.mean().max(0.0)));
    let width = (to - from).max(1.0);
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"/>"
    );
    let middle = y + BAR / 2.0;
    let (low, high) = (at(advantage.interval.0), at(advantage.interval.1));
    line(out, "span", (low, middle), (high, middle));
    for end in [low, high] {
        line(out, "span", (end, y + 2.0), (end, y + BAR - 2.0));
    }
}

fn line(out: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        out,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, content: &str) {
    let (x, y) = at;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>"
    );
}
