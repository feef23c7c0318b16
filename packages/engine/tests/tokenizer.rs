//! Counting with a model's own tokenizer: two readings of one vocabulary, what the embedded engine
//! produces, templates, and files that are not what they should be.
#![cfg(feature = "embedded")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use candle_core::quantized::gguf_file::{Content, Value as Gguf};
use futures_util::StreamExt;
use secret_ai_engine::embedded::{EmbeddedEngine, Rng, DEMO_MODEL_ID};
use secret_ai_engine::{
    Call, ChatMessage, ChatRequest, Endpoint, Engine, EngineError, Tokenizer, Tokens,
};
use serde_json::{json, Map, Value};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/demo-model/secret-ai-demo.gguf"
);
const CORPUS: &str = include_str!("../demo-model/corpus.txt");

/// A folder that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("secret-ai-tokenizer-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn strings(content: &Content, key: &str) -> Vec<String> {
    let Gguf::Array(values) = &content.metadata[key] else {
        panic!("{key} is a list")
    };
    let text = |value: &Gguf| value.to_string().unwrap().clone();
    values.iter().map(text).collect()
}

/// The demo model's vocabulary in the form of a `tokenizer.json`.
fn tokenizer_json() -> Value {
    let content = Content::read(&mut fs::File::open(FILE).unwrap()).unwrap();
    let tokens = strings(&content, "tokenizer.ggml.tokens");
    let merges = strings(&content, "tokenizer.ggml.merges");
    let vocab: Map<String, Value> = tokens.iter().cloned().zip((0..).map(Value::from)).collect();
    let special = |(id, text): (usize, &String)| {
        json!({
            "id": id, "content": text, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        })
    };
    let specials = tokens.iter().take(5).enumerate().map(special);
    let words = json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    });
    json!({
        "version": "1.0",
        "truncation": { "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0 },
        "padding": {
            "strategy": { "Fixed": 64 }, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "<|begin|>",
        },
        "added_tokens": specials.collect::<Vec<_>>(),
        "normalizer": null,
        "pre_tokenizer": words,
        "post_processor": null,
        "decoder": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": vocab, "merges": merges,
        },
    })
}

/// The demo model's template, as it stands beside a `tokenizer.json`.
fn config() -> Value {
    let content = Content::read(&mut fs::File::open(FILE).unwrap()).unwrap();
    let template = content.metadata["tokenizer.chat_template"]
        .to_string()
        .unwrap();
    json!({
        "bos_token": { "content": "<|begin|>" },
        "eos_token": "<|end|>",
        "chat_template": [
            { "name": "tool_use", "template": "{{ nothing }}" },
            { "name": "default", "template": template },
        ],
    })
}

fn open(folder: &Folder) -> Tokenizer {
    let path = folder.write("tokenizer.json", tokenizer_json().to_string());
    Tokenizer::open(&path).unwrap()
}

/// Texts of all kinds, always the same ones.
fn texts() -> Vec<String> {
    let odd = [
        "",
        " ",
        "\n\n  x",
        "Grüße 12345 😀\u{0}!",
        "don't\r\n\t",
        "ＡＢＣ",
        "a\u{300}e",
    ];
    let mut texts: Vec<String> = odd.map(String::from).to_vec();
    texts.extend(CORPUS.lines().map(String::from));
    let mut rng = Rng::new(7);
    let letters: Vec<char> = "aeinrst  .,'7é€\n".chars().collect();
    for _ in 0..200 {
        let length = rng.next_u64() % 60;
        let letter = |_| letters[(rng.next_u64() % letters.len() as u64) as usize];
        texts.push((0..length).map(letter).collect());
    }
    texts
}

#[test]
fn two_readings_of_one_vocabulary_count_the_same() {
    let folder = Folder::new("readings");
    let (json, gguf) = (open(&folder), Tokenizer::open(Path::new(FILE)).unwrap());
    let mut counted = 0;
    for text in texts() {
        let count = gguf.count_text(&text).unwrap();
        assert_eq!(json.count_text(&text), Some(count), "{text:?}");
        assert!(count <= text.len() as u64);
        counted += count;
    }
    assert!(
        counted > 5_000,
        "the texts are long enough to mean something"
    );
}

/// Text and `usage` of the engine's answer.
async fn answer(engine: &EmbeddedEngine, request: &ChatRequest) -> (String, u64, u64) {
    let call = Call {
        endpoint: Endpoint::ChatCompletions,
        model: request.model.clone(),
        content_type: "application/json".into(),
        body: Bytes::from(serde_json::to_vec(request).unwrap()),
        stream: false,
        trace: None,
    };
    let parts: Vec<_> = engine.call(call).await.unwrap().body.collect().await;
    let bytes: Vec<u8> = parts.into_iter().flat_map(|part| part.unwrap()).collect();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let tokens = |field: &str| answer["usage"][field].as_u64().unwrap();
    (
        text.into(),
        tokens("prompt_tokens"),
        tokens("completion_tokens"),
    )
}

fn ask(text: &str) -> ChatRequest {
    ChatRequest {
        temperature: Some(0.0),
        ..ChatRequest::from_user(DEMO_MODEL_ID, text)
    }
}

