//! Forms with files, `multipart/form-data` (RFC 7578): read strictly, and written anew for the engine,
//! so that what was counted here is what the engine sees.

use bytes::Bytes;
use memchr::memmem;

use crate::error::ApiError;

/// Most parts of one form.
const MAX_PARTS: usize = 32;
/// Longest header section of one part, bytes.
const MAX_HEADERS: usize = 1_024;
/// Longest boundary (RFC 2046, section 5.1.1), bytes.
const MAX_BOUNDARY: usize = 70;

/// One field of a form.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Set for files.
    pub filename: Option<String>,
    pub data: Bytes,
}

/// The boundary in a `content-type` header; `None` if it is not that of a form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (essence, parameters) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameter(parameters, "boundary")?;
    let is_right = (1..=MAX_BOUNDARY).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !value.ends_with(' ');
    is_right.then_some(value)
}

/// Reads a form.
///
/// # Errors
/// 400 saying what is wrong, without a word of the form itself.
pub fn read(body: &Bytes, boundary: &str) -> Result<Vec<Part>, ApiError> {
    let bad = |what: &str| ApiError::bad_request("body", format!("body: {what}"));
    let delimiter = format!("--{boundary}");
    if !body.starts_with(delimiter.as_bytes()) {
        return Err(bad("the form does not begin with its boundary"));
    }
    let mut at = delimiter.len();
    let between = format!("\r\n{delimiter}");
    let finder = memmem::Finder::new(&between);
    let mut parts: Vec<Part> = Vec::new();
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(b"--") {
            let is_end = matches!(rest.get(2..), Some([] | b"\r\n"));
            return is_end
                .then_some(parts)
                .ok_or_else(|| bad("the form goes on after its end"));
        }
        if !rest.starts_with(b"\r\n") {
            return Err(bad("a line with a boundary has something else in it"));
        }
        if parts.len() == MAX_PARTS {
            return Err(bad(&format!("more than {MAX_PARTS} parts")));
        }
        // An empty header section leaves the delimiter's line end as its own.
        let window = rest.get(..rest.len().min(MAX_HEADERS)).unwrap_or_default();
        let headers = memmem::find(window, b"\r\n\r\n");
        let headers = headers.ok_or_else(|| bad("a part has no or too long headers"))?;
        let data_at = at.saturating_add(headers).saturating_add(4);
        let data = body.get(data_at..).unwrap_or_default();
        let length = finder
            .find(data)
            .ok_or_else(|| bad("the form does not end"))?;
        let end = data_at.saturating_add(length);
        let head = window
            .get(2..headers)
            .and_then(|head| std::str::from_utf8(head).ok());
        let (name, filename) = head
            .and_then(read_headers)
            .ok_or_else(|| bad("a part has headers that are not understood"))?;
        if parts.iter().any(|part| part.name == name) && !name.ends_with("[]") {
            return Err(bad("a field stands twice"));
        }
        let data = body.slice(data_at..end);
        parts.push(Part {
            name,
            filename,
            data,
        });
        at = end.saturating_add(between.len());
    }
}

/// Name and file name of a part.
fn read_headers(head: &str) -> Option<(String, Option<String>)> {
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if disposition.is_none() => disposition = Some(value),
            "content-type" | "content-length" => {}
            "content-transfer-encoding" if value.eq_ignore_ascii_case("binary") => {}
            _ => return None,
        }
    }
    let (kind, parameters) = disposition?.split_once(';')?;
    let is_form = kind.trim().eq_ignore_ascii_case("form-data");
    let name = parameter(parameters, "name").filter(|name| is_form && is_plain(name))?;
    let filename = parameter(parameters, "filename").map(str::to_owned);
    Some((name.to_owned(), filename))
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-[]".contains(&byte);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(is_plain)
}

/// The value of one parameter of a header, without its quotes. A quoted value has no quote in it: forms
/// write `%22` for it.
fn parameter<'a>(mut parameters: &'a str, name: &str) -> Option<&'a str> {
    loop {
        let (key, rest) = parameters.split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = rest.find(';').unwrap_or(rest.len());
                let (value, rest) = rest.split_at_checked(end)?;
                (value.trim(), rest)
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        parameters = rest.trim_start().strip_prefix(';')?;
    }
}

