//! AMD SEV-SNP.

use secret_ai_attestation::snp::{
    check_snp_policy, verify_ask, verify_endorsement, verify_snp_collateral, verify_snp_report,
    Product, RawSnpCollateral, SnpCollateral, SnpRoot, VerifiedSnp,
};
use secret_ai_attestation::{Device, Error, Item, Workload};
use serde_json::{json, Value};

use super::cpu::{self, Cpu};
use super::Context;
use crate::claims::SnpClaims;
use crate::read::{CertificateKind, Labelled};
use crate::report::Subject;
use crate::time::format_time;

/// Checks one report.
pub(super) fn check(
    context: &Context<'_>,
    report: &[u8],
    devices: &[Device],
    subject: &mut Subject<'_>,
) {
    let verified = genuine(context, report, subject);
    if let Some(verified) = &verified {
        let result = check_snp_policy(verified, &context.policy.snp());
        subject.result("policy", result, |()| {
            format!(
                "{} signed by {}, {}",
                verified.product, verified.signer, verified.reported_tcb
            )
        });
    }
    let Some(claims) = SnpClaims::read(report) else {
        return;
    };
    let cpu = Cpu {
        report_data: claims.report_data,
        image: claims.image,
        platform: verified.as_ref().map(|verified| verified.platform_hash),
        workload: Workload::HostData(claims.host_data),
    };
    let mut facts = facts(&claims, verified.as_ref());
    facts.extend(cpu::check(context, &cpu, Vec::new(), devices, subject));
    subject.facts(facts);
}

/// Verifies the report with each VCEK or VLEK until one fits.
fn genuine(context: &Context<'_>, report: &[u8], subject: &mut Subject<'_>) -> Option<VerifiedSnp> {
    let mut keys = context.of_kind(CertificateKind::Vcek);
    keys.extend(context.of_kind(CertificateKind::Vlek));
    let Some(fitting) = fitting(context, report, &keys) else {
        subject.missing("certificate", "no VCEK and no VLEK: not genuine so far");
        return None;
    };
    let Some(product) = product_of(fitting) else {
        let detail = format!("issuer `{}` is no authority of AMD's", fitting.issuer);
        subject.fail("certificate", "profile", detail);
        return None;
    };
    let collateral = collateral(context, fitting, product, subject)?;
    let now = context.options.now;
    let result = verify_endorsement(&fitting.der, &collateral, now);
    let endorsement = subject.result("certificate", result, |endorsement| {
        let until = format_time(endorsement.not_after);
        format!(
            "{} of {}, {}, until {until}",
            endorsement.signer, product, endorsement.tcb
        )
    })?;
    let result = verify_snp_report(report, &endorsement, &collateral, now);
    subject.result("report", result, |_| {
        "form, no debug, no migration, chip, TCB order, signature".to_string()
    })
}

/// The certificate with which the report verifies, or else any.
fn fitting<'a>(
    context: &Context<'_>,
    report: &[u8],
    keys: &[&'a Labelled],
) -> Option<&'a Labelled> {
    let now = context.options.now;
    let fits = |key: &&&Labelled| {
        let verify = || -> Option<VerifiedSnp> {
            let product = product_of(key)?;
            let ask = context
                .certificates
                .iter()
                .find(|one| one.subject == key.issuer)?;
            let root = context.options.roots.amd(product);
            let collateral = verify_ask(product, &ask.der, &root, now).ok()?;
            let endorsement = verify_endorsement(&key.der, &collateral, now).ok()?;
            verify_snp_report(report, &endorsement, &collateral, now).ok()
        };
        verify().is_some()
    };
    match keys {
        [] | [_] => keys.first().copied(),
        _ => keys.iter().find(fits).or(keys.first()).copied(),
    }
}

/// The product in an authority's name: `SEV-Milan` issues VCEKs, `SEV-VLEK-Milan` VLEKs.
fn product_of(key: &Labelled) -> Option<Product> {
    let name = key.issuer.strip_prefix("SEV-")?;
    Product::from_name(name.strip_prefix("VLEK-").unwrap_or(name))
}

