//! A request under the name that an engine has for its model.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;

use crate::chat::bad;
use crate::{Call, EngineError};

/// The only field that is looked at; a body that has it twice is refused.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
}

/// `call` for the model `name`: nothing but the model's name changes in its body.
///
/// # Errors
/// A body without a readable model.
pub(super) fn renamed(call: &Call, name: &str) -> Result<Call, EngineError> {
    let body = match boundary(&call.content_type) {
        Some(boundary) => in_form(&call.body, boundary, name),
        None => in_json(&call.body, name),
    };
    Ok(Call {
        model: name.to_owned(),
        body: body.ok_or_else(|| bad("model", "cannot be read in the body"))?,
        ..call.clone()
    })
}

fn in_json(body: &[u8], name: &str) -> Option<Bytes> {
    let Cow::Borrowed(old) = serde_json::from_slice::<Named>(body).ok()?.model else {
        // Written with escapes, so that its place cannot be told.
        return None;
    };
    let start = (old.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let end = start.checked_add(old.len())?;
    let name = serde_json::to_string(name).ok()?;
    // The quotes are the new name's own.
    let (before, after) = (body.get(..start.checked_sub(1)?)?, body.get(end + 1..)?);
    Some([before, name.as_bytes(), after].concat().into())
}

/// Boundary of a `multipart/form-data` body (RFC 7578); `None` for another media type.
fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type
        .trim()
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    let mut parameters = parameters.split(';').filter_map(|p| p.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(value.trim().trim_matches('"'))
}

/// Writes `name` into every part that is named `model`.
fn in_form(body: &[u8], boundary: &str, name: &str) -> Option<Bytes> {
    let delimiter = format!("--{boundary}");
    let starts: Vec<usize> = memmem::find_iter(body, delimiter.as_bytes()).collect();
    let (mut new, mut copied) = (Vec::with_capacity(body.len() + name.len()), 0);
    for pair in starts.windows(2) {
        let part = &body[pair[0]..pair[1]];
        let head = memmem::find(part, b"\r\n\r\n")? + 4;
        let content_end = part.strip_suffix(b"\r\n")?.len();
        if head <= content_end && is_model(&part[..head]) {
            new.extend_from_slice(&body[copied..pair[0] + head]);
            new.extend_from_slice(name.as_bytes());
            copied = pair[0] + content_end;
        }
    }
    if copied == 0 {
        return None;
    }
    new.extend_from_slice(&body[copied..]);
    Some(new.into())
}

fn is_model(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let mut parameters = head.lines().flat_map(|line| {
        let is_disposition = line
            .to_ascii_lowercase()
            .starts_with("content-disposition:");
        line.split(';').skip(1).filter(move |_| is_disposition)
    });
    parameters.any(|parameter| matches!(parameter.trim(), "name=\"model\"" | "name=model"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    fn call(content_type: &str, body: &str) -> Call {
        Call {
            endpoint: Endpoint::ChatCompletions,
            model: "sold".into(),
            content_type: content_type.into(),
            body: body.to_owned().into(),
            stream: false,
            trace: None,
        }
    }

    fn json(body: &str) -> Option<String> {
        let renamed = renamed(&call("application/json", body), "a \"b\"").ok()?;
        assert_eq!(renamed.model, "a \"b\"");
        String::from_utf8(renamed.body.to_vec()).ok()
    }

    #[test]
    fn only_the_name_changes_in_json() {
        assert_eq!(
            json(r#"{"seed":  1e400,"x":{"model":"sold"}, "model" :"sold","n":1.50}"#).unwrap(),
            r#"{"seed":  1e400,"x":{"model":"sold"}, "model" :"a \"b\"","n":1.50}"#
        );
        assert_eq!(json(r#"{"model":""}"#).unwrap(), r#"{"model":"a \"b\""}"#);
        for unclear in [
            r#"{"model":"sold","model":"sold"}"#,
            r#"{"model":"s\u006fld"}"#,
            r#"{"model":1}"#,
            r#"{}"#,
            "",
        ] {
            assert_eq!(json(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn only_the_part_named_model_changes_in_a_form() {
        let form = |name: &str| {
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\
                 Content-Type: audio/wav\r\n\r\nname=\"model\"\r\n\r\nsold\r\n--x\r\n\
                 content-disposition: form-data; name=\"model\"\r\n\r\n{name}\r\n--x--\r\n"
            )
        };
        let media_type = "multipart/form-data; boundary=\"x\"";
        let renamed = renamed(&call(media_type, &form("sold")), "own").unwrap();
        assert_eq!(renamed.body, form("own"));
        for without in ["", "--x--\r\n", "--x\r\n\r\nsold\r\n--x--"] {
            assert!(super::renamed(&call(media_type, without), "own").is_err());
        }
    }
}
