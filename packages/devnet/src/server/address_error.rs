//! What the SDK says of a text that is no address (`AccAddressFromBech32`, over btcutil's bech32).

use super::super::ADDRESS_PREFIX;
use bech32::{primitives::decode::UncheckedHrpstring, Bech32, Fe32, Fe32IterExt};

/// Characters of a checksum.
const CHECKSUM: usize = 6;

/// The SDK's words, if the text is no address.
pub(super) fn address_error(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("empty address string is not allowed".into());
    }
    match bech32_error(text) {
        Some(words) => Some(format!("decoding bech32 failed: {words}")),
        None => wrong_prefix(&text.to_lowercase()),
    }
}

fn wrong_prefix(text: &str) -> Option<String> {
    let (prefix, _) = text.rsplit_once('1')?;
    (prefix != ADDRESS_PREFIX)
        .then(|| format!("invalid Bech32 prefix; expected {ADDRESS_PREFIX}, got {prefix}"))
}

fn bech32_error(text: &str) -> Option<String> {
    if !(8..=1023).contains(&text.len()) {
        return Some(format!("invalid bech32 string length {}", text.len()));
    }
    if let Some(odd) = text.bytes().find(|byte| !(33..=126).contains(byte)) {
        return Some(format!(
            "invalid character in string: '{}'",
            char::from(odd)
        ));
    }
    let has = |kind: fn(&u8) -> bool| text.bytes().any(|byte| kind(&byte));
    if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
        return Some("string not all lowercase or all uppercase".into());
    }
    let text = text.to_lowercase();
    let Some((prefix, data)) = text.rsplit_once('1') else {
        return Some("invalid separator index -1".into());
    };
    if prefix.is_empty() || data.len() < CHECKSUM {
        return Some(format!("invalid separator index {}", prefix.len()));
    }
    if let Some(odd) = data.chars().find(|c| Fe32::from_char(*c).is_err()) {
        let byte = u32::from(odd);
        return Some(format!("invalid character not part of charset: {byte}"));
    }
    let got = data.get(data.len() - CHECKSUM..)?;
    let expected = checksum(&text)?;
    (got != expected).then(|| format!("invalid checksum (expected {expected} got {got})"))
}

/// The checksum that prefix and data should have.
fn checksum(text: &str) -> Option<String> {
    let unchecked = UncheckedHrpstring::new(text).ok()?;
    let hrp = unchecked.hrp();
    let data = unchecked.data_part_ascii();
    let values = data.get(..data.len().checked_sub(CHECKSUM)?)?;
    let values = values.iter().map(|c| Fe32::from_char(char::from(*c)));
    let values: Vec<Fe32> = values.collect::<Result<_, _>>().ok()?;
    let whole: String = values
        .into_iter()
        .with_checksum::<Bech32>(&hrp)
        .chars()
        .collect();
    Some(whole.get(whole.len() - CHECKSUM..)?.to_owned())
}
