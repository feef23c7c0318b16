//! The Llama architecture once more, in operations that can be differentiated, over a batch of sequences.
//! Inference (`embedded::llama`) reads what this one writes.

use candle_core::{DType, Device, Result, Tensor, Var, D};
use candle_nn::ops::{rms_norm_slow, silu, softmax};
use candle_nn::rotary_emb::rope_i_slow;
use secret_ai_engine::embedded::Rng;

pub const WIDTH: usize = 128;
pub const LAYERS: usize = 2;
pub const HEADS: usize = 4;
pub const KV_HEADS: usize = 2;
pub const HEAD: usize = WIDTH / HEADS;
pub const FEED_FORWARD: usize = 288;
pub const NORM_EPSILON: f32 = 1e-5;
pub const ROPE_BASE: f32 = 10_000.0;

struct Layer {
    attention_norm: Var,
    q: Var,
    k: Var,
    v: Var,
    output: Var,
    ffn_norm: Var,
    gate: Var,
    up: Var,
    down: Var,
}

/// The weights in training, under their GGUF names.
pub struct Network {
    embedding: Var,
    layers: Vec<Layer>,
    norm: Var,
    named: Vec<(String, Var)>,
    cos: Tensor,
    sin: Tensor,
    mask: Tensor,
}

impl Network {
    /// Random weights for a vocabulary and sequences of a fixed number of tokens.
    pub fn new(vocabulary: usize, sequence: usize, rng: &mut Rng) -> Result<Self> {
        let mut named = Vec::new();
        let mut var = |name: String, dims: &[usize], spread: Option<f64>| -> Result<Var> {
            let count = dims.iter().product();
            let values: Vec<f32> = match spread {
                Some(spread) => (0..count).map(|_| (normal(rng) * spread) as f32).collect(),
                None => vec![1.0; count],
            };
            let var = Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu)?)?;
            named.push((name, var.clone()));
            Ok(var)
        };
        let embedding = var("token_embd.weight".into(), &[vocabulary, WIDTH], Some(0.05))?;
        let kv = KV_HEADS * HEAD;
        let inner = Some((1.0 / WIDTH as f64).sqrt());
        let outer = Some((1.0 / (2.0 * LAYERS as f64 * FEED_FORWARD as f64)).sqrt());
        let mut layers = Vec::new();
        for i in 0..LAYERS {
            let name = |part: &str| format!("blk.{i}.{part}.weight");
            layers.push(Layer {
                attention_norm: var(name("attn_norm"), &[WIDTH], None)?,
                q: var(name("attn_q"), &[WIDTH, WIDTH], inner)?,
                k: var(name("attn_k"), &[kv, WIDTH], inner)?,
                v: var(name("attn_v"), &[kv, WIDTH], inner)?,
                output: var(name("attn_output"), &[WIDTH, WIDTH], outer)?,
                ffn_norm: var(name("ffn_norm"), &[WIDTH], None)?,
                gate: var(name("ffn_gate"), &[FEED_FORWARD, WIDTH], inner)?,
                up: var(name("ffn_up"), &[FEED_FORWARD, WIDTH], inner)?,
                down: var(name("ffn_down"), &[WIDTH, FEED_FORWARD], outer)?,
            });
        }
        let norm = var("output_norm.weight".into(), &[WIDTH], None)?;

        let angles: Vec<f32> = (0..sequence)
            .flat_map(|t| (0..HEAD / 2).map(move |i| (t, i)))
            .map(|(t, i)| t as f32 * ROPE_BASE.powf(-((2 * i) as f32) / HEAD as f32))
            .collect();
        let angles = Tensor::from_vec(angles, (sequence, HEAD / 2), &Device::Cpu)?;
        let mask: Vec<f32> = (0..sequence)
            .flat_map(|t| (0..sequence).map(move |s| if s > t { f32::NEG_INFINITY } else { 0.0 }))
            .collect();
        let mask = Tensor::from_vec(mask, (sequence, sequence), &Device::Cpu)?;
        let (cos, sin) = (angles.cos()?, angles.sin()?);
        Ok(Self {
            embedding,
            layers,
            norm,
            named,
            cos,
            sin,
            mask,
        })
    }

    /// All weights by name, in the order they are written to the file.
    pub fn weights(&self) -> &[(String, Var)] {
        &self.named
    }

    /// Logits [places, vocabulary] for the token after each of `places` (indices into the flattened
    /// `tokens` [batch, sequence]).
    pub fn logits(&self, tokens: &Tensor, places: &Tensor) -> Result<Tensor> {
        let (batch, sequence) = tokens.dims2()?;
        let mut x = self.embedding.embedding(&tokens.flatten_all()?)?;
        for layer in &self.layers {
            let y = rms_norm_slow(&x, &layer.attention_norm, NORM_EPSILON)?;
            x = (x + self.attention(layer, &y, batch, sequence)?)?;
            let y = rms_norm_slow(&x, &layer.ffn_norm, NORM_EPSILON)?;
            let gated = (silu(&linear(&y, &layer.gate)?)? * linear(&y, &layer.up)?)?;
            x = (x + linear(&gated, &layer.down)?)?;
        }
        let x = rms_norm_slow(&x.index_select(places, 0)?, &self.norm, NORM_EPSILON)?;
        linear(&x, &self.embedding)
    }

    fn attention(
        &self,
        layer: &Layer,
        x: &Tensor,
        batch: usize,
        sequence: usize,
    ) -> Result<Tensor> {
        let heads = |x: Tensor, heads: usize| {
            x.reshape((batch, sequence, heads, HEAD))?
                .transpose(1, 2)?
                .contiguous()
        };
        let q = rope_i_slow(&heads(linear(x, &layer.q)?, HEADS)?, &self.cos, &self.sin)?;
        let k = rope_i_slow(
            &heads(linear(x, &layer.k)?, KV_HEADS)?,
            &self.cos,
            &self.sin,
        )?;
        let v = heads(linear(x, &layer.v)?, KV_HEADS)?;
        let group = HEADS / KV_HEADS;
        let q = q.reshape((batch, KV_HEADS, group * sequence, HEAD))?;
        let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? / (HEAD as f64).sqrt())?;
        let scores = scores
            .reshape((batch, HEADS, sequence, sequence))?
            .broadcast_add(&self.mask)?;
        let weights = softmax(&scores, D::Minus1)?;
        let mixed = weights
            .reshape((batch, KV_HEADS, group * sequence, sequence))?
            .matmul(&v)?;
        let mixed = mixed
            .reshape((batch, HEADS, sequence, HEAD))?
            .transpose(1, 2)?;
        linear(
            &mixed.contiguous()?.reshape((batch * sequence, WIDTH))?,
            &layer.output,
        )
    }
}

fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    x.matmul(&weight.t()?)
}

/// Box and Muller's normal numbers.
fn normal(rng: &mut Rng) -> f64 {
    let (a, b) = (1.0 - rng.unit(), rng.unit());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

/// Token ids or places as a tensor.
pub fn indices(values: &[u32], dims: &[usize]) -> Result<Tensor> {
    Tensor::from_slice(values, dims, &Device::Cpu)?.to_dtype(DType::U32)
}
