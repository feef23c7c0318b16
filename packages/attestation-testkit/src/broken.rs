//! Evidence that is wrong in one way, with the code of the refusal.

use secret_ai_attestation::{compact, RawCollateral};

use crate::{Measurements, QuoteForm, SoftTee};

/// A quote with collateral, one of which is wrong.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong.
    pub name: &'static str,
    /// Code of the error of `verify_collateral` followed by `verify_tdx_quote`.
    pub code: &'static str,
    pub quote: Vec<u8>,
    pub collateral: RawCollateral,
    /// Unix seconds at which it is to be verified.
    pub now: u64,
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
    all
}

struct Kit {
    tee: SoftTee,
    seed: [u8; 32],
    now: u64,
    report_data: [u8; 64],
}

impl Kit {
    fn good(&self) -> Vec<u8> {
        self.tee.quote(self.report_data, &Measurements::default())
    }

    fn with_quote(&self, name: &'static str, code: &'static str, quote: Vec<u8>) -> Broken {
        Broken {
            name,
            code,
            quote,
            collateral: self.tee.collateral(),
            now: self.now,
        }
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
            name,
            code,
            quote: self.good(),
            collateral: tee.collateral(),
            now: self.now,
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
            name,
            code,
            quote: self.good(),
            collateral,
            now: self.now,
        }
    }

    fn forms(&self) -> Vec<Broken> {
        let good = self.good();
        let cut = |length: usize| good[..length].to_vec();
        let with_tail = [&good[..], &[0]].concat();
        vec![
            self.with_quote("empty quote", "quote_length", Vec::new()),
            self.with_quote("quote cut in its header", "quote_length", cut(47)),
            self.with_quote("quote cut in its body", "quote_length", cut(631)),
            self.with_quote("quote cut in its key", "quote_length", cut(700)),
            self.with_quote("quote cut by one byte", "quote_length", cut(good.len() - 1)),
            self.with_quote("trailing zero byte", "quote_length", with_tail),
            self.formed("version 3", "quote_version", |form| form.version = 3),
            self.formed("version 6", "quote_version", |form| form.version = 6),
            self.edited("version 4 relabelled", "quote_version", 0),
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
            self.edited(
                "QE auth data length 0xff20",
                "quote_length",
                AUTH_LENGTH + 1,
            ),
            self.edited("certification type", "certification_type", CERTIFICATION),
        ]
    }

    fn edited_bytes(&self) -> Vec<Broken> {
        let quote_signature = "quote_signature";
        vec![
            self.edited("header user data edited", quote_signature, 30),
            self.edited("MRTD edited", quote_signature, 48 + 136),
            self.edited("RTMR3 edited", quote_signature, 48 + 472),
            self.edited("report data edited", quote_signature, 48 + 520),
            self.edited("quote signature edited", quote_signature, 640),
            self.edited("attestation key edited", "qe_binding", 700),
            self.edited("QE auth data edited", "qe_binding", AUTH_LENGTH + 2),
            self.edited(
                "QE report's CPUSVN edited",
                "qe_report_signature",
                QE_REPORT,
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
        let mut seed = self.seed;
        seed[0] ^= 1;
        let foreign = SoftTee::new(seed, self.now);
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
        let mut seed = self.seed;
        seed[0] ^= 1;
        let foreign = SoftTee::new(seed, self.now).collateral();
        vec![
            expired,
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
            self.edited_collateral("TCB info edited", "signature", |raw| raw.tcb_info[20] ^= 1),
            self.edited_collateral("QE identity edited", "signature", |raw| {
                raw.qe_identity[20] ^= 1;
            }),
            self.edited_collateral("TCB info signature of zeros", "signature", |raw| {
                raw.tcb_info_signature = [0; 64];
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
