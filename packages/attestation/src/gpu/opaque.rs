//! NVIDIA's opaque data in a report: fields `type u16 LE ‖ length u16 LE ‖ value` that fill it exactly.
//! Types 1 to 36 are known; none may occur twice. Those read here:
//!
//! | type | value |
//! |---|---|
//! | 3 | driver version, ASCII filled up with NULs |
//! | 6 | VBIOS version: the bytes d c b a e 0 0 0 mean `aa.bb.cc.dd.ee` in hex |
//! | 11 | NVDEC0: 0x55 off, 0xaa on |
//! | 15, 17, 18 | SKU of the chip, project, SKU of the project: ASCII filled up with NULs |
//! | 20 | FWID, 48 bytes |
//! | 21 | protected PCIe: 0x55 off, 0xaa on |
//! | 34 | version of these data, u16 LE: 0 or 1 |
//! | 36 | from version 1: mode, u16 LE: 0 SPT, 1 MPT, 2 PPCIE |
//!
//! NVIDIA's two verifiers read modes 0 and 1 the other way around. The Python one is followed: a
//! Hopper, which has no mode for several GPUs but PPCIE, reports 0.

use core::fmt;

use crate::bytes::Reader;
use crate::error::Error;
use crate::gpu::GpuError;

const DRIVER_VERSION: u16 = 3;
const VBIOS_VERSION: u16 = 6;
const NVDEC0: u16 = 11;
const CHIP_SKU: u16 = 15;
const PROJECT: u16 = 17;
const PROJECT_SKU: u16 = 18;
const FWID: u16 = 20;
const PROTECTED_PCIE: u16 = 21;
const VERSION: u16 = 34;
const FEATURE_FLAG: u16 = 36;
/// The highest known type.
const TYPES: u16 = 36;

const OFF: u8 = 0x55;
const ON: u8 = 0xaa;
/// Longest text of a field, in characters.
pub(super) const TEXT_LIMIT: usize = 32;

/// How GPUs of one guest work together, and so what is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Feature {
    /// The report does not say; drivers before 580 do not, unless it is PPCIE.
    Undeclared = 0,
    /// Single GPU passthrough.
    Spt = 1,
    /// Multiple GPU passthrough, with encrypted NVLink.
    Mpt = 2,
    /// Protected PCIe: several GPUs whose NVLink is not encrypted, only guarded by switches that must
    /// be attested as well.
    Ppcie = 3,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Feature::Undeclared => "undeclared",
            Feature::Spt => "SPT",
            Feature::Mpt => "MPT",
            Feature::Ppcie => "PPCIE",
        })
    }
}

/// What is read of the opaque data.
pub(super) struct Opaque {
    pub driver_version: String,
    pub vbios_version: String,
    pub project: String,
    pub project_sku: String,
    pub chip_sku: String,
    pub nvdec0_enabled: bool,
    pub fwid: Option<[u8; 48]>,
    pub feature: Feature,
}

impl Opaque {
    /// Reads opaque data, which must have exactly the form above.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let fields = Fields::parse(bytes)?;
        let version = fields.u16(VERSION, "version")?.unwrap_or(0);
        if version > 1 {
            return Err(GpuError::OpaqueVersion(version).into());
        }
        let need = |field: Option<String>, name| field.ok_or(GpuError::OpaqueMissing(name));
        let text = |kind, name| need(fields.text(kind, name)?, name);
        Ok(Opaque {
            driver_version: text(DRIVER_VERSION, "driver version")?,
            vbios_version: need(fields.vbios_version()?, "VBIOS version")?,
            project: text(PROJECT, "project")?,
            project_sku: text(PROJECT_SKU, "project SKU")?,
            chip_sku: text(CHIP_SKU, "chip SKU")?,
            nvdec0_enabled: fields
                .switch(NVDEC0, "NVDEC0 status")?
                .ok_or(GpuError::OpaqueMissing("NVDEC0 status"))?,
            fwid: fields.array(FWID, "FWID")?,
            feature: fields.feature(version)?,
        })
    }
}

