//! Intel TDX.

use secret_ai_attestation::{
    check_policy, verify_collateral, verify_tdx_quote, Collateral, Device, Error, VerifiedTdx,
    Workload,
};
use serde_json::{json, Value};

use super::cpu::{self, Cpu};
use super::Context;
use crate::claims::{fmspc_of, TdxClaims};
use crate::read::ImageRow;
use crate::report::{Log, Subject};
use crate::time::format_time;

/// A quote's verdict: the collateral by its place among the given ones, and what came of it.
struct Judged {
    collateral: usize,
    result: Result<VerifiedTdx, Error>,
}

/// Verifies all quotes with the Intel collateral that is there.
pub(super) fn check_all(context: &Context<'_>, devices: &[Device], log: &mut Log) {
    let (roots, now) = (&context.options.roots, context.options.now);
    let all = context.intel.iter();
    let all: Vec<Result<Collateral, Error>> = all
        .map(|raw| verify_collateral(raw, &roots.intel, now))
        .collect();
    let quotes = context.tdx.iter();
    let judged: Vec<Option<Judged>> = quotes.map(|quote| judge(context, quote, &all)).collect();
    collateral(context, all, &judged, log);
    for (number, (quote, judged)) in context.tdx.iter().zip(judged).enumerate() {
        let mut subject = log.subject(super::numbered("tdx", number, context.tdx.len()));
        check(context, quote, judged, devices, &mut subject);
    }
}

/// Verifies a quote with the collateral of its kind of platform, such as policy takes first, until one
/// verifies it.
fn judge(context: &Context<'_>, quote: &[u8], all: &[Result<Collateral, Error>]) -> Option<Judged> {
    let now = context.options.now;
    let sound = all.iter().enumerate();
    let mut sound: Vec<(usize, &Collateral)> = sound
        .filter_map(|(place, one)| Some((place, one.as_ref().ok()?)))
        .collect();
    sound.sort_by_key(|(_, one)| !acceptable(context, one));
    let fmspc = fmspc_of(quote);
    let (own, foreign): (Vec<_>, Vec<_>) = sound
        .into_iter()
        .partition(|(_, one)| Some(one.fmspc) == fmspc);
    // Another platform's collateral only serves to say that it is another platform's.
    let tried = match own.is_empty() {
        true => foreign.into_iter().take(1).collect(),
        false => own,
    };
    let mut best: Option<Judged> = None;
    for (collateral, one) in tried {
        let result = verify_tdx_quote(quote, one, now);
        let verified = result.is_ok();
        let other_authority =
            |known: &Judged| matches!(known.result, Err(Error::PckChain(_) | Error::Issuer(_)));
        if verified || best.as_ref().is_none_or(other_authority) {
            best = Some(Judged { collateral, result });
        }
        if verified {
            break;
        }
    }
    best
}

/// Whether policy takes this collateral.
fn acceptable(context: &Context<'_>, one: &Collateral) -> bool {
    let policy = &context.policy.tdx;
    let (now, number) = (context.options.now, one.evaluation_number());
    one.check_age(now, policy.max_collateral_age_s).is_ok()
        && number >= policy.min_tcb_evaluation_number
        && policy
            .max_tcb_evaluation_number
            .is_none_or(|most| number <= most)
}

/// Notes what came of each collateral. One that is out of its time is of no interest if the quotes were
/// verified with others.
fn collateral(
    context: &Context<'_>,
    all: Vec<Result<Collateral, Error>>,
    judged: &[Option<Judged>],
    log: &mut Log,
) {
    let (now, limit) = (context.options.now, context.policy.tdx.max_collateral_age_s);
    for (number, result) in all.into_iter().enumerate() {
        let mut subject = log.subject(super::numbered("intel", number, context.intel.len()));
        let by_another = |one: &Option<Judged>| {
            let judged = one.as_ref();
            judged.is_some_and(|judged| judged.result.is_ok() && judged.collateral != number)
        };
        let spare = !judged.is_empty() && judged.iter().all(by_another);
        if let (true, Err(error @ (Error::Expired { .. } | Error::NotYetValid { .. }))) =
            (spare, &result)
        {
            subject.not_checked("collateral", format!("not needed: {error}"));
            continue;
        }
        let Some(collateral) = subject.result("collateral", result, describe) else {
            continue;
        };
        match collateral.check_age(now, limit) {
            Err(error) if spare => {
                subject.not_checked("collateral_age", format!("not needed: {error}"));
            }
            age => {
                let fresh = || format!("at most {limit} s since its issue");
                subject.result("collateral_age", age, |()| fresh());
            }
        }
    }
}