#[tokio::test]
async fn what_is_counted_is_what_the_engine_used() {
    let folder = Folder::new("engine");
    let config = config().to_string();
    folder.write("tokenizer_config.json", config);
    let engine = EmbeddedEngine::demo().unwrap();
    let counters = [open(&folder), Tokenizer::open(Path::new(FILE)).unwrap()];
    let questions = CORPUS.lines().filter_map(|line| line.strip_prefix("ask: "));
    let mut asked = 0;
    for question in questions.take(12).chain(["Hello!", "What is a receipt?"]) {
        let request = ask(question);
        let (text, prompt, completion) = answer(&engine, &request).await;
        let exact = Tokens {
            count: prompt,
            exact: true,
        };
        for counter in &counters {
            assert_eq!(
                counter.count_text(&text),
                Some(completion),
                "{question} -> {text}"
            );
            assert_eq!(counter.count_prompt(&request).unwrap(), exact);
        }
        assert_eq!(engine.count_text(DEMO_MODEL_ID, &text), Some(completion));
        assert_eq!(engine.count_text("other", &text), None);
        assert_eq!(engine.count_prompt(&request).await.unwrap(), exact);
        asked += 1;
    }
    assert!(asked > 2);
}

#[test]
fn what_engines_word_themselves_is_a_bound_between_the_text_and_its_bytes() {
    let folder = Folder::new("bound");
    folder.write("tokenizer_config.json", config().to_string());
    let counter = open(&folder);
    let long = "What is a receipt? ".repeat(400);
    let exact = counter.count_prompt(&ask(&long)).unwrap();
    assert!(exact.exact);

    let mut tools = ask(&long);
    let tool = json!([{ "type": "function", "function": { "name": "f" } }]);
    tools.extra.insert("tools".into(), tool);
    let mut parts = ask("");
    parts.messages[0].content = json!([{ "type": "text", "text": long }]);
    let mut named = ask(&long);
    named.messages[0].extra.insert("name".into(), json!("n"));
    let mut unknown = ask(&long);
    unknown
        .extra
        .insert("chat_template_kwargs".into(), json!({}));
    for request in [&tools, &parts, &named, &unknown] {
        let bound = counter.count_prompt(request).unwrap();
        let bytes = serde_json::to_vec(request).unwrap().len() as u64;
        assert!(!bound.exact);
        assert!(
            exact.count < bound.count && bound.count < bytes,
            "{bound:?}"
        );
    }
    let mut sampled = ask(&long);
    sampled.extra.insert("top_k".into(), json!(5));
    assert_eq!(counter.count_prompt(&sampled).unwrap(), exact);

    // Short prompts never count more than their bytes allow.
    let bare = Folder::new("bare");
    let bound = open(&bare).count_prompt(&ask("hi")).unwrap();
    assert!(!bound.exact && bound.count < 400, "{bound:?}");
    let mut picture = ask("");
    picture.messages[0].content = json!([{ "type": "image_url" }]);
    let refused = counter.count_prompt(&picture);
    assert!(matches!(refused, Err(EngineError::BadRequest { .. })));
}

#[test]
fn a_template_of_its_own_file_comes_first_and_may_refuse() {
    let folder = Folder::new("template");
    folder.write("tokenizer_config.json", config().to_string());
    let template = "{% if messages[0].role == 'tool' %}{{ raise_exception('no') }}{% endif %}\
                    {{ bos_token }}{{ messages[0].content.strip() }}";
    folder.write("chat_template.jinja", template);
    let counter = open(&folder);
    let text = "What is a session?";
    let count = counter.count_text(text).unwrap() + 1;
    let want = Tokens { count, exact: true };
    assert_eq!(
        counter.count_prompt(&ask(&format!("  {text} "))).unwrap(),
        want
    );
    let mut refused = ask(text);
    refused.messages = vec![ChatMessage::new("tool", text)];
    assert!(!counter.count_prompt(&refused).unwrap().exact);

    // What writes the date is not the same tomorrow.
    folder.write(
        "chat_template.jinja",
        "{{ strftime_now is defined }}{{ messages[0].content }}",
    );
    let dated = open(&folder).count_prompt(&ask(text)).unwrap();
    assert!(!dated.exact && dated.count > count);
}

#[test]
fn files_that_are_no_tokenizers_are_named() {
    let folder = Folder::new("files");
    let refusal = |path: &Path| Tokenizer::open(path).unwrap_err().to_string();
    let missing = refusal(&folder.0.join("no.json"));
    assert!(missing.contains("no.json: No such file"), "{missing}");
    let text = folder.write("text.json", "no json");
    let error = refusal(&text);
    assert!(error.contains("text.json: no tokenizer.json"), "{error}");
    let cut = folder.write("cut.gguf", &fs::read(FILE).unwrap()[..200]);
    assert!(refusal(&cut).contains("cut.gguf: "), "{}", refusal(&cut));

    let good = folder.write("tokenizer.json", tokenizer_json().to_string());
    folder.write("tokenizer_config.json", "{");
    assert!(refusal(&good).contains("tokenizer_config.json: "));
    let broken = json!({ "chat_template": "{% if %}" });
    folder.write("tokenizer_config.json", broken.to_string());
    let error = refusal(&good);
    assert!(error.contains("the chat template"), "{error}");
    folder.write("chat_template.jinja", " ".repeat((1 << 20) + 1));
    let error = refusal(&good);
    assert!(
        error.contains("jinja: longer than 1048576 bytes"),
        "{error}"
    );
    folder.write("tokenizer_config.json", "{}");
    fs::remove_file(folder.0.join("chat_template.jinja")).unwrap();
    assert!(Tokenizer::open(&good).is_ok());
}
