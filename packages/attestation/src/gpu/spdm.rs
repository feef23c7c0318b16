//! The outer form of evidence: an SPDM 1.1 GET_MEASUREMENTS request and its response (DMTF DSP0274
//! §10.11), one after the other, as NVIDIA's driver hands them out.
//!
//! ```text
//! request   11 e0 01 ff ‖ nonce 32 ‖ slot 00                       all blocks, signed
//! response  11 60 00 00 ‖ blocks u8 ‖ record length u24 LE ‖ record
//!           ‖ responder's nonce 32 ‖ opaque length u16 LE ‖ opaque data ‖ signature 96 (r ‖ s)
//! block     index u8 ‖ 01 (DMTF) ‖ 51 u16 LE ‖ 01 (digest of mutable firmware) ‖ 48 u16 LE ‖ value 48
//! ```
//!
//! Blocks come in ascending order, as every real report has them. The signature covers everything
//! before it, the request included.

use crate::bytes::{Reader, Short};
use crate::error::Error;
use crate::gpu::{GpuError, EVIDENCE_LIMIT};

/// What stands before the nonce of the request.
pub(super) const REQUEST: [u8; 4] = [0x11, 0xe0, 0x01, 0xff];
/// Slot of the certificate chain that signs.
pub(super) const SLOT: u8 = 0;
/// What stands before the number of blocks of the response.
pub(super) const RESPONSE: [u8; 4] = [0x11, 0x60, 0x00, 0x00];
/// What stands between a block's index and its value.
pub(super) const BLOCK: [u8; 6] = [0x01, 51, 0, 0x01, 48, 0];
/// Bytes of a block.
pub(super) const BLOCK_LENGTH: usize = 55;
/// Highest index of a block.
pub(super) const BLOCKS: u8 = 64;

/// Measurement 0 to 63, which is the block with an index one higher; none where there is no block.
pub(super) type Measurements = Vec<Option<[u8; 48]>>;

/// Evidence taken apart; only its form was checked.
pub(super) struct Evidence<'a> {
    pub nonce: [u8; 32],
    pub measurements: Measurements,
    pub opaque: &'a [u8],
    /// Responder's nonce, opaque length, opaque data and signature, as they stand.
    pub rest: &'a [u8],
    pub signed: &'a [u8],
    pub signature: [u8; 96],
}

impl<'a> Evidence<'a> {
    /// Reads evidence, which must have exactly this form.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (have, limit) = (bytes.len(), EVIDENCE_LIMIT);
        if have > limit {
            return Err(GpuError::Length { have, limit }.into());
        }
        let cut = |short: Short| GpuError::Cut {
            have,
            need: short.total(),
        };
        let mut input = Reader::new(bytes);
        let request: [u8; 4] = input.array().map_err(cut)?;
        let nonce = input.array().map_err(cut)?;
        if request != REQUEST || input.u8().map_err(cut)? != SLOT {
            return Err(GpuError::Request.into());
        }
        if input.array::<4>().map_err(cut)? != RESPONSE {
            return Err(GpuError::Response.into());
        }
        let [count, low, middle, high] = input.array().map_err(cut)?;
        let need = usize::from(count).saturating_mul(BLOCK_LENGTH);
        let length = u32::from_le_bytes([low, middle, high, 0]);
        if usize::try_from(length) != Ok(need) {
            let have = usize::try_from(length).unwrap_or(usize::MAX);
            return Err(GpuError::RecordLength { have, need }.into());
        }
        let measurements = measurements(input.take(need).map_err(cut)?)?;
        let rest = input.rest();
        input.take(32).map_err(cut)?;
        let opaque_length = usize::from(input.u16_le().map_err(cut)?);
        let opaque = input.take(opaque_length).map_err(cut)?;
        let signed = input.consumed();
        let signature = input.array().map_err(cut)?;
        match input.rest().len() {
            0 => Ok(Evidence {
                nonce,
                measurements,
                opaque,
                rest,
                signed,
                signature,
            }),
            trailing => Err(GpuError::Trailing(trailing).into()),
        }
    }
}

/// Reads the blocks that fill a record.
fn measurements(record: &[u8]) -> Result<Measurements, Error> {
    let mut found = vec![None; usize::from(BLOCKS)];
    let mut previous = 0;
    for block in record.as_chunks::<BLOCK_LENGTH>().0 {
        let [have, a, b, c, d, e, f, value @ ..] = *block;
        if [a, b, c, d, e, f] != BLOCK {
            return Err(GpuError::BlockForm(have).into());
        }
        let place = usize::from(have).checked_sub(1);
        match place.and_then(|place| found.get_mut(place)) {
            Some(slot) if have > previous => *slot = Some(value),
            _ => return Err(GpuError::BlockIndex { have, previous }.into()),
        }
        previous = have;
    }
    Ok(found)
}
