//! Stored forms (`stored.rs`), every field in the order of the struct.

use crate::bytes::Reader;
use crate::error::Error;
use crate::gpu::{Arch, Chip, GoldenEntry, GoldenSet, GpuLeaf, NvidiaCa};
use crate::stored::{decode, list, text, Cause};

/// First bytes; another layout gets another number.
const NVIDIA_CA: u8 = 0x11;
const GPU_LEAF: u8 = 0x21;
const GOLDEN_SET: u8 = 0x31;

/// Largest stored form of a golden set, in bytes.
const GOLDEN_LIMIT: usize = 32_768;

impl NvidiaCa {
    /// The stored form, 207 bytes.
    pub fn encode(&self) -> Vec<u8> {
        [
            &[NVIDIA_CA][..],
            &self.sha256,
            &self.name_sha256,
            &self.key,
            &self.chip.name(),
            &[self.depth],
            &self.not_after.to_be_bytes(),
            &self.root_sha256,
        ]
        .concat()
    }

    /// Reads the stored form. The bytes must come from [`NvidiaCa::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, NVIDIA_CA, |input| {
            Ok(NvidiaCa {
                sha256: input.array()?,
                name_sha256: input.array()?,
                key: input.array()?,
                chip: chip(input)?,
                depth: match input.u8()? {
                    depth @ (1 | 2) => depth,
                    _ => return Err(Cause("unknown depth")),
                },
                not_after: input.u64_be()?,
                root_sha256: input.array()?,
            })
        })
    }
}

impl GpuLeaf {
    /// The stored form, 286 bytes.
    pub fn encode(&self) -> Vec<u8> {
        [
            &[GPU_LEAF][..],
            &self.sha256,
            &self.device_sha256,
            &self.key,
            &self.fwid,
            &self.chip.name(),
            &self.not_after.to_be_bytes(),
            &self.ca_sha256,
            &self.root_sha256,
        ]
        .concat()
    }

    /// Reads the stored form. The bytes must come from [`GpuLeaf::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, GPU_LEAF, |input| {
            Ok(GpuLeaf {
                sha256: input.array()?,
                device_sha256: input.array()?,
                key: input.array()?,
                fwid: input.array()?,
                chip: chip(input)?,
                not_after: input.u64_be()?,
                ca_sha256: input.array()?,
                root_sha256: input.array()?,
            })
        })
    }
}

impl GoldenSet {
    /// The stored form, at most 32,768 bytes.
    ///
    /// # Errors
    /// As [`GoldenSet::check_form`]; [`Error::FieldLength`] for a set that is too long.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        self.check_form()?;
        let mut out = vec![GOLDEN_SET, self.arch as u8];
        for name in self.names() {
            out.push(length(name.len())?);
            out.extend_from_slice(name.as_bytes());
        }
        out.push(length(self.entries.len())?);
        for entry in &self.entries {
            out.extend_from_slice(&[entry.index, length(entry.values.len())?]);
            out.extend(entry.values.iter().flatten());
        }
        check_size(&out)?;
        Ok(out)
    }

    /// Reads the stored form, which may come from anybody: a set has one form only.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format; as
    /// [`GoldenSet::check_form`]; [`Error::FieldLength`] for more than 32,768 bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        check_size(bytes)?;
        let set = decode(bytes, GOLDEN_SET, |input| {
            Ok(GoldenSet {
                arch: Arch::from_byte(input.u8()?).ok_or(Cause("unknown architecture"))?,
                driver_version: text(input)?,
                vbios_version: text(input)?,
                project: text(input)?,
                project_sku: text(input)?,
                chip_sku: text(input)?,
                entries: list(input, |input| {
                    Ok(GoldenEntry {
                        index: input.u8()?,
                        values: list(input, |input| Ok(input.array()?))?,
                    })
                })?,
            })
        })?;
        set.check_form()?;
        Ok(set)
    }
}

fn check_size(bytes: &[u8]) -> Result<(), Error> {
    let (field, have, limit) = ("golden set", bytes.len(), GOLDEN_LIMIT);
    if have > limit {
        return Err(Error::FieldLength { field, have, limit });
    }
    Ok(())
}

fn length(length: usize) -> Result<u8, Error> {
    u8::try_from(length).map_err(|_| Error::Encoding("list is too long"))
}

fn chip(input: &mut Reader<'_>) -> Result<Chip, Cause> {
    Chip::parse(input.array()?).ok_or(Cause("unknown chip"))
}
