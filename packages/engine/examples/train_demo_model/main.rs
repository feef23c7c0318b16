//! Trains the demo model and writes it as GGUF: `train_demo_model CORPUS OUTPUT [STEPS]`.
//!
//! demo-model/README.md says how to call it. Everything random follows from one seed.

mod corpus;
mod network;
mod vocabulary;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use corpus::{below, Corpus};
use network::Network;
use secret_ai_engine::embedded::{Metadata, Rng, Tokenizer};
use vocabulary::{BOS, END};

const SEED: u64 = 2026;
const VOCABULARY: usize = 640;
const SEQUENCE: usize = 192;
const BATCH: usize = 10;
const STEPS: usize = 600;
const WARM_UP: usize = 30;
const LEARNING_RATE: f64 = 4e-3;
const CONTEXT: u32 = 512;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, corpus, output, rest @ ..] = arguments.as_slice() else {
        return Err("usage: train_demo_model CORPUS OUTPUT [STEPS]".into());
    };
    let steps = rest.first().map_or(Ok(STEPS), |steps| steps.parse())?;
    let corpus = Corpus::parse(&std::fs::read_to_string(corpus)?)?;
    let mut rng = Rng::new(SEED);

    let texts: Vec<String> = (0..4_000)
        .map(|_| corpus.draw(&mut rng))
        .flat_map(|exchange| [exchange.ask, exchange.say])
        .collect();
    let vocabulary = vocabulary::learn(&texts, VOCABULARY)?;
    let values = vocabulary
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    let tokenizer = Tokenizer::from_metadata(&Metadata::new(values.collect()))?;

    let network = Network::new(tokenizer.vocabulary(), SEQUENCE, &mut rng)?;
    train(&network, &tokenizer, &corpus, &mut rng, steps)?;
    write(&network, &vocabulary, output)?;
    println!("wrote {} bytes", std::fs::metadata(output)?.len());
    Ok(())
}

/// Conversations of one or more exchanges, cut at the sequence's length. Only answers are learned.
struct Batch {
    tokens: Vec<u32>,
    places: Vec<u32>,
    targets: Vec<u32>,
}

fn draw(
    corpus: &Corpus,
    tokenizer: &Tokenizer,
    rng: &mut Rng,
) -> std::result::Result<Batch, Box<dyn Error>> {
    let mut batch = Batch {
        tokens: Vec::new(),
        places: Vec::new(),
        targets: Vec::new(),
    };
    for _ in 0..BATCH {
        let (mut row, mut learned) = (tokenizer.encode_prompt(BOS)?, vec![false]);
        while row.len() <= SEQUENCE {
            if row.len() > 1 && below(rng, 2) == 0 {
                row.extend(tokenizer.encode_prompt(BOS)?);
            }
            let exchange = corpus.draw(rng);
            let ask =
                tokenizer.encode_prompt(&format!("<|user|>{}{END}<|assistant|>", exchange.ask))?;
            let say = tokenizer.encode_prompt(&format!("{}{END}", exchange.say))?;
            // Both begin with the beginning token, which belongs only at the start of a conversation.
            row.extend(&ask[1..]);
            learned.resize(row.len(), false);
            row.extend(&say[1..]);
            learned.resize(row.len(), true);
        }
        let start = batch.tokens.len();
        batch.tokens.extend(&row[..SEQUENCE]);
        for next in 1..=SEQUENCE {
            if learned[next] {
                batch.places.push(u32::try_from(start + next - 1)?);
                batch.targets.push(row[next]);
            }
        }
    }
    Ok(batch)
}

fn train(
    network: &Network,
    tokenizer: &Tokenizer,
    corpus: &Corpus,
    rng: &mut Rng,
    steps: usize,
) -> std::result::Result<(), Box<dyn Error>> {
    let variables = network
        .weights()
        .iter()
        .map(|(_, var)| var.clone())
        .collect();
    let parameters = ParamsAdamW {
        lr: 0.0,
        beta2: 0.98,
        weight_decay: 0.01,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(variables, parameters)?;
    let started = Instant::now();
    for step in 1..=steps {
        let batch = draw(corpus, tokenizer, rng)?;
        let tokens = network::indices(&batch.tokens, &[BATCH, SEQUENCE])?;
        let places = network::indices(&batch.places, &[batch.places.len()])?;
        let targets = network::indices(&batch.targets, &[batch.targets.len()])?;
        let logits: Tensor = network.logits(&tokens, &places)?;
        let loss = candle_nn::loss::cross_entropy(&logits, &targets)?;
        optimizer.set_learning_rate(learning_rate(step, steps));
        optimizer.backward_step(&loss)?;
        if step % 20 == 0 || step == 1 {
            let seconds = started.elapsed().as_secs();
            println!(
                "step {step} of {steps}, loss {:.4}, {seconds} s",
                loss.to_scalar::<f32>()?
            );
        }
    }
    Ok(())
}

/// Linear warm-up, then half a cosine down to a fiftieth.
fn learning_rate(step: usize, steps: usize) -> f64 {
    if step < WARM_UP {
        return LEARNING_RATE * step as f64 / WARM_UP as f64;
    }
    let done = (step - WARM_UP) as f64 / (steps.saturating_sub(WARM_UP)).max(1) as f64;
    LEARNING_RATE * (0.02 + 0.49 * (1.0 + (std::f64::consts::PI * done).cos()))
}

fn write(
    network: &Network,
    vocabulary: &[(&str, Value)],
    output: &str,
) -> std::result::Result<(), Box<dyn Error>> {
    let number = |value: usize| u32::try_from(value).map(Value::U32);
    let mut metadata = vec![
        ("general.architecture", Value::String("llama".into())),
        ("general.name", Value::String("secret-ai-demo".into())),
        ("general.license", Value::String("apache-2.0".into())),
        ("llama.context_length", Value::U32(CONTEXT)),
        ("llama.block_count", number(network::LAYERS)?),
        ("llama.embedding_length", number(network::WIDTH)?),
        ("llama.feed_forward_length", number(network::FEED_FORWARD)?),
        ("llama.attention.head_count", number(network::HEADS)?),
        ("llama.attention.head_count_kv", number(network::KV_HEADS)?),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::F32(network::NORM_EPSILON),
        ),
        ("llama.rope.dimension_count", number(network::HEAD)?),
        ("llama.rope.freq_base", Value::F32(network::ROPE_BASE)),
        ("llama.vocab_size", number(network.weights()[0].1.dim(0)?)?),
    ];
    metadata.extend(vocabulary.iter().cloned());
    let tensors = network
        .weights()
        .iter()
        .map(|(name, var)| {
            let kind = if var.rank() == 1 {
                GgmlDType::F32
            } else {
                GgmlDType::Q8_0
            };
            Ok((name.as_str(), QTensor::quantize(var, kind)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (*name, tensor))
        .collect();
    let mut file = BufWriter::new(File::create(output)?);
    gguf_file::write(&mut file, &metadata, &tensors)?;
    Ok(())
}
