//! Evidence that is wrong in one way, with the code of the refusal.

use secret_ai_attestation::{
    check_policy, compact, verify_collateral, verify_pck, verify_tdx_quote, verify_tdx_quote_with,
    Error, RawCollateral, TdxPolicy, TrustRoot, VerifiedTdx,
};

use crate::{Measurements, QuoteForm, SoftTee};

/// A quote with collateral, one of which is wrong, in the world as it is or after what was known.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong.
    pub name: &'static str,
    /// Code of the error of [`Broken::verdict`].
    pub code: &'static str,
    pub quote: Vec<u8>,
    pub collateral: RawCollateral,
    /// Unix seconds at which it is to be verified.
    pub now: u64,
    /// PCK certificate (DER) and collateral under which it was verified before; the quote is then
    /// verified with it.
    pub known_pck: Option<(Vec<u8>, RawCollateral)>,
    /// Collateral that is stored already.
    pub known_collateral: Option<RawCollateral>,
    /// Seconds for which collateral may be used after its oldest part was issued.
    pub max_collateral_age: Option<u64>,
    /// What accepts the platform, if all else holds.
    pub policy: TdxPolicy,
}

impl Broken {
    /// What a registry does with it, binding and measurements apart.
    ///
    /// # Errors
    /// The one whose code is [`Broken::code`].
    pub fn verdict(&self, root: &TrustRoot<'_>) -> Result<VerifiedTdx, Error> {
        let collateral = verify_collateral(&self.collateral, root, self.now)?;
        if let Some(known) = &self.known_collateral {
            collateral.check_not_older(&verify_collateral(known, root, self.now)?)?;
        }
        if let Some(limit) = self.max_collateral_age {
            collateral.check_age(self.now, limit)?;
        }
        let verified = match &self.known_pck {
            None => verify_tdx_quote(&self.quote, &collateral, self.now)?,
            Some((der, known)) => {
                let then = verify_collateral(known, root, self.now)?;
                let pck = verify_pck(der, &then, self.now)?;
                verify_tdx_quote_with(&self.quote, &pck, &collateral, self.now)?
            }
        };
        check_policy(&verified, &self.policy, self.now)?;
        Ok(verified)
    }

    /// Whether it is wrong by itself: not in view of what is known or of a policy.
    pub fn is_evidence_alone(&self) -> bool {
        self.known_pck.is_none()
            && self.known_collateral.is_none()
            && self.max_collateral_age.is_none()
            && !self.code.starts_with("policy_")
    }
}

/// Every variant for one seed. They are to be verified under the root of `SoftTee::new(seed, now)`,
/// and carry `report_data`.
pub fn broken(seed: [u8; 32], now: u64, report_data: [u8; 64]) -> Vec<Broken> {
    let kit = Kit {
        tee: SoftTee::new(seed, now),
        seed,
        now,
        report_data,
    };
    let mut all = kit.forms();
    all.extend(kit.edited_bytes());
    all.extend(kit.trust_domains());
    all.extend(kit.quoting_enclaves());
    all.extend(kit.platforms());
    all.extend(kit.collaterals());
    all.extend(kit.edited_collaterals());
    all.extend(kit.known_certificates());
    all.extend(kit.older_collaterals());
    all.extend(kit.policies());
    all
}

pub(crate) struct Kit {
    pub tee: SoftTee,
    pub seed: [u8; 32],
    pub now: u64,
    pub report_data: [u8; 64],
}

impl Kit {
    pub fn good(&self) -> Vec<u8> {
        self.tee.quote(self.report_data, &Measurements::default())
    }

    pub fn with_quote(&self, name: &'static str, code: &'static str, quote: Vec<u8>) -> Broken {
        Broken {
            name,
            code,
            quote,
            collateral: self.tee.collateral(),
            now: self.now,
            known_pck: None,
            known_collateral: None,
            max_collateral_age: None,
            policy: TdxPolicy::default(),
        }
    }