/// A root among the files must be the one that is believed.
fn check_given_root(
    context: &Context<'_>,
    name: &str,
    root: &SnpRoot<'_>,
    subject: &mut Subject<'_>,
) {
    for given in context
        .certificates
        .iter()
        .filter(|one| one.subject == name)
    {
        if given.der == root.der() {
            subject.pass("root", format!("the given `{name}` is the trusted one"));
        } else {
            let error = Error::ForeignRoot(Item::Ark);
            subject.fail("root", error.code(), error.to_string());
        }
    }
}

/// AMD's authority above the key, with the revocation list if there is one.
fn collateral(
    context: &Context<'_>,
    key: &Labelled,
    product: Product,
    subject: &mut Subject<'_>,
) -> Option<SnpCollateral> {
    let asks = context.of_kind(CertificateKind::Ask);
    let Some(ask) = asks.iter().find(|ask| ask.subject == key.issuer) else {
        subject.missing("authority", format!("no certificate of `{}`", key.issuer));
        return None;
    };
    let (root, now) = (context.options.roots.amd(product), context.options.now);
    check_given_root(context, &ask.issuer, &root, subject);
    let crl = context
        .crls
        .iter()
        .find(|(_, issuer)| *issuer == ask.issuer);
    let result = match crl {
        Some((crl, _)) => {
            let (ask, crl) = (ask.der.clone(), crl.to_vec());
            verify_snp_collateral(&RawSnpCollateral { product, ask, crl }, &root, now)
        }
        None => verify_ask(product, &ask.der, &root, now),
    };
    let collateral = subject.result("authority", result, |collateral| {
        format!(
            "{} until {}",
            ask.subject,
            format_time(collateral.valid_until)
        )
    })?;
    let list = format!("revocation list of `{}`", ask.issuer);
    match crl {
        Some(_) => {
            let limit = context.policy.snp.max_crl_age_s;
            let age = collateral.check_age(now, limit);
            let fresh = || format!("not on the {list}, which is at most {limit} s old");
            subject.result("revocation", age, |()| fresh());
        }
        None if context.options.without_crl => {
            subject.not_checked("revocation", format!("{list} was not asked for"));
        }
        None => subject.missing("revocation", format!("no {list}")),
    }
    Some(collateral)
}

fn facts(claims: &SnpClaims, verified: Option<&VerifiedSnp>) -> Vec<(&'static str, Value)> {
    let hex = |bytes: &[u8]| Value::String(hex::encode(bytes));
    let mut facts = vec![
        ("tee", json!("snp")),
        ("genuine", json!(verified.is_some())),
        ("report_version", json!(claims.version)),
        ("image", hex(&claims.image)),
        ("measurement", hex(&claims.measurement)),
        ("host_data", hex(&claims.host_data)),
        ("family_id", identifier(&claims.family_id)),
        ("image_id", identifier(&claims.image_id)),
        ("vmpl", json!(claims.vmpl)),
        ("guest_policy", json!(format!("{:#x}", claims.policy))),
        ("report_data", hex(&claims.report_data)),
    ];
    if let Some(verified) = verified {
        facts.extend([
            ("product", json!(verified.product.name())),
            ("platform", hex(&verified.platform_hash)),
            ("signer", json!(verified.signer.name())),
            ("reported_tcb", json!(verified.reported_tcb.to_string())),
            ("valid_until", json!(format_time(verified.valid_until))),
        ]);
    }
    facts
}

/// An id that is text, as SecretVM's are, or hex.
fn identifier(id: &[u8; 16]) -> Value {
    let text = id.split(|byte| *byte == 0).next().unwrap_or_default();
    if !text.is_empty() && text.iter().all(u8::is_ascii_graphic) {
        // SecretVM fills its ids up with number signs.
        let text = String::from_utf8_lossy(text);
        Value::String(text.trim_end_matches('#').to_string())
    } else {
        Value::String(hex::encode(id))
    }
}
