//! Limits that chats and text completions share.

use crate::json_body::bad;
use crate::EngineError;

/// Most stop strings in one request, and most bytes in each.
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 1_024;

/// Checks how tokens are chosen.
pub(crate) fn check_sampling(
    temperature: Option<f64>,
    top_p: Option<f64>,
) -> Result<(), EngineError> {
    if let Some(value) = temperature.filter(|value| !(0.0..=2.0).contains(value)) {
        return Err(bad("temperature", format!("is {value}, limit 0 to 2")));
    }
    match top_p {
        Some(value) if !(value > 0.0 && value <= 1.0) => {
            Err(bad("top_p", format!("is {value}, limit above 0 to 1")))
        }
        _ => Ok(()),
    }
}

/// Checks the strings that end an answer.
pub(crate) fn check_stops(stops: &[String]) -> Result<(), EngineError> {
    if stops.len() > MAX_STOPS {
        let reason = format!("{} strings, limit {MAX_STOPS}", stops.len());
        return Err(bad("stop", reason));
    }
    let mut lengths = stops.iter().map(String::len);
    match lengths.find(|length| !(1..=MAX_STOP_BYTES).contains(length)) {
        Some(length) => Err(bad(
            "stop",
            format!("{length} bytes, limit 1 to {MAX_STOP_BYTES}"),
        )),
        None => Ok(()),
    }
}