    /// The TEE of another seed, hence of another root.
    pub fn foreign(&self) -> SoftTee {
        let mut seed = self.seed;
        seed[0] ^= 1;
        SoftTee::new(seed, self.now)
    }

    /// A quote whose header is other, signed as it is.
    fn formed(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl Fn(&mut QuoteForm),
    ) -> Broken {
        let mut form = QuoteForm::default();
        change(&mut form);
        let quote = self
            .tee
            .quote_as(&form, self.report_data, &Measurements::default());
        self.with_quote(name, code, quote)
    }

    /// A quote whose bytes from `at` are replaced and nothing signed again.
    fn replaced(&self, name: &'static str, code: &'static str, at: usize, by: &[u8]) -> Broken {
        let mut quote = self.good();
        quote[at..at + by.len()].copy_from_slice(by);
        self.with_quote(name, code, quote)
    }

    /// A quote with one byte inverted and nothing signed again.
    fn edited(&self, name: &'static str, code: &'static str, at: usize) -> Broken {
        let mut quote = self.good();
        quote[at] ^= 0xff;
        self.with_quote(name, code, quote)
    }

    /// A quote of version 5, TD 1.5, over other measurements.
    fn measured(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl Fn(&mut Measurements),
    ) -> Broken {
        let mut measurements = Measurements::default();
        change(&mut measurements);
        let quote = self
            .tee
            .quote_as(&QuoteForm::v5(3), self.report_data, &measurements);
        self.with_quote(name, code, quote)
    }

    /// Quote of a TEE that was changed, with the collateral of the good one.
    fn other_tee(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl Fn(&mut SoftTee),
    ) -> Broken {
        let mut tee = self.tee.clone();
        change(&mut tee);
        self.with_quote(
            name,
            code,
            tee.quote(self.report_data, &Measurements::default()),
        )
    }

    /// A good quote with the collateral of a changed world.
    fn other_world(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl Fn(&mut SoftTee),
    ) -> Broken {
        let mut tee = self.tee.clone();
        change(&mut tee);
        Broken {
            collateral: tee.collateral(),
            ..self.with_quote(name, code, self.good())
        }
    }

    /// A good quote with edited collateral.
    fn edited_collateral(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl Fn(&mut RawCollateral),
    ) -> Broken {
        let mut collateral = self.tee.collateral();
        change(&mut collateral);
        Broken {
            collateral,
            ..self.with_quote(name, code, self.good())
        }
    }

    fn forms(&self) -> Vec<Broken> {
        let good = self.good();
        let cut = |length: usize| good[..length].to_vec();
        let with_tail = |length: usize| [&good[..], &vec![0; length]].concat();
        vec![
            self.with_quote("empty quote", "quote_length", Vec::new()),
            self.with_quote("quote cut in its header", "quote_length", cut(47)),
            self.with_quote("quote cut in its body", "quote_length", cut(631)),
            self.with_quote("quote cut in its key", "quote_length", cut(700)),
            self.with_quote("quote cut by one byte", "quote_length", cut(good.len() - 1)),
            self.with_quote("trailing zero byte", "quote_length", with_tail(1)),
            self.with_quote("16 trailing zero bytes", "quote_length", with_tail(16)),
            self.formed("version 3", "quote_version", |form| form.version = 3),
            self.formed("version 6", "quote_version", |form| form.version = 6),
            self.replaced("version 4 relabelled 5", "body_type", 0, &[5, 0]),
            self.replaced("SGX quote", "sgx_quote", 0, &[3, 0, 2, 0, 0, 0, 0, 0]),
            self.formed("SGX TEE type", "tee_type", |form| form.tee_type = 0),
            self.formed("unknown TEE type", "tee_type", |form| form.tee_type = 0x82),
            self.formed("P-384 attestation key", "attestation_key_type", |form| {
                form.attestation_key_type = 3;
            }),
            self.formed("other QE vendor", "qe_vendor", |form| {
                form.vendor = [0x42; 16]
            }),
            self.formed("unknown body type", "body_type", |form| {
                *form = QuoteForm::v5(7)
            }),
            self.replaced(
                "QE auth data length 0xffff",
                "quote_length",
                AUTH_LENGTH,
                &[0xff; 2],
            ),
            self.replaced(
                "signature data length 0xffffffff",
                "quote_length",
                632,
                &[0xff; 4],
            ),
            self.replaced(
                "certificate length 0xffffffff",
                "quote_length",
                CERTIFICATION + 2,
                &[0xff; 4],
            ),
            self.replaced(
                "PCK chain relabelled a certificate",
                "der",
                CERTIFICATION,
                &[4, 0],
            ),
            self.edited("certification type", "certification_type", CERTIFICATION),
        ]
    }

