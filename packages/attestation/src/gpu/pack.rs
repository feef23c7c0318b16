//! Packed evidence, for messages in which every byte costs. It leaves out what follows from the form of
//! evidence and from the golden set that it is compared with:
//!
//! ```text
//! 01 ‖ nonce of the request 32 ‖ for each measurement 0 to 63 one byte, and a value after ff
//!    ‖ what follows the measurement record, with a run of n zeros (1 to 255) written as 00 n
//!
//! byte  00 a value of zeros; 01 to 10 (hex) the first to sixteenth value of the golden entry;
//!       fe no such block; ff the 48 bytes that follow
//! ```
//!
//! Packing proves nothing and checks nothing but the form: what unpacks is evidence like any other, and
//! its digest (in the device set) is over the unpacked bytes.

use crate::bytes::{Reader, Short};
use crate::error::Error;
use crate::gpu::spdm::{self, Evidence};
use crate::gpu::{GoldenSet, GpuError, EVIDENCE_LIMIT};

const FORMAT: u8 = 1;
const ZEROS: u8 = 0x00;
const ABSENT: u8 = 0xfe;
const LITERAL: u8 = 0xff;

/// Packs evidence against the golden set that it will be compared with.
///
/// # Errors
/// [`GpuError`] for evidence that is not of the form that [`crate::gpu::verify_gpu_report`] wants, or
/// that does not become shorter than 8,192 bytes.
pub fn pack(evidence: &[u8], set: &GoldenSet) -> Result<Vec<u8>, Error> {
    let evidence = Evidence::parse(evidence)?;
    let mut out = vec![FORMAT];
    out.extend_from_slice(&evidence.nonce);
    for (index, value) in (0..).zip(&evidence.measurements) {
        match value {
            None => out.push(ABSENT),
            Some(value) if *value == [0; 48] => out.push(ZEROS),
            Some(value) => match number(set.values(index), value) {
                Some(number) => out.push(number),
                None => {
                    out.push(LITERAL);
                    out.extend_from_slice(value);
                }
            },
        }
    }
    put_shortened(evidence.rest, &mut out);
    check_size(out.len())?;
    Ok(out)
}

/// Place of a value among golden ones, from 1; a set in its right form has at most 16.
fn number(values: &[[u8; 48]], value: &[u8; 48]) -> Option<u8> {
    let place = values.iter().position(|golden| golden == value)?;
    let number = u8::try_from(place).ok()?.checked_add(1)?;
    (number < ABSENT).then_some(number)
}

fn put_shortened(bytes: &[u8], out: &mut Vec<u8>) {
    for run in bytes.chunk_by(|a, b| *a == 0 && *b == 0) {
        if run.first() != Some(&0) {
            out.extend_from_slice(run);
            continue;
        }
        for part in run.chunks(255) {
            out.extend_from_slice(&[0, u8::try_from(part.len()).unwrap_or(u8::MAX)]);
        }
    }
}

/// The evidence that was packed against this golden set.
///
/// # Errors
/// [`GpuError::Packed`]; [`GpuError::Length`] for more than 8,192 bytes, packed or unpacked. What
/// unpacks need not be well-formed evidence.
pub fn unpack(packed: &[u8], set: &GoldenSet) -> Result<Vec<u8>, Error> {
    check_size(packed.len())?;
    let mut input = Reader::new(packed);
    let cut = |_: Short| GpuError::Packed("cut");
    if input.u8().map_err(cut)? != FORMAT {
        return Err(GpuError::Packed("unknown format").into());
    }
    let nonce: [u8; 32] = input.array().map_err(cut)?;
    let mut count = 0u8;
    let mut record = Vec::with_capacity(3_520);
    for index in 0..spdm::BLOCKS {
        let value = match input.u8().map_err(cut)? {
            ABSENT => continue,
            ZEROS => [0; 48],
            LITERAL => input.array().map_err(cut)?,
            number => golden(set, index, number)?,
        };
        count = count.saturating_add(1);
        record.push(index.saturating_add(1));
        record.extend_from_slice(&spdm::BLOCK);
        record.extend_from_slice(&value);
    }
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    let [low, middle, high, _] = length.to_le_bytes();
    let mut out = Vec::with_capacity(EVIDENCE_LIMIT);
    out.extend_from_slice(&spdm::REQUEST);
    out.extend_from_slice(&nonce);
    out.push(spdm::SLOT);
    out.extend_from_slice(&spdm::RESPONSE);
    out.extend_from_slice(&[count, low, middle, high]);
    out.append(&mut record);
    put_restored(input.rest(), &mut out)?;
    Ok(out)
}

fn golden(set: &GoldenSet, index: u8, number: u8) -> Result<[u8; 48], GpuError> {
    usize::from(number)
        .checked_sub(1)
        .and_then(|place| set.values(index).get(place))
        .copied()
        .ok_or(GpuError::Packed("no such golden value"))
}

fn put_restored(mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), GpuError> {
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        if *first != 0 {
            out.push(*first);
        } else if let Some((run @ 1.., rest)) = bytes.split_first() {
            out.resize(out.len().saturating_add(usize::from(*run)), 0);
            bytes = rest;
        } else {
            return Err(GpuError::Packed("run of zeros"));
        }
        check_size(out.len())?;
    }
    Ok(())
}

fn check_size(have: usize) -> Result<(), GpuError> {
    let limit = EVIDENCE_LIMIT;
    if have > limit {
        return Err(GpuError::Length { have, limit });
    }
    Ok(())
}
