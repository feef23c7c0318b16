//! The fields of an attestation report (AMD 56860, table ATTESTATION_REPORT), all little-endian.
//!
//! Version 3 added the processor's family, model and stepping; version 5 the mitigation vectors. What
//! a version does not define must be zero.

use super::SnpError;
use crate::bytes::{Reader, Short};

/// Length in bytes of every version.
pub(crate) const REPORT_LENGTH: usize = 1_184;

const ECDSA_P384_SHA384: u32 = 1;
/// Bits of the flags: author key (0), masked chip key (1), number of the signing key (2 to 4).
const FLAGS: u32 = 0x1f;
/// Bits of the platform info: SMT, TSME, ECC, RAPL off, ciphertext hiding, alias check done (0 to 5),
/// trusted I/O (7).
const PLATFORM_INFO: u64 = 0xbf;

/// A report as it stands; nothing is judged but its form.
pub(crate) struct Report<'a> {
    pub version: u32,
    pub guest_svn: u32,
    pub policy: u64,
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    pub vmpl: u32,
    pub current_tcb: [u8; 8],
    pub platform_info: u64,
    pub flags: u32,
    pub report_data: [u8; 64],
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub id_key_digest: [u8; 48],
    pub author_key_digest: [u8; 48],
    pub reported_tcb: [u8; 8],
    /// Family, model, stepping; zero in version 2.
    pub cpuid: [u8; 3],
    pub chip_id: [u8; 64],
    pub committed_tcb: [u8; 8],
    pub launch_tcb: [u8; 8],
    /// Zero before version 5.
    pub launch_mitigations: u64,
    /// Zero before version 5.
    pub current_mitigations: u64,
    /// What is signed.
    pub signed: &'a [u8],
    /// r ‖ s, big-endian.
    pub signature: [u8; 96],
}

impl<'a> Report<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SnpError> {
        if bytes.len() != REPORT_LENGTH {
            return Err(SnpError::Length(bytes.len()));
        }
        let mut input = Fields(Reader::new(bytes));
        let version = input.u32()?;
        if !(2..=5).contains(&version) {
            return Err(SnpError::Version(version));
        }
        let (guest_svn, policy) = (input.u32()?, input.u64()?);
        let (family_id, image_id) = (input.bytes()?, input.bytes()?);
        let (vmpl, signature_algorithm) = (input.u32()?, input.u32()?);
        if signature_algorithm != ECDSA_P384_SHA384 {
            return Err(SnpError::SignatureAlgorithm(signature_algorithm));
        }
        let (current_tcb, platform_info, flags) = (input.bytes()?, input.u64()?, input.u32()?);
        if platform_info & !PLATFORM_INFO != 0 {
            return Err(SnpError::Reserved("platform info"));
        }
        if flags & !FLAGS != 0 {
            return Err(SnpError::Reserved("flags"));
        }
        input.zeros::<4>("after the flags")?;
        let (report_data, measurement) = (input.bytes()?, input.bytes()?);
        let (host_data, id_key_digest) = (input.bytes()?, input.bytes()?);
        let author_key_digest = input.bytes()?;
        // REPORT_ID and REPORT_ID_MA identify the guest to itself and to its migration agent.
        input.bytes::<64>()?;
        let reported_tcb = input.bytes()?;
        let cpuid = input.since(version, 3, "CPUID before version 3")?;
        input.zeros::<21>("after CPUID")?;
        let (chip_id, committed_tcb) = (input.bytes()?, input.bytes()?);
        // Build, minor and major version of the current and the committed firmware, for display.
        for _ in 0..2 {
            input.bytes::<3>()?;
            input.zeros::<1>("after a firmware version")?;
        }
        let launch_tcb = input.bytes()?;
        let launch_mitigations = input.since(version, 5, "mitigations before version 5")?;
        let current_mitigations = input.since(version, 5, "mitigations before version 5")?;
        input.zeros::<152>("before the signature")?;
        let signed = input.0.consumed();
        Ok(Report {
            version,
            guest_svn,
            policy,
            family_id,
            image_id,
            vmpl,
            current_tcb,
            platform_info,
            flags,
            report_data,
            measurement,
            host_data,
            id_key_digest,
            author_key_digest,
            reported_tcb,
            cpuid,
            chip_id,
            committed_tcb,
            launch_tcb,
            launch_mitigations: u64::from_le_bytes(launch_mitigations),
            current_mitigations: u64::from_le_bytes(current_mitigations),
            signed,
            signature: input.signature()?,
        })
    }
}

/// Reads fields in their order.
struct Fields<'a>(Reader<'a>);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], SnpError> {
        let short = |short: Short| SnpError::Length(short.at);
        self.0.array().map_err(short)
    }

    fn u32(&mut self) -> Result<u32, SnpError> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, SnpError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn zeros<const N: usize>(&mut self, place: &'static str) -> Result<(), SnpError> {
        match self.bytes::<N>()? == [0; N] {
            true => Ok(()),
            false => Err(SnpError::Reserved(place)),
        }
    }

    /// A field that versions before `first` must have zero.
    fn since<const N: usize>(
        &mut self,
        version: u32,
        first: u32,
        place: &'static str,
    ) -> Result<[u8; N], SnpError> {
        let field = self.bytes()?;
        if version < first && field != [0; N] {
            return Err(SnpError::Reserved(place));
        }
        Ok(field)
    }

    /// The rest: r and s, each of 48 bytes in a field of 72, then zeros up to the end.
    fn signature(&mut self) -> Result<[u8; 96], SnpError> {
        let mut signature = [0; 96];
        let (r, s) = signature.split_at_mut(48);
        for half in [r, s] {
            let mut little_endian: [u8; 48] = self.bytes()?;
            little_endian.reverse();
            half.copy_from_slice(&little_endian);
            self.padding::<24>()?;
        }
        self.padding::<368>()?;
        Ok(signature)
    }

    fn padding<const N: usize>(&mut self) -> Result<(), SnpError> {
        self.zeros::<N>("").map_err(|_| SnpError::SignaturePadding)
    }
}