    fn edited_bytes(&self) -> Vec<Broken> {
        let quote_signature = "quote_signature";
        vec![
            self.edited("header user data edited", quote_signature, 30),
            self.edited("TEE TCB SVN edited", quote_signature, 48),
            self.replaced("debug bit set after signing", "td_debug", 48 + 120, &[1]),
            self.edited("MRTD edited", quote_signature, 48 + 136),
            self.edited("RTMR3 edited", quote_signature, 48 + 472),
            self.edited("report data edited", quote_signature, 48 + 520),
            self.edited("quote signature edited", quote_signature, 640),
            self.replaced("quote signature of zeros", quote_signature, 636, &[0; 64]),
            self.edited("attestation key edited", "qe_binding", 700),
            self.edited("QE auth data edited", "qe_binding", AUTH_LENGTH + 2),
            self.edited(
                "QE report's CPUSVN edited",
                "qe_report_signature",
                QE_REPORT,
            ),
            self.edited(
                "QE report's ISVSVN edited",
                "qe_report_signature",
                QE_REPORT + 258,
            ),
            self.edited(
                "QE report signature edited",
                "qe_report_signature",
                QE_REPORT + 390,
            ),
            self.edited("PCK PEM is not base64", "pem_chain", CERTIFICATION + 6 + 64),
        ]
    }

    fn trust_domains(&self) -> Vec<Broken> {
        let attribute = |byte: usize, bit: u8| {
            move |td: &mut Measurements| {
                td.td_attributes[byte] |= bit;
            }
        };
        vec![
            self.measured("debug TD", "td_debug", attribute(0, 1)),
            self.measured("profiled TD", "td_profiling", attribute(0, 0x10)),
            self.measured("migratable TD", "td_migratable", attribute(3, 0x20)),
            self.measured("reserved TD attribute", "td_reserved", attribute(4, 1)),
            self.measured("provisioning agent TD", "td_reserved", attribute(7, 0x40)),
            self.measured("SEPT_VE_DISABLE off", "td_sept_ve", |td| {
                td.td_attributes = [0; 8]
            }),
            self.measured("service TD", "service_td", |td| td.mr_service_td[47] = 1),
            self.measured("foreign TDX module", "tdx_module_signer", |td| {
                td.mr_signer_seam[0] = 1;
            }),
            self.measured("TDX module attributes", "tdx_module_attributes", |td| {
                td.seam_attributes[0] = 1;
            }),
            self.measured("unknown TDX module", "tdx_module", |td| {
                td.tee_tcb_svn[1] = 9
            }),
            self.measured("too old TDX module", "tdx_module_isv_svn", |td| {
                td.tee_tcb_svn[0] = 0
            }),
            self.measured("revoked TDX module", "tcb_revoked", |td| {
                td.tee_tcb_svn[0] = 2
            }),
            self.measured("revoked current TDX module", "tcb_revoked", |td| {
                td.current_tee_tcb_svn[0] = 2;
            }),
        ]
    }

