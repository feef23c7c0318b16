//! Bad input is answered as a node of the main network answers it: code, codespace and text. The
//! texts are those of SecretNetwork v1.25 and its Cosmos SDK 0.50 (`x/auth/ante`, `baseapp`,
//! `x/compute/internal/keeper`, the enclave's error names). In a table `*` stands for any text: what
//! differs from run to run, and what Go's protobuf says where Rust's says something else.

mod failed;
mod lcd;
mod refused;
mod signatures;
mod stage;

/// Whether `text` is `pattern`, in which each `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn patterns_fit_whole_texts_only() {
    assert!(fits("a b", "a b") && fits("a * b *: c", "a x b y: c") && fits("*c", "abc"));
    assert!(!fits("a", "ab") && !fits("*b", "ba") && !fits("a*: c", "a: d") && !fits("b*", "ab"));
}
