//! The Llama architecture over quantized weights.
//!
//! Pre-norm transformer with rotary positions over neighbouring pairs, grouped-query attention and a gated
//! feed-forward part; tensor names and metadata keys as in llama.cpp's GGUF files
//! (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>). Weights are shared by all requests; what
//! belongs to one request is its [`Cache`].

use std::io::{Read, Seek};

use candle_core::quantized::{gguf_file, QMatMul, QTensor};
use candle_core::{Device, Module, Result, Tensor};
use candle_nn::ops::{rms_norm, silu, softmax_last_dim};
use candle_nn::rotary_emb::rope_i;

use super::metadata::{Metadata, Missing};

/// Limits that keep a bad file from asking for absurd memory.
const MAX_LAYERS: usize = 512;
const MAX_HEADS: usize = 1_024;
const MAX_WIDTH: usize = 65_536;

/// The numbers that shape a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    layers: usize,
    heads: usize,
    kv_heads: usize,
    head: usize,
    rotated: usize,
    rope_base: f32,
    norm_epsilon: f32,
    /// Tokens that the model was trained for.
    pub(super) context: usize,
}

impl Shape {
    /// Bytes of keys and values of one request that fills `context` tokens.
    pub(super) fn cache_bytes(&self, context: usize) -> u64 {
        let per_token = [2, self.layers, self.kv_heads, self.head, size_of::<f32>()];
        let sizes = per_token.into_iter().chain([context]);
        sizes.fold(1, |all, size| all.saturating_mul(size as u64))
    }

    pub(super) fn from_metadata(metadata: &Metadata) -> std::result::Result<Self, Missing> {
        match metadata.string("general.architecture")? {
            "llama" => {}
            other => return Err(Missing::unsupported("general.architecture", other)),
        }
        let width = metadata.size("llama.embedding_length", MAX_WIDTH)?;
        let heads = metadata.size("llama.attention.head_count", MAX_HEADS)?;
        let kv_heads = metadata
            .size("llama.attention.head_count_kv", heads)
            .unwrap_or(heads);
        let head = metadata
            .size("llama.attention.key_length", MAX_WIDTH)
            .unwrap_or(width / heads);
        if !heads.is_multiple_of(kv_heads) {
            return Err(Missing::unsupported(
                "llama.attention.head_count_kv",
                &kv_heads.to_string(),
            ));
        }
        let rotated = metadata
            .size("llama.rope.dimension_count", head)
            .unwrap_or(head);
        if head == 0 || rotated != head || !head.is_multiple_of(2) {
            return Err(Missing::unsupported(
                "llama.rope.dimension_count",
                &rotated.to_string(),
            ));
        }
        Ok(Self {
            layers: metadata.size("llama.block_count", MAX_LAYERS)?,
            heads,
            kv_heads,
            head,
            rotated,
            rope_base: metadata.float("llama.rope.freq_base").unwrap_or(10_000.0),
            norm_epsilon: metadata.float("llama.attention.layer_norm_rms_epsilon")?,
            context: metadata.size("llama.context_length", 1 << 24)?,
        })
    }
}

/// Bytes of a file's weights in memory: as they are in the file, and the embedding once more as f32.
pub(super) fn weight_bytes(content: &gguf_file::Content) -> u64 {
    let tensors = content.tensor_infos.iter().map(|(name, info)| {
        let (elements, kind) = (info.shape.elem_count(), info.ggml_dtype);
        let packed = elements / kind.block_size() * kind.type_size();
        let whole = match name.as_str() {
            "token_embd.weight" => elements.saturating_mul(size_of::<f32>()),
            _ => 0,
        };
        packed.saturating_add(whole) as u64
    });
    tensors.fold(0, u64::saturating_add)
}

struct Layer {
    attention_norm: Tensor,
    q: QMatMul,
    k: QMatMul,
    v: QMatMul,
    output: QMatMul,
    ffn_norm: Tensor,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
}

/// A loaded model.
pub(super) struct Llama {
    device: Device,
    shape: Shape,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    head: QMatMul,
    cos: Tensor,
    sin: Tensor,
}

/// Keys and values of what one request has seen.
pub(super) struct Cache {
    seen: usize,
    layers: Vec<Option<(Tensor, Tensor)>>,
}

