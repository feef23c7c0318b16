//! Quotes, collateral and what is inside them.

use secret_ai_attestation::dcap::encode_qve_collateral;
use secret_ai_attestation::{compact, compact_known, verify_pck, RawCollateral};
use secret_ai_attestation_testkit::{broken, Measurements, QuoteForm};
use secret_ai_fuzz::{join, NOW, REPORT_DATA, SEED, TDX};

use crate::evidence::collateral_json;
use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let raw = TDX.tee.collateral();
    let chain = certificates(&raw);
    let stored = TDX.collateral.encode().expect("collateral encodes");
    vec![
        ("tdx_quote", quotes()),
        ("tdx_minted", vec![vec![0; 28], minted(4, 2), minted(5, 3)]),
        ("tdx_records", records()),
        ("tdx_collateral", parts_of(&raw)),
        ("qve_blob", vec![encode_qve_collateral(&raw)]),
        (
            "intel_json",
            vec![
                raw.tcb_info.clone(),
                raw.qe_identity.clone(),
                b"2026-09-21T14:13:20Z".to_vec(),
            ],
        ),
        ("intel_certificates", chain.clone()),
        (
            "intel_crl",
            vec![revocations(&raw.pck_crl), revocations(&raw.root_ca_crl)],
        ),
        ("pem", vec![pem_chain()]),
        (
            "collateral_json",
            vec![collateral_json(&raw).to_string().into_bytes()],
        ),
        ("stored_collateral", vec![stored]),
    ]
}

fn quotes() -> Vec<Vec<u8>> {
    let forms = [
        QuoteForm::default(),
        QuoteForm::v5(2),
        QuoteForm::v5(3),
        QuoteForm::v5(4),
    ];
    let good = forms.iter().map(|form| {
        TDX.tee
            .quote_as(form, REPORT_DATA, &Measurements::default())
    });
    let mut quotes: Vec<Vec<u8>> = good.collect();
    let small: Vec<Vec<u8>> = quotes
        .iter()
        .filter_map(|quote| compact(quote).ok())
        .collect();
    quotes.extend(small);
    quotes.extend(
        broken(SEED, NOW, REPORT_DATA)
            .into_iter()
            .map(|broken| broken.quote),
    );
    quotes
}

/// Input of `tdx_minted` that makes a genuine quote.
fn minted(version: u8, body: u8) -> Vec<u8> {
    let default = Measurements::default();
    let platform = &TDX.tee.platform;
    [
        &[version, body][..],
        &default.td_attributes,
        &default.xfam,
        &default.tee_tcb_svn[..2],
        &default.current_tee_tcb_svn[..2],
        &[0, 2, 4, TDX.tee.qe_report.attributes[0]],
        &[platform.pce_svn, platform.components[0]],
    ]
    .concat()
}

fn records() -> Vec<Vec<u8>> {
    let quote = TDX.tee.quote(REPORT_DATA, &Measurements::default());
    let small = compact(&quote).expect("a minted quote");
    let known = compact_known(&quote).expect("a minted quote");
    let certificate = leaf(&small);
    let pck = verify_pck(&certificate, &TDX.collateral, NOW).expect("a minted certificate");
    vec![
        join(&[&quote, &certificate, &pck.encode()]),
        join(&[&small, &certificate, &pck.encode()]),
        join(&[&known, &certificate, &pck.encode()]),
    ]
}

/// The PCK certificate in a quote: the last DER element that fills it to its end.
fn leaf(compact: &[u8]) -> Vec<u8> {
    (0..compact.len())
        .map(|start| &compact[start..])
        .find(|rest| {
            matches!(rest, [0x30, 0x82, a, b, ..]
            if usize::from(u16::from_be_bytes([*a, *b])) + 4 == rest.len())
        })
        .expect("a compact quote ends with its certificate")
        .to_vec()
}

fn certificates(raw: &RawCollateral) -> Vec<Vec<u8>> {
    let quote = TDX.tee.quote(REPORT_DATA, &Measurements::default());
    let mut chain = vec![leaf(&compact(&quote).expect("a minted quote"))];
    chain.extend(raw.pck_crl_issuer_chain.iter().cloned());
    chain.extend(raw.tcb_info_issuer_chain.iter().take(1).cloned());
    chain
}

fn parts_of(raw: &RawCollateral) -> Vec<Vec<u8>> {
    let parts = [
        &raw.root_ca_crl,
        &raw.pck_crl,
        &raw.tcb_info,
        &raw.qe_identity,
        &raw.pck_crl_issuer_chain[0],
        &raw.pck_crl_issuer_chain[1],
        &raw.tcb_info_issuer_chain[0],
        &raw.qe_identity_issuer_chain[0],
    ];
    (0u8..)
        .zip(parts)
        .map(|(choice, part)| [&[choice][..], part].concat())
        .collect()
}

/// The part of a minted list behind its dates: revoked certificates and extensions.
fn revocations(list: &[u8]) -> Vec<u8> {
    let is_date = |window: &[u8]| window.starts_with(b"\x17\x0d");
    let last = list
        .windows(15)
        .enumerate()
        .filter(|(_, window)| is_date(window))
        .map(|(at, _)| at + 15)
        .nth(1)
        .expect("two dates");
    // Algorithm and signature follow; the reader refuses them, which is as good a seed as any.
    list[last..].to_vec()
}

/// The chain of a quote of version 4, which ends with it.
fn pem_chain() -> Vec<u8> {
    let quote = TDX.tee.quote(REPORT_DATA, &Measurements::default());
    let start = quote
        .windows(10)
        .position(|window| window == b"-----BEGIN")
        .expect("a PEM chain");
    quote[start..].to_vec()
}
