//! Variants that are wrong only in view of what a verifier knows already, or of its policy.

use secret_ai_attestation::{compact, compact_known, Advisory, TcbStatus, TdxPolicy};

use crate::broken::{Broken, Kit};
use crate::{Measurements, QuoteForm, SoftTee};

impl Kit {
    /// Quotes to be verified with a certificate that was verified in the good world.
    pub fn known_certificates(&self) -> Vec<Broken> {
        let by_hash = short(&self.good());
        let other_platform = self.changed(|tee| tee.platform.ppid[0] ^= 1);
        let other_key = self.changed(|tee| tee.pck_key = self.foreign().pck_key);
        let false_hash = {
            let mut quote = short(&self.quote_of(&other_key));
            let hash = by_hash.len() - 32;
            quote[hash..].copy_from_slice(&by_hash[hash..]);
            quote
        };
        let mut cut_hash = by_hash.clone();
        cut_hash.pop();
        for at in [CERTIFICATION + 2, 632, 766] {
            cut_hash[at] -= 1;
        }
        let now = self.now;
        let known = |name, code, quote: Vec<u8>, change: &dyn Fn(&mut SoftTee)| Broken {
            known_pck: Some((self.tee.pck_der(), self.tee.collateral())),
            collateral: self.changed(change).collateral(),
            ..self.with_quote(name, code, quote)
        };
        let same = |_: &mut SoftTee| {};
        vec![
            self.with_quote("unknown PCK by its hash", "pck_absent", by_hash.clone()),
            self.with_quote("hash of 31 bytes", "pck_hash_length", cut_hash),
            known(
                "hash of another PCK than the known",
                "pck_mismatch",
                short(&self.quote_of(&other_platform)),
                &same,
            ),
            known(
                "certificate other than the known",
                "pck_mismatch",
                compact(&self.quote_of(&other_platform)).expect("a minted quote is well formed"),
                &same,
            ),
            known(
                "chain other than the known",
                "pck_mismatch",
                self.quote_of(&other_platform),
                &same,
            ),
            known(
                "hash of the known PCK on another's quote",
                "qe_report_signature",
                false_hash,
                &same,
            ),
            known(
                "known PCK revoked since",
                "revoked",
                by_hash.clone(),
                &|tee| tee.revoked_pck.push(tee.pck_serial()),
            ),
            known(
                "known PCK with the collateral of another platform",
                "fmspc",
                by_hash.clone(),
                &|tee| tee.tcb_info.fmspc[0] ^= 1,
            ),
            known(
                "known PCK with the collateral of another PCE",
                "pce_id",
                by_hash.clone(),
                &|tee| tee.tcb_info.pce_id[1] = 1,
            ),
            known(
                "known PCK with the collateral of another PCK CA",
                "pck_chain",
                by_hash.clone(),
                &|tee| tee.pck_ca.not_after -= 1,
            ),
            known(
                "known PCK with expired collateral",
                "expired",
                by_hash,
                &|tee| tee.crl_validity.1 = now - 1,
            ),
        ]
    }

    /// Genuine collateral that is older than what is stored, or than policy takes.
    pub fn older_collaterals(&self) -> Vec<Broken> {
        let stale = |name, newer: &dyn Fn(&mut SoftTee)| Broken {
            known_collateral: Some(self.changed(newer).collateral()),
            ..self.with_quote(name, "stale_collateral", self.good())
        };
        vec![
            stale("TCB info older than the stored", &|tee| {
                tee.tcb_info.issued += 1
            }),
            stale("TCB info of a lower evaluation number", &|tee| {
                tee.tcb_info.evaluation_number += 1;
            }),
            stale("QE identity older than the stored", &|tee| {
                tee.qe_identity.issued += 1;
            }),
            stale("QE identity of a lower evaluation number", &|tee| {
                tee.qe_identity.evaluation_number += 1;
            }),
            stale("CRLs older than the stored", &|tee| tee.crl_validity.0 += 1),
            stale("CRLs of a lower number", &|tee| tee.crl_number += 1),
            Broken {
                max_collateral_age: Some(self.now - self.tee.tcb_info.issued - 1),
                ..self.with_quote(
                    "collateral a second too old for policy",
                    "collateral_age",
                    self.good(),
                )
            },
        ]
    }

    /// Genuine quotes that a policy does not accept.
    pub fn policies(&self) -> Vec<Broken> {
        let outdated = |tee: &mut SoftTee| tee.platform.components[0] -= 1;
        let at_status =
            |status: &'static str| move |tee: &mut SoftTee| tee.tcb_info.levels[0].status = status;
        let judged = |name, code, policy, change: &dyn Fn(&mut SoftTee)| {
            let tee = self.changed(change);
            Broken {
                collateral: tee.collateral(),
                policy,
                ..self.with_quote(name, code, self.quote_of(&tee))
            }
        };
        let strict = TdxPolicy::default;
        let since = self.tee.tcb_info.issued;
        let grace = TdxPolicy {
            out_of_date_grace: self.now - since - 1,
            ..strict()
        };
        let denied = TdxPolicy {
            allowed: vec![TcbStatus::OutOfDate],
            denied_advisories: vec![Advisory::from_id("INTEL-SA-90001")],
            ..strict()
        };
        let newer = TdxPolicy {
            min_tcb_evaluation_number: 21,
            ..strict()
        };
        let lower_qe = |tee: &mut SoftTee| tee.qe_identity.evaluation_number = 19;
        let not_lower = TdxPolicy {
            min_tcb_evaluation_number: 20,
            ..strict()
        };
        let status = "policy_tcb_status";
        let mut all = vec![
            judged("out-of-date platform", "policy_grace", strict(), &outdated),
            judged("out-of-date QE", "policy_grace", strict(), &|tee| {
                tee.qe_report.isv_svn = 3;
            }),
            judged("grace over for a second", "policy_grace", grace, &outdated),
            judged("denied advisory", "policy_advisory", denied, &outdated),
            judged(
                "evaluation number below the least",
                "policy_evaluation_number",
                newer,
                &|_| {},
            ),
            judged(
                "QE identity's evaluation number below the least",
                "policy_evaluation_number",
                not_lower,
                &lower_qe,
            ),
        ];
        let statuses = [
            ("software hardening needed", "SWHardeningNeeded"),
            ("configuration needed", "ConfigurationNeeded"),
            (
                "configuration and software hardening needed",
                "ConfigurationAndSWHardeningNeeded",
            ),
        ];
        for (name, text) in statuses {
            all.push(judged(name, status, strict(), &at_status(text)));
        }
        let mut old_launch = Measurements::default();
        old_launch.tee_tcb_svn[0] = 4;
        let relaunch = self
            .tee
            .quote_as(&QuoteForm::v5(3), self.report_data, &old_launch);
        all.push(self.with_quote("TD launched under an outdated module", status, relaunch));
        all
    }

    fn changed(&self, change: impl Fn(&mut SoftTee)) -> SoftTee {
        let mut tee = self.tee.clone();
        change(&mut tee);
        tee
    }

    fn quote_of(&self, tee: &SoftTee) -> Vec<u8> {
        tee.quote(self.report_data, &Measurements::default())
    }
}

/// Offset of the certification type of the PCK in a quote of version 4.
const CERTIFICATION: usize = 770 + 384 + 64 + 2 + 32;

fn short(quote: &[u8]) -> Vec<u8> {
    compact_known(quote).expect("a minted quote is well formed")
}
