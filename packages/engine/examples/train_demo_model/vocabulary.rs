//! Makes the byte-level BPE vocabulary: again and again, the commonest pair of neighbouring symbols becomes
//! a symbol of its own.

use std::collections::{BTreeMap, HashMap};

use candle_core::quantized::gguf_file::Value;
use fancy_regex::Regex;
use secret_ai_engine::embedded::char_of_byte;

pub const BOS: &str = "<|begin|>";
pub const END: &str = "<|end|>";
pub const ROLES: [&str; 3] = ["<|system|>", "<|user|>", "<|assistant|>"];

/// The words of GPT-2's `pre`, which the file names.
const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

const CHAT_TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}\
{{ '<|' + message.role + '|>' + message.content + eos_token }}{% endfor %}\
{% if add_generation_prompt %}<|assistant|>{% endif %}";

/// Learns a vocabulary of `size` tokens from `texts` and returns it as GGUF metadata.
pub fn learn(
    texts: &[String],
    size: usize,
) -> Result<Vec<(&'static str, Value)>, Box<fancy_regex::Error>> {
    let specials: Vec<&str> = [BOS, END].into_iter().chain(ROLES).collect();
    let mut tokens: Vec<String> = specials.iter().map(|text| (*text).to_owned()).collect();
    tokens.extend((0..=u8::MAX).map(|byte| char_of_byte(byte).to_string()));

    let words = Regex::new(WORDS).map_err(Box::new)?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        for word in words.find_iter(text) {
            let word = word
                .map_err(Box::new)?
                .as_str()
                .bytes()
                .map(char_of_byte)
                .collect();
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut words: Vec<(Vec<String>, usize)> = counts
        .into_iter()
        .map(|(word, count)| (word.chars().map(String::from).collect(), count))
        .collect();

    let mut merges = Vec::new();
    while tokens.len() < size {
        let Some((left, right)) = commonest(&words) else {
            break;
        };
        let joined = format!("{left}{right}");
        for (symbols, _) in &mut words {
            join(symbols, &left, &right, &joined);
        }
        merges.push(Value::String(format!("{left} {right}")));
        tokens.push(joined);
    }

    let control = specials.len();
    let types = (0..tokens.len())
        .map(|id| Value::I32(if id < control { 3 } else { 1 }))
        .collect();
    Ok(vec![
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("gpt-2".into())),
        (
            "tokenizer.ggml.tokens",
            Value::Array(tokens.into_iter().map(Value::String).collect()),
        ),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.merges", Value::Array(merges)),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(1)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
        (
            "tokenizer.chat_template",
            Value::String(CHAT_TEMPLATE.into()),
        ),
    ])
}

/// The commonest pair; the first in the alphabet among equals.
fn commonest(words: &[(Vec<String>, usize)]) -> Option<(String, String)> {
    let mut pairs: HashMap<(&str, &str), usize> = HashMap::new();
    for (symbols, count) in words {
        for pair in symbols.windows(2) {
            *pairs.entry((&pair[0], &pair[1])).or_default() += count;
        }
    }
    pairs
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|((left, right), _)| (left.to_owned(), right.to_owned()))
}

fn join(symbols: &mut Vec<String>, left: &str, right: &str, joined: &str) {
    let mut at = 0;
    while at + 1 < symbols.len() {
        if symbols[at] == left && symbols[at + 1] == right {
            symbols[at] = joined.to_owned();
            symbols.remove(at + 1);
        }
        at += 1;
    }
}
