//! Which trace a call belongs to.

use std::fmt;

/// A span whose children an engine's spans are, written as `traceparent`
/// (<https://www.w3.org/TR/trace-context/#traceparent-header>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Not 0.
    pub trace_id: u128,
    /// Not 0.
    pub span_id: u64,
    /// Whether spans of this trace are kept.
    pub sampled: bool,
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span, flags) = (self.trace_id, self.span_id, u8::from(self.sampled));
        write!(f, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}
