//! The stored form of [`Collateral`]: a format byte, then every field in the order of the structs,
//! integers big-endian, lists preceded by their length (revoked serials u16, all others u8). Nothing
//! may follow.

use crate::bytes::Reader;
use crate::collateral::{
    Collateral, Dates, ModuleSigner, PckCa, PckCaKind, QeIdentity, TcbLevel, TdxModule,
};
use crate::error::Error;
use crate::stored::{decode, list, Cause};
use crate::tcb::{Advisory, TcbStatus, Verdict};

/// First byte; another layout gets another number.
const FORMAT: u8 = 2;

impl Collateral {
    /// The stored form.
    ///
    /// # Errors
    /// [`Error::Encoding`] if a list is too long to count: 65,535 serials, 255 of anything else.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut out = Writer(Vec::with_capacity(4_096));
        out.put(&[FORMAT]);
        out.put(&self.root_sha256);
        out.dates(&self.dates);
        out.put(&self.pck_ca.certificate_sha256);
        out.put(&self.pck_ca.name_sha256);
        out.put(&self.pck_ca.key);
        out.put(&[self.pck_ca.kind as u8]);
        let revoked = u16::try_from(self.revoked_pck.len())
            .map_err(|_| Error::Encoding("too many revoked serials"))?;
        out.put(&revoked.to_be_bytes());
        for serial in &self.revoked_pck {
            out.put(serial);
        }
        out.put(&self.fmspc);
        out.put(&self.pce_id);
        out.signer(&self.base_module);
        out.list(&self.modules, |out, module| {
            out.put(&[module.version]);
            out.signer(&module.signer);
            out.list(&module.levels, |out, (svn, verdict)| {
                out.put(&[*svn]);
                out.verdict(verdict)
            })
        })?;
        out.list(&self.tcb_levels, |out, level| {
            out.put(&level.sgx);
            out.put(&level.pce_svn.to_be_bytes());
            out.put(&level.tdx);
            out.verdict(&level.verdict)
        })?;
        out.qe(&self.qe)?;
        Ok(out.0)
    }

    /// Reads the stored form. The bytes must come from [`Collateral::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, FORMAT, collateral)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn list<T>(
        &mut self,
        items: &[T],
        mut put: impl FnMut(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let count = u8::try_from(items.len()).map_err(|_| Error::Encoding("list is too long"))?;
        self.put(&[count]);
        items.iter().try_for_each(|item| put(self, item))
    }

    fn dates(&mut self, dates: &Dates) {
        for time in [
            dates.valid_from,
            dates.valid_until,
            dates.tcb_info_issued,
            dates.qe_identity_issued,
            dates.pck_crl_issued,
            dates.root_crl_issued,
        ] {
            self.put(&time.to_be_bytes());
        }
        self.put(&dates.tcb_info_evaluation_number.to_be_bytes());
        self.put(&dates.qe_identity_evaluation_number.to_be_bytes());
        self.put(&dates.pck_crl_number.to_be_bytes());
        self.put(&dates.root_crl_number.to_be_bytes());
    }

    fn signer(&mut self, signer: &ModuleSigner) {
        self.put(&signer.mr_signer);
        self.put(&signer.attributes);
        self.put(&signer.attributes_mask);
    }

    fn verdict(&mut self, verdict: &Verdict) -> Result<(), Error> {
        self.put(&[verdict.status as u8]);
        self.put(&verdict.date.to_be_bytes());
        self.list(&verdict.advisories, |out, advisory| {
            out.put(&advisory.0.to_be_bytes());
            Ok(())
        })
    }

    fn qe(&mut self, qe: &QeIdentity) -> Result<(), Error> {
        self.put(&qe.miscselect.to_be_bytes());
        self.put(&qe.miscselect_mask.to_be_bytes());
        self.put(&qe.attributes);
        self.put(&qe.attributes_mask);
        self.put(&qe.mr_signer);
        self.put(&qe.isv_prod_id.to_be_bytes());
        self.list(&qe.levels, |out, (svn, verdict)| {
            out.put(&svn.to_be_bytes());
            out.verdict(verdict)
        })
    }
}

fn collateral(input: &mut Reader<'_>) -> Result<Collateral, Cause> {
    Ok(Collateral {
        root_sha256: input.array()?,
        dates: dates(input)?,
        pck_ca: PckCa {
            certificate_sha256: input.array()?,
            name_sha256: input.array()?,
            key: input.array()?,
            kind: PckCaKind::from_byte(input.u8()?).ok_or(Cause("unknown PCK CA"))?,
        },
        revoked_pck: {
            let count = usize::from(input.u16_be()?);
            let (serials, _) = input.take(count.saturating_mul(20))?.as_chunks::<20>();
            serials.to_vec()
        },
        fmspc: input.array()?,
        pce_id: input.array()?,
        base_module: signer(input)?,
        modules: list(input, |input| {
            Ok(TdxModule {
                version: input.u8()?,
                signer: signer(input)?,
                levels: list(input, |input| Ok((input.u8()?, verdict(input)?)))?,
            })
        })?,
        tcb_levels: list(input, |input| {
            Ok(TcbLevel {
                sgx: input.array()?,
                pce_svn: input.u16_be()?,
                tdx: input.array()?,
                verdict: verdict(input)?,
            })
        })?,
        qe: qe(input)?,
    })
}

fn dates(input: &mut Reader<'_>) -> Result<Dates, Cause> {
    Ok(Dates {
        valid_from: input.u64_be()?,
        valid_until: input.u64_be()?,
        tcb_info_issued: input.u64_be()?,
        qe_identity_issued: input.u64_be()?,
        pck_crl_issued: input.u64_be()?,
        root_crl_issued: input.u64_be()?,
        tcb_info_evaluation_number: input.u32_be()?,
        qe_identity_evaluation_number: input.u32_be()?,
        pck_crl_number: input.u64_be()?,
        root_crl_number: input.u64_be()?,
    })
}

fn signer(input: &mut Reader<'_>) -> Result<ModuleSigner, Cause> {
    Ok(ModuleSigner {
        mr_signer: input.array()?,
        attributes: input.array()?,
        attributes_mask: input.array()?,
    })
}

fn verdict(input: &mut Reader<'_>) -> Result<Verdict, Cause> {
    Ok(Verdict {
        status: TcbStatus::from_byte(input.u8()?).ok_or(Cause("unknown status"))?,
        date: input.u64_be()?,
        advisories: list(input, |input| Ok(Advisory(input.u32_be()?)))?,
    })
}

fn qe(input: &mut Reader<'_>) -> Result<QeIdentity, Cause> {
    Ok(QeIdentity {
        miscselect: input.u32_be()?,
        miscselect_mask: input.u32_be()?,
        attributes: input.array()?,
        attributes_mask: input.array()?,
        mr_signer: input.array()?,
        isv_prod_id: input.u16_be()?,
        levels: list(input, |input| Ok((input.u16_be()?, verdict(input)?)))?,
    })
}
