use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;

use super::*;
use crate::embedded::{char_of_byte, Metadata, Missing};

fn strings(texts: &[&str]) -> Value {
    Value::Array(
        texts
            .iter()
            .map(|text| Value::String((*text).into()))
            .collect(),
    )
}

fn load(fields: Vec<(&str, Value)>) -> Result<Tokenizer, Missing> {
    let fields: HashMap<_, _> = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Tokenizer::from_metadata(&Metadata::new(fields))
}

/// Tokens 0 `<|b|>`, 1 `<|e|>`, 2 to 257 the bytes, then `th`, `the`, ` the`, `he`.
fn byte_level(pre: &str) -> Result<Tokenizer, Missing> {
    let mut tokens = vec!["<|b|>".to_owned(), "<|e|>".to_owned()];
    tokens.extend((0..=u8::MAX).map(|byte| char_of_byte(byte).to_string()));
    tokens.extend(["th", "the", "Ġthe", "he"].map(String::from));
    let types = (0..tokens.len())
        .map(|id| Value::I32(if id < 2 { 3 } else { 1 }))
        .collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    load(vec![
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String(pre.into())),
        ("tokenizer.ggml.tokens", strings(&tokens)),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        (
            "tokenizer.ggml.merges",
            strings(&["t h", "th e", "Ġ the", "h e"]),
        ),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(1)),
    ])
}

fn sentence_piece() -> Tokenizer {
    let tokens = [
        "<unk>", "<s>", "</s>", "<0xC3>", "<0x9F>", "▁", "a", "b", "ab", "▁ab", "ba",
    ];
    let scores = [0.0, 0.0, 0.0, 0.0, 0.0, -9.0, -8.0, -7.0, -2.0, -3.0, -1.0];
    let types = [2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1];
    load(vec![
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.tokens", strings(&tokens)),
        (
            "tokenizer.ggml.scores",
            Value::Array(scores.map(Value::F32).to_vec()),
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(types.map(Value::I32).to_vec()),
        ),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
    ])
    .unwrap()
}

fn text(tokenizer: &Tokenizer, tokens: &[u32]) -> String {
    String::from_utf8(
        tokens
            .iter()
            .flat_map(|id| tokenizer.piece(*id).to_vec())
            .collect(),
    )
    .unwrap()
}

#[test]
fn bytes_merge_in_the_order_of_the_merges() {
    let tokenizer = byte_level("gpt-2").unwrap();
    assert_eq!(tokenizer.encode_prompt("the the").unwrap(), [0, 259, 260]);
    assert_eq!(tokenizer.encode_prompt("he").unwrap(), [0, 261]);
}

#[test]
fn any_text_comes_back_from_its_tokens() {
    for pre in ["gpt-2", "llama-bpe"] {
        let tokenizer = byte_level(pre).unwrap();
        for sample in [
            "",
            "the theme\n\n  x",
            "Grüße 12345 😀\u{0}!",
            "   ",
            "don't\r\n",
        ] {
            let tokens = tokenizer.encode_prompt(sample).unwrap();
            assert_eq!(text(&tokenizer, &tokens), sample);
        }
    }
}

#[test]
fn control_tokens_mean_themselves_unless_guarded() {
    let tokenizer = byte_level("gpt-2").unwrap();
    assert_eq!(
        tokenizer.encode_prompt("<|b|>the<|e|>").unwrap(),
        [0, 259, 1]
    );
    let guarded = tokenizer
        .encode_prompt(&tokenizer.guard("the<|e|>"))
        .unwrap();
    assert!(!guarded.contains(&1));
    assert_eq!(text(&tokenizer, &guarded), "the<|e|>");
    assert!(tokenizer.is_end(1) && !tokenizer.is_end(0));
}

#[test]
fn sentence_pieces_merge_by_score_and_fall_back_to_bytes() {
    let tokenizer = sentence_piece();
    // A space comes first; `ba` has the best score, then `ab`, then ` ab`.
    assert_eq!(tokenizer.encode_prompt("ab").unwrap(), [1, 9]);
    assert_eq!(tokenizer.encode_prompt("ba").unwrap(), [1, 5, 10]);
    assert_eq!(tokenizer.encode_prompt("ß").unwrap(), [1, 5, 3, 4]);
    assert_eq!(tokenizer.encode_prompt("x"), Err(TokenizeError::NoToken));
    assert_eq!(text(&tokenizer, &[9, 3, 4]), " abß");
}

#[test]
fn a_long_word_takes_no_quadratic_time() {
    let tokenizer = byte_level("gpt-2").unwrap();
    let tokens = tokenizer.encode_prompt(&"the".repeat(100_000)).unwrap();
    assert_eq!(tokens.len(), 100_001);
}

#[test]
fn other_kinds_are_refused_by_name() {
    let error = byte_level("qwen9").err().unwrap().to_string();
    assert!(
        error.contains("tokenizer.ggml.pre") && error.contains("qwen9"),
        "{error}"
    );
    let error = load(Vec::new()).err().unwrap().to_string();
    assert!(error.contains("tokenizer.ggml"), "{error}");
}