fn describe(collateral: &Collateral) -> String {
    let fmspc = hex::encode(collateral.fmspc);
    let until = format_time(collateral.dates.valid_until);
    let number = collateral.evaluation_number();
    format!("FMSPC {fmspc}, TCB evaluation number {number}, until {until}")
}

/// What [`verify_tdx_quote`] checks, and the codes of the errors by which each part fails.
const PARTS: [(&str, &str, &[&str]); 6] = [
    (
        "form",
        "exact length, version, key type, QE vendor",
        &[
            "quote_length",
            "quote_version",
            "sgx_quote",
            "tee_type",
            "attestation_key_type",
            "qe_vendor",
            "body_type",
            "certification_type",
            "pck_hash_length",
        ],
    ),
    (
        "attributes",
        "no debug, profiling, migration, service TD; SEPT_VE_DISABLE",
        &[
            "td_debug",
            "td_profiling",
            "td_migratable",
            "td_reserved",
            "td_sept_ve",
            "service_td",
        ],
    ),
    (
        "pck_certificate",
        "under Intel's root, in its time, not revoked, FMSPC and PCE-ID",
        &[
            "pem_chain",
            "pck_absent",
            "pck_mismatch",
            "pck_chain",
            "der",
            "profile",
            "issuer",
            "signature",
            "not_yet_valid",
            "expired",
            "revoked",
            "fmspc",
            "pce_id",
        ],
    ),
    (
        "quoting_enclave",
        "identity, signature, names the attestation key",
        &[
            "qe_debug",
            "qe_signer",
            "qe_product",
            "qe_miscselect",
            "qe_attributes",
            "qe_isv_svn",
            "qe_binding",
            "qe_report_signature",
        ],
    ),
    (
        "tcb_level",
        "platform and TDX module are known and not revoked",
        &[
            "tcb_level",
            "tcb_revoked",
            "tdx_module",
            "tdx_module_signer",
            "tdx_module_attributes",
            "tdx_module_isv_svn",
        ],
    ),
    (
        "signature",
        "by the attestation key over the whole report",
        &["quote_signature"],
    ),
];

/// Checks one quote.
fn check(
    context: &Context<'_>,
    quote: &[u8],
    judged: Option<Judged>,
    devices: &[Device],
    subject: &mut Subject<'_>,
) {
    let claims = TdxClaims::read(quote);
    let verified = genuine(judged, subject);
    if let Some(verified) = &verified {
        let (policy, now) = (context.policy.tdx(), context.options.now);
        let result = check_policy(verified, &policy, now);
        subject.result("tcb_policy", result, |()| tcb(verified));
        newest(context, verified, subject);
    }
    let Some(claims) = claims else {
        return;
    };
    let cpu = Cpu {
        report_data: claims.report_data,
        image: claims.image,
        platform: verified.as_ref().map(|verified| verified.ppid_hash),
        workload: Workload::Rtmr3(claims.rtmr[3]),
    };
    // Several published images differ in their root file system only, which is in RTMR3.
    let rows = context.images.iter().filter(|row| {
        row.mr_td == claims.mr_td && claims.rtmr.iter().zip(&row.rtmr).all(|(a, b)| a == b)
    });
    let rows: Vec<&ImageRow> = rows.copied().collect();
    let rootfs = rows.iter().map(|row| row.rootfs);
    let rootfs = context.options.rootfs.into_iter().chain(rootfs).collect();
    let mut facts = facts(&claims, verified.as_ref());
    let name = |row: &&ImageRow| format!("{} {} {}", row.template, row.vm_type, row.version);
    if !rows.is_empty() {
        facts.push(("secretvm_images", rows.iter().map(name).collect()));
    }
    facts.extend(cpu::check(context, &cpu, rootfs, devices, subject));
    subject.facts(facts);
}