impl Llama {
    /// Reads the weights; positions are prepared for `context` tokens.
    pub(super) fn load<R: Read + Seek>(
        content: &gguf_file::Content,
        file: &mut R,
        shape: Shape,
        context: usize,
        device: &Device,
    ) -> Result<Self> {
        let mut quantized = |name: &str| -> Result<QTensor> { content.tensor(file, name, device) };
        let embedding = quantized("token_embd.weight")?;
        // Small models use the embedding a second time to find the next token.
        let head = match content.tensor_infos.contains_key("output.weight") {
            true => QMatMul::from_qtensor(quantized("output.weight")?)?,
            false => QMatMul::from_qtensor(quantized("token_embd.weight")?)?,
        };
        let mut layers = Vec::with_capacity(shape.layers);
        for i in 0..shape.layers {
            let mut part = |name: &str| quantized(&format!("blk.{i}.{name}.weight"));
            layers.push(Layer {
                attention_norm: part("attn_norm")?.dequantize(device)?,
                q: QMatMul::from_qtensor(part("attn_q")?)?,
                k: QMatMul::from_qtensor(part("attn_k")?)?,
                v: QMatMul::from_qtensor(part("attn_v")?)?,
                output: QMatMul::from_qtensor(part("attn_output")?)?,
                ffn_norm: part("ffn_norm")?.dequantize(device)?,
                gate: QMatMul::from_qtensor(part("ffn_gate")?)?,
                up: QMatMul::from_qtensor(part("ffn_up")?)?,
                down: QMatMul::from_qtensor(part("ffn_down")?)?,
            });
        }
        let norm = quantized("output_norm.weight")?.dequantize(device)?;
        // Llama 3.1 and later stretch the slow rotations for long contexts.
        let stretch = match content.tensor_infos.contains_key("rope_freqs.weight") {
            true => quantized("rope_freqs.weight")?
                .dequantize(device)?
                .to_vec1::<f32>()?,
            false => vec![1.0; shape.rotated / 2],
        };
        let angles: Vec<f32> = (0..context)
            .flat_map(|t| stretch.iter().enumerate().map(move |(i, s)| (t, i, s)))
            .map(|(t, i, s)| {
                t as f32
                    * shape
                        .rope_base
                        .powf(-((2 * i) as f32) / shape.rotated as f32)
                    / s
            })
            .collect();
        let angles = Tensor::from_vec(angles, (context, shape.rotated / 2), device)?;
        Ok(Self {
            device: device.clone(),
            shape,
            embedding: embedding.dequantize(device)?,
            layers,
            norm,
            head,
            cos: angles.cos()?,
            sin: angles.sin()?,
        })
    }

    /// Where it runs.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// The cache of a new request.
    pub(super) fn cache(&self) -> Cache {
        Cache {
            seen: 0,
            layers: self.layers.iter().map(|_| None).collect(),
        }
    }

    /// Reads `tokens` after what `cache` has seen; the logits of the token that follows.
    pub(super) fn forward(&self, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>> {
        let count = tokens.len();
        let ids = Tensor::from_slice(tokens, count, &self.device)?;
        let mut x = self.embedding.index_select(&ids, 0)?;
        let mask = match count {
            0 | 1 => None,
            _ => Some(mask(count, cache.seen, &self.device)?),
        };
        for (layer, past) in self.layers.iter().zip(cache.layers.iter_mut()) {
            let y = rms_norm(&x, &layer.attention_norm, self.shape.norm_epsilon)?;
            x = (x + self.attention(layer, &y, cache.seen, past, mask.as_ref())?)?;
            let y = rms_norm(&x, &layer.ffn_norm, self.shape.norm_epsilon)?;
            let gated = (silu(&layer.gate.forward(&y)?)? * layer.up.forward(&y)?)?;
            x = (x + layer.down.forward(&gated)?)?;
        }
        cache.seen += count;
        let last = x.narrow(0, count - 1, 1)?.contiguous()?;
        let last = rms_norm(&last, &self.norm, self.shape.norm_epsilon)?;
        self.head.forward(&last)?.flatten_all()?.to_vec1()
    }

    fn attention(
        &self,
        layer: &Layer,
        x: &Tensor,
        seen: usize,
        past: &mut Option<(Tensor, Tensor)>,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let Shape {
            heads,
            kv_heads,
            head,
            ..
        } = self.shape;
        let count = x.dim(0)?;
        let (cos, sin) = (
            self.cos.narrow(0, seen, count)?,
            self.sin.narrow(0, seen, count)?,
        );
        let split = |x: Tensor, heads: usize| {
            x.reshape((1, count, heads, head))?
                .transpose(1, 2)?
                .contiguous()
        };
        let q = rope_i(&split(layer.q.forward(x)?, heads)?, &cos, &sin)?;
        let k = rope_i(&split(layer.k.forward(x)?, kv_heads)?, &cos, &sin)?;
        let v = split(layer.v.forward(x)?, kv_heads)?;
        let (k, v) = match past.take() {
            Some((old_k, old_v)) => (
                Tensor::cat(&[&old_k, &k], 2)?,
                Tensor::cat(&[&old_v, &v], 2)?,
            ),
            None => (k, v),
        };
        *past = Some((k.clone(), v.clone()));

        // Query heads that share a key head are rows of one product.
        let rows = heads / kv_heads * count;
        let all = seen + count;
        let q = q.reshape((kv_heads, rows, head))?;
        let k = k.squeeze(0)?.transpose(1, 2)?.contiguous()?;
        let mut scores = (q.matmul(&k)? / (head as f64).sqrt())?;
        if let Some(mask) = mask {
            let per_head = scores.reshape((heads, count, all))?.broadcast_add(mask)?;
            scores = per_head.reshape((kv_heads, rows, all))?;
        }
        let weights = softmax_last_dim(&scores)?;
        let mixed = weights
            .matmul(&v.squeeze(0)?.contiguous()?)?
            .reshape((heads, count, head))?;
        let mixed = mixed
            .transpose(0, 1)?
            .contiguous()?
            .reshape((count, heads * head))?;
        layer.output.forward(&mixed)
    }
}

/// Hides from each of `count` new tokens what comes after it.
fn mask(count: usize, seen: usize, device: &Device) -> Result<Tensor> {
    let all = seen + count;
    let values: Vec<f32> = (0..count)
        .flat_map(|t| (0..all).map(move |s| if s > seen + t { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    Tensor::from_vec(values, (count, all), device)?.broadcast_as((1, count, all))
}