    fn quoting_enclaves(&self) -> Vec<Broken> {
        vec![
            self.other_tee("debug QE", "qe_debug", |tee| {
                tee.qe_report.attributes[0] |= 2
            }),
            self.other_tee("foreign QE", "qe_signer", |tee| {
                tee.qe_report.mr_signer[0] ^= 1
            }),
            self.other_tee("other enclave of the QE's signer", "qe_product", |tee| {
                tee.qe_report.isv_prod_id = 1;
            }),
            self.other_tee("QE MISCSELECT", "qe_miscselect", |tee| {
                tee.qe_report.miscselect = 1
            }),
            self.other_tee("QE attributes", "qe_attributes", |tee| {
                tee.qe_report.attributes[0] |= 0x08;
            }),
            self.other_tee("QE too old", "qe_isv_svn", |tee| tee.qe_report.isv_svn = 0),
            self.other_tee("QE revoked", "tcb_revoked", |tee| tee.qe_report.isv_svn = 1),
            self.other_tee("QE names another key", "qe_binding", |tee| {
                tee.qe_report.report_data = Some([7; 64]);
            }),
        ]
    }

    fn platforms(&self) -> Vec<Broken> {
        let foreign = self.foreign();
        let foreign_quote = foreign.quote(self.report_data, &Measurements::default());
        let mut false_key = self.tee.clone();
        false_key.pck_ca.key = foreign.pck_ca.key.clone();
        let chain_of_false_key = false_key.quote(self.report_data, &Measurements::default());
        let leaf_of_false_key =
            compact(&chain_of_false_key).expect("a minted quote is well formed");
        let now = self.now;
        vec![
            self.with_quote("quote of a foreign root", "pck_chain", foreign_quote),
            self.with_quote("PCK CA of another key", "pck_chain", chain_of_false_key),
            self.with_quote(
                "PCK certificate not signed by its CA",
                "signature",
                leaf_of_false_key,
            ),
            self.other_tee("other kind of platform", "fmspc", |tee| {
                tee.platform.fmspc[0] ^= 1
            }),
            self.other_tee("other PCE", "pce_id", |tee| tee.platform.pce_id[1] = 1),
            self.other_tee("platform below every level", "tcb_level", |tee| {
                tee.platform.pce_svn = 1;
            }),
            self.other_tee("revoked TCB level", "tcb_revoked", |tee| {
                tee.platform.components = [0; 16];
            }),
            self.other_tee("expired PCK certificate", "expired", |tee| {
                tee.pck_validity.1 = now - 1;
            }),
            self.other_tee("PCK certificate of tomorrow", "not_yet_valid", |tee| {
                tee.pck_validity.0 = now + 1;
            }),
            self.other_world("revoked PCK certificate", "revoked", |tee| {
                tee.revoked_pck.push(tee.pck_serial());
            }),
        ]
    }

    fn collaterals(&self) -> Vec<Broken> {
        let (now, late) = (self.now, self.tee.tcb_info.next_update + 1);
        let mut expired = self.with_quote("collateral a second too old", "expired", self.good());
        expired.now = late;
        let mut early = self.with_quote("collateral of tomorrow", "not_yet_valid", self.good());
        early.now = self.tee.tcb_info.issued - 1;
        vec![
            expired,
            early,
            self.other_world("revoked PCK CA", "revoked", |tee| {
                tee.revoked_by_root.push(tee.pck_ca_serial());
            }),
            self.other_world("expired CRLs", "expired", |tee| {
                tee.crl_validity.1 = now - 1
            }),
            self.other_world("TCB info of tomorrow", "not_yet_valid", |tee| {
                tee.tcb_info.issued = now + 1;
            }),
            self.other_world("expired QE identity", "expired", |tee| {
                tee.qe_identity.next_update = now - 1;
            }),
            self.other_world("TCB info of SGX", "kind", |tee| tee.tcb_info.id = "SGX"),
            self.other_world("QE identity of SGX", "kind", |tee| {
                tee.qe_identity.id = "QE"
            }),
            self.other_world("TCB info of another platform", "fmspc", |tee| {
                tee.tcb_info.fmspc[0] ^= 1;
            }),
            self.other_world("collateral of the other PCK CA", "pck_chain", |tee| {
                tee.pck_ca.subject = "Intel SGX PCK Processor CA".into();
            }),
            self.other_world("revoked TCB signing certificate", "revoked", |tee| {
                tee.revoked_by_root.push(tee.tcb_signer.serial);
            }),
        ]
    }