/// A form of these fields, with its media type. Names have to be plain, as those that were read are.
pub fn write(parts: &[Part]) -> (String, Bytes) {
    // Nobody can have put it into a file before it was drawn.
    let boundary = format!("{:032x}", rand::random::<u128>());
    let length: usize = parts.iter().map(|part| part.data.len() + 256).sum();
    let mut form = Vec::with_capacity(length);
    for Part {
        name,
        filename,
        data,
    } in parts
    {
        let file = match filename {
            Some(name) => {
                format!("; filename=\"{name}\"\r\nContent-Type: application/octet-stream")
            }
            None => String::new(),
        };
        let head = format!("Content-Disposition: form-data; name=\"{name}\"{file}");
        form.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        form.extend_from_slice(data);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/form-data; boundary={boundary}");
    (content_type, form.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, file's name and content.
    type Plain = (String, Option<String>, Vec<u8>);

    fn parts(form: &[u8]) -> Option<Vec<Plain>> {
        let parts = read(&Bytes::copy_from_slice(form), "b").ok()?;
        let plain = |part: Part| (part.name, part.filename, part.data.to_vec());
        Some(parts.into_iter().map(plain).collect())
    }

    #[test]
    fn boundaries_are_found_in_every_spelling() {
        for (text, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Form-Data;charset=x; Boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=abc", None),
            ("application/json; boundary=abc", None),
        ] {
            assert_eq!(boundary(text), expected, "{text}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
        assert_eq!(boundary(&long), None);
    }

    #[test]
    fn files_and_fields_are_read() {
        let form = b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n\
            --b\r\ncontent-disposition: form-data; filename=\"a;b.wav\"; name=file\r\n\
            Content-Type: audio/wav\r\n\r\n\r\n--\r\n-b\r\n--b--\r\n";
        let expected = vec![
            ("model".to_owned(), None, b"m".to_vec()),
            (
                "file".to_owned(),
                Some("a;b.wav".to_owned()),
                b"\r\n--\r\n-b".to_vec(),
            ),
        ];
        assert_eq!(parts(form), Some(expected));
        assert_eq!(parts(b"--b--"), Some(vec![]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let head = "Content-Disposition: form-data; name=\"model\"";
        for form in [
            String::new(),
            "--b".into(),
            format!("junk\r\n--b\r\n{head}\r\n\r\nm\r\n--b--"),
            format!("--b junk\r\n{head}\r\n\r\nm\r\n--b--"),
            format!("--b\r\n{head}\r\n\r\nm\r\n--bad\r\n--b--"),
            format!("--b\r\n{head}\r\n\r\nm\r\n--b--junk"),
            format!("--b\r\n{head}\r\n\r\nm"),
            format!("--b\r\n{head}\r\n\r\nm\r\n--b\r\n{head}\r\n\r\nother\r\n--b--"),
            format!("--b\r\n{head}\r\n{head}\r\n\r\nm\r\n--b--"),
            format!("--b\r\n{head}\r\nContent-Transfer-Encoding: base64\r\n\r\nbQ==\r\n--b--"),
            format!("--b\r\n{head}\r\nX-Other: 1\r\n\r\nm\r\n--b--"),
            "--b\r\nContent-Disposition: attachment; name=\"model\"\r\n\r\nm\r\n--b--".into(),
            "--b\r\nContent-Disposition: form-data; name=\"mo\\\"del\"\r\n\r\nm\r\n--b--".into(),
            "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nm\r\n--b--".into(),
            "--b\r\nContent-Type: text/plain\r\n\r\nm\r\n--b--".into(),
            "--b\r\n\r\nm\r\n--b--".into(),
            format!(
                "--b\r\n{head}; x=\"{}\"\r\n\r\nm\r\n--b--",
                "x".repeat(2_000)
            ),
        ] {
            assert_eq!(parts(form.as_bytes()), None, "{form}");
        }
        let field = format!("--b\r\n{head}[]\r\n\r\nm\r\n");
        let field = field.replace("\"[]", "[]\"");
        assert_eq!(
            parts(format!("{}--b--", field.repeat(32)).as_bytes())
                .unwrap()
                .len(),
            32
        );
        assert_eq!(parts(format!("{}--b--", field.repeat(33)).as_bytes()), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let part = |name: &str, filename: Option<&str>, data: &'static [u8]| Part {
            name: name.into(),
            filename: filename.map(str::to_owned),
            data: Bytes::from_static(data),
        };
        let form = [
            part("file", Some("audio.wav"), b"RIFF\r\n--b\0"),
            part("model", None, b"m"),
        ];
        let (content_type, body) = write(&form);
        let again = read(&body, boundary(&content_type).unwrap()).unwrap();
        assert!(again == form);
    }
}