/// Values by type.
struct Fields<'a>([Option<&'a [u8]>; TYPES as usize]);

impl<'a> Fields<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, GpuError> {
        let mut found = Fields([None; TYPES as usize]);
        let mut input = Reader::new(bytes);
        while !input.rest().is_empty() {
            let kind = input.u16_le().map_err(|_| GpuError::OpaqueCut)?;
            let length = input.u16_le().map_err(|_| GpuError::OpaqueCut)?;
            let value = input
                .take(usize::from(length))
                .map_err(|_| GpuError::OpaqueCut)?;
            let slot = usize::from(kind)
                .checked_sub(1)
                .and_then(|place| found.0.get_mut(place))
                .ok_or(GpuError::OpaqueType(kind))?;
            if slot.replace(value).is_some() {
                return Err(GpuError::OpaqueDuplicate(kind));
            }
        }
        Ok(found)
    }

    fn get(&self, kind: u16) -> Option<&'a [u8]> {
        let place = usize::from(kind).checked_sub(1)?;
        self.0.get(place).copied().flatten()
    }

    fn array<const N: usize>(
        &self,
        kind: u16,
        name: &'static str,
    ) -> Result<Option<[u8; N]>, GpuError> {
        let value = self.get(kind).map(<[u8; N]>::try_from);
        value.transpose().map_err(|_| GpuError::OpaqueField(name))
    }

    fn u16(&self, kind: u16, name: &'static str) -> Result<Option<u16>, GpuError> {
        Ok(self.array(kind, name)?.map(u16::from_le_bytes))
    }

    fn switch(&self, kind: u16, name: &'static str) -> Result<Option<bool>, GpuError> {
        match self.array(kind, name)? {
            None => Ok(None),
            Some([OFF]) => Ok(Some(false)),
            Some([ON]) => Ok(Some(true)),
            Some(_) => Err(GpuError::OpaqueField(name)),
        }
    }

    /// A text of [`is_name`] with NULs after it, and nothing after those.
    fn text(&self, kind: u16, name: &'static str) -> Result<Option<String>, GpuError> {
        let Some(mut bytes) = self.get(kind) else {
            return Ok(None);
        };
        while let [before @ .., 0] = bytes {
            bytes = before;
        }
        core::str::from_utf8(bytes)
            .ok()
            .filter(|text| is_name(text))
            .map(|text| Some(text.to_owned()))
            .ok_or(GpuError::OpaqueField(name))
    }

    fn vbios_version(&self) -> Result<Option<String>, GpuError> {
        match self.array(VBIOS_VERSION, "VBIOS version")? {
            None => Ok(None),
            Some([d, c, b, a, e, 0, 0, 0]) => {
                Ok(Some(format!("{a:02X}.{b:02X}.{c:02X}.{d:02X}.{e:02X}")))
            }
            Some(_) => Err(GpuError::OpaqueField("VBIOS version")),
        }
    }

    fn feature(&self, version: u16) -> Result<Feature, GpuError> {
        let ppcie = self.switch(PROTECTED_PCIE, "protected PCIe status")?;
        let flag = self.u16(FEATURE_FLAG, "feature flag")?;
        if flag.is_some() != (version >= 1) {
            return Err(GpuError::OpaqueField("feature flag"));
        }
        let feature = match (flag, ppcie) {
            (Some(0), _) => Feature::Spt,
            (Some(1), _) => Feature::Mpt,
            (Some(2), _) | (None, Some(true)) => Feature::Ppcie,
            (None, _) => Feature::Undeclared,
            (Some(_), _) => return Err(GpuError::OpaqueField("feature flag")),
        };
        if ppcie.is_some_and(|on| on != (feature == Feature::Ppcie)) {
            return Err(GpuError::FeatureConflict);
        }
        Ok(feature)
    }
}

/// Whether a text may name a version, project or SKU: 1 to 32 letters, digits, dots, dashes and
/// underscores.
pub(super) fn is_name(text: &str) -> bool {
    (1..=TEXT_LIMIT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}