/// Collateral of a later TCB evaluation than policy lets count.
fn newest(context: &Context<'_>, verified: &VerifiedTdx, subject: &mut Subject<'_>) {
    const NAME: &str = "tcb_evaluation";
    let Some(most) = context.policy.tdx.max_tcb_evaluation_number else {
        return;
    };
    let have = verified.tcb_evaluation_number;
    if have <= most {
        subject.pass(NAME, format!("number {have}, at most {most}"));
    } else {
        let detail = format!("TCB evaluation number is {have}, policy wants at most {most}");
        subject.fail(NAME, "policy_evaluation_number", detail);
    }
}

/// Notes each part of a quote's verification.
fn genuine(judged: Option<Judged>, subject: &mut Subject<'_>) -> Option<VerifiedTdx> {
    match judged.map(|judged| judged.result) {
        None => {
            subject.missing(
                "collateral",
                "no Intel collateral that verifies: not genuine so far",
            );
            None
        }
        Some(Ok(verified)) => {
            for (name, what, _) in PARTS {
                subject.pass(name, what);
            }
            Some(verified)
        }
        Some(Err(error)) => {
            let code = error.code();
            let failed = PARTS.iter().find(|(_, _, codes)| codes.contains(&code));
            let failed = failed.map_or("quote", |(name, _, _)| name);
            subject.fail(failed, code, error.to_string());
            for (name, what, _) in PARTS.iter().filter(|(name, _, _)| *name != failed) {
                subject.not_checked(name, format!("{what}: no verdict after the failure"));
            }
            None
        }
    }
}

fn tcb(verified: &VerifiedTdx) -> String {
    let advisories: Vec<String> = verified
        .advisories
        .iter()
        .map(ToString::to_string)
        .collect();
    let advisories = match advisories.is_empty() {
        true => String::new(),
        false => format!(", advisories {}", advisories.join(" ")),
    };
    let date = format_time(verified.tcb_date);
    format!("{} since {date}{advisories}", verified.tcb_status)
}

fn facts(claims: &TdxClaims, verified: Option<&VerifiedTdx>) -> Vec<(&'static str, Value)> {
    let text = |bytes: &[u8]| Value::String(hex::encode(bytes));
    let [rtmr0, rtmr1, rtmr2, rtmr3] = &claims.rtmr;
    let mut facts = vec![
        ("tee", json!("tdx")),
        ("genuine", json!(verified.is_some())),
        ("quote_version", json!(claims.version)),
        ("image", text(&claims.image)),
        ("mrtd", text(&claims.mr_td)),
        ("rtmr0", text(rtmr0)),
        ("rtmr1", text(rtmr1)),
        ("rtmr2", text(rtmr2)),
        ("rtmr3", text(rtmr3)),
        ("td_attributes", text(&claims.td_attributes)),
        ("xfam", text(&claims.xfam)),
        ("report_data", text(&claims.report_data)),
    ];
    if let Some(verified) = verified {
        let advisories: Vec<String> = verified
            .advisories
            .iter()
            .map(ToString::to_string)
            .collect();
        facts.extend([
            ("platform", text(&verified.ppid_hash)),
            ("fmspc", text(&verified.fmspc)),
            ("tcb_status", json!(verified.tcb_status.name())),
            ("tcb_date", json!(format_time(verified.tcb_date))),
            (
                "tcb_evaluation_number",
                json!(verified.tcb_evaluation_number),
            ),
            ("advisories", json!(advisories)),
            ("valid_until", json!(format_time(verified.valid_until))),
        ]);
    }
    facts
}