    fn edited_collaterals(&self) -> Vec<Broken> {
        let flip_last = |bytes: &mut Vec<u8>| {
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
        };
        let foreign = self.foreign().collateral();
        vec![
            self.edited_collateral("TCB info edited", "signature", |raw| raw.tcb_info[20] ^= 1),
            self.edited_collateral("QE identity edited", "signature", |raw| {
                raw.qe_identity[20] ^= 1;
            }),
            self.edited_collateral("TCB info signature of zeros", "signature", |raw| {
                raw.tcb_info_signature = [0; 64];
            }),
            self.edited_collateral("TCB info signature edited", "signature", |raw| {
                raw.tcb_info_signature[40] ^= 1;
            }),
            self.edited_collateral("TCB info written anew", "signature", |raw| {
                raw.tcb_info.insert(1, b' ');
            }),
            self.edited_collateral("QE identity signature edited", "signature", |raw| {
                raw.qe_identity_signature[40] ^= 1;
            }),
            self.edited_collateral("TCB info's signature on QE identity", "signature", |raw| {
                raw.qe_identity_signature = raw.tcb_info_signature;
            }),
            self.edited_collateral("root CRL edited", "signature", |raw| {
                flip_last(&mut raw.root_ca_crl);
            }),
            self.edited_collateral("PCK CRL edited", "signature", |raw| {
                flip_last(&mut raw.pck_crl);
            }),
            self.edited_collateral("root CRL as PCK CRL", "issuer", |raw| {
                raw.pck_crl = raw.root_ca_crl.clone();
            }),
            self.edited_collateral("TCB info of 40 kB", "too_large", |raw| {
                raw.tcb_info.resize(40_000, b' ');
            }),
            self.edited_collateral("CRLs exchanged", "issuer", |raw| {
                core::mem::swap(&mut raw.root_ca_crl, &mut raw.pck_crl);
            }),
            self.edited_collateral("empty PCK CRL", "der", |raw| raw.pck_crl.clear()),
            self.edited_collateral("no PCK CA", "chain_length", |raw| {
                raw.pck_crl_issuer_chain.clear();
            }),
            self.edited_collateral("TCB signer as PCK CA", "profile", |raw| {
                raw.pck_crl_issuer_chain = raw.tcb_info_issuer_chain.clone();
            }),
            self.edited_collateral("PCK CA as TCB signer", "profile", |raw| {
                raw.tcb_info_issuer_chain = raw.pck_crl_issuer_chain.clone();
            }),
            self.edited_collateral("chain of a foreign root", "foreign_root", |raw| {
                raw.pck_crl_issuer_chain = foreign.pck_crl_issuer_chain.clone();
            }),
            self.edited_collateral("foreign PCK CA", "signature", |raw| {
                raw.pck_crl_issuer_chain = foreign.pck_crl_issuer_chain[..1].to_vec();
            }),
            self.edited_collateral("foreign root CRL", "signature", |raw| {
                raw.root_ca_crl = foreign.root_ca_crl.clone();
            }),
        ]
    }
}

/// Offsets in a quote of version 4.
const QE_REPORT: usize = 770;
const AUTH_LENGTH: usize = QE_REPORT + 384 + 64;
const CERTIFICATION: usize = AUTH_LENGTH + 2 + 32;
