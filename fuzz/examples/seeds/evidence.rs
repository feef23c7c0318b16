//! Files as people hand them to the verifier: good evidence in every encoding, bundles, manifests and
//! policies.

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use secret_ai_attestation::RawCollateral;
use secret_ai_attestation_testkit::snp::SnpMeasurements;
use secret_ai_attestation_testkit::{Measurements, QuoteForm};
use secret_ai_fuzz::{join, GPU, NONCE, REPORT_DATA, SNP, TDX};
use serde_json::{json, Value};

use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let texts = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect();
    vec![
        ("evidence_pieces", files()),
        ("evidence_report", reports()),
        ("evidence_policy", texts(policies())),
        ("rim", texts(manifests())),
    ]
}

fn quote() -> Vec<u8> {
    TDX.tee.quote(REPORT_DATA, &Measurements::default())
}

fn report() -> Vec<u8> {
    SNP.soft.report(REPORT_DATA, &SnpMeasurements::default())
}

fn golden() -> Vec<u8> {
    GPU.golden.encode().expect("a minted set")
}

/// One file each: every kind of thing, then the encodings that may lie around it.
fn files() -> Vec<Vec<u8>> {
    let (quote, report, evidence) = (quote(), report(), GPU.soft.evidence(NONCE));
    let sgx = [&[3, 0, 2, 0, 0, 0, 0, 0][..], &quote[8..]].concat();
    let hcl = [&b"HCLA"[..], &[0; 28], &report, b"{}"].concat();
    let v5 = TDX
        .tee
        .quote_as(&QuoteForm::v5(3), REPORT_DATA, &Measurements::default());
    let mut files = vec![
        v5,
        sgx,
        hcl,
        report.clone(),
        evidence.clone(),
        golden(),
        SNP.vcek.clone(),
        SNP.raw.crl.clone(),
        amd_files().into_bytes(),
    ];
    let digits = hex::encode(&report);
    let texts = [
        format!("0x{digits}\n"),
        format!("{}\r\n{}", &digits[..64], &digits[64..]),
        BASE64_STANDARD.encode(&quote),
        BASE64_URL_SAFE_NO_PAD.encode(&evidence),
        json!({"data": {"quote": digits, "list": report}}).to_string(),
        BASE64_STANDARD.encode(json!([hex::encode(golden())]).to_string()),
        gpu_bundle().to_string(),
        json!({"nonce": hex::encode(NONCE), "evidence_list": gpu_bundle()}).to_string(),
        collateral_json(&TDX.raw).to_string(),
        json!({"rtmr3": "", "event_log": []}).to_string(),
        json!({"keys": []}).to_string(),
        json!({"tcbInfo": {}}).to_string(),
        "eyJhbGciOiJFUzM4NCJ9.e30.AAAA".to_string(),
        "services:\n  web:\n    image: nginx\n".to_string(),
        image_list(),
    ];
    files.extend(texts.into_iter().map(String::into_bytes));
    files
}

/// What is judged together.
fn reports() -> Vec<Vec<u8>> {
    let collateral = collateral_json(&TDX.raw).to_string();
    let bundle = gpu_bundle().to_string();
    let (amd, compose) = (amd_files(), "services:\n");
    let (images, manifests) = (image_list(), manifests());
    let secretvm = json!({"nonce": hex::encode(NONCE), "evidence_list": gpu_bundle()}).to_string();
    let sets: [[&[u8]; 3]; 5] = [
        [&quote(), collateral.as_bytes(), compose.as_bytes()],
        [&quote(), &[], images.as_bytes()],
        [&report(), amd.as_bytes(), compose.as_bytes()],
        [bundle.as_bytes(), &golden(), &[]],
        [&report(), secretvm.as_bytes(), manifests[0].as_bytes()],
    ];
    sets.iter().map(|files| join(files)).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let (first, rest) = body.split_at(64);
    format!("-----BEGIN {label}-----\n{first}\n{rest}\n-----END {label}-----\n")
}

fn chain(certificates: &[Vec<u8>]) -> String {
    certificates
        .iter()
        .map(|der| pem("CERTIFICATE", der))
        .collect()
}

/// AMD's certificates and revocation list in one text.
fn amd_files() -> String {
    let certificates = [SNP.vcek.clone(), SNP.raw.ask.clone(), SNP.root.clone()];
    chain(&certificates) + &pem("X509 CRL", &SNP.raw.crl)
}

/// A GPU as NVIDIA's attestation SDK writes it.
fn gpu_bundle() -> Value {
    let mut certificates = GPU.certificates.clone();
    certificates.extend(GPU.soft.ca_chain().into_iter().rev());
    certificates.push(GPU.root.clone());
    json!([{
        "arch": "HOPPER",
        "certificate": BASE64_STANDARD.encode(chain(&certificates)),
        "evidence": BASE64_STANDARD.encode(GPU.soft.evidence(NONCE)),
        "nonce": hex::encode(NONCE),
    }])
}

/// Intel's collateral as tools write it.
pub fn collateral_json(raw: &RawCollateral) -> Value {
    json!({
        "root_ca_crl": hex::encode(&raw.root_ca_crl),
        "pck_crl": hex::encode(&raw.pck_crl),
        "pck_crl_issuer_chain": chain(&raw.pck_crl_issuer_chain),
        "tcb_info": String::from_utf8_lossy(&raw.tcb_info),
        "tcb_info_signature": hex::encode(raw.tcb_info_signature),
        "tcb_info_issuer_chain": chain(&raw.tcb_info_issuer_chain),
        "qe_identity": String::from_utf8_lossy(&raw.qe_identity),
        "qe_identity_signature": hex::encode(raw.qe_identity_signature),
        "qe_identity_issuer_chain": chain(&raw.qe_identity_issuer_chain),
    })
}

/// SecretVM's list with the minted image in it.
fn image_list() -> String {
    let m = Measurements::default();
    let registers = [&m.mr_td, &m.rtmr[0], &m.rtmr[1], &m.rtmr[2]].map(hex::encode);
    format!(
        "template_name,vm_type,artifacts_ver,mrtd,rtmr0,rtmr1,rtmr2,rootfs_data\n\
         small,prod,v0.0.25,{},{}\n",
        registers.join(","),
        hex::encode([7; 32])
    )
}

fn policies() -> Vec<String> {
    let digest = hex::encode([1; 32]);
    let full = json!({
        "tdx": {
            "allow_sw_hardening_needed": true,
            "allow_configuration_needed": false,
            "out_of_date_grace_s": 86_400,
            "denied_advisories": ["INTEL-SA-01192"],
            "min_tcb_evaluation_number": 19,
            "max_collateral_age_s": 1_209_600
        },
        "snp": {
            "allow_smt": true,
            "allow_vlek": false,
            "allow_version_2": false,
            "max_crl_age_s": 31_536_000,
            "min_tcb": [{
                "product": "milan", "fmc": 0, "boot_loader": 3, "tee": 0, "snp": 8, "microcode": 115
            }]
        },
        "max_workers_per_platform": 8,
        "known_platforms_only": true,
        "heartbeat_s": 600,
        "images": [{"image": digest, "workloads": [digest]}, {"image": digest}],
        "platforms": [digest],
        "golden": [hex::encode(golden())],
        "binding": {
            "chain_id": "secretdev-1",
            "registry": "secret1registry",
            "operator": "secret1operator",
            "receipt_pk": hex::encode([2; 33]),
            "tls_spki_sha256": digest,
            "e2ee_pk": digest,
            "challenge": digest,
            "class": 16
        }
    });
    vec![
        full.to_string(),
        "{}".to_string(),
        json!({"golden": ["h100.golden"]}).to_string(),
    ]
}

/// Manifests in NVIDIA's form, of a driver and of a VBIOS, that nobody signed.
fn manifests() -> Vec<String> {
    ["550.144.03", "96.00.5E.00.01"].map(manifest).to_vec()
}

fn manifest(version: &str) -> String {
    let (swid, xmldsig) = (
        "http://standards.iso.org/iso/19770/-2/2015/schema.xsd",
        "http://www.w3.org/2000/09/xmldsig#",
    );
    let resources: String = (0..3)
        .map(|index| {
            let (active, hash) = (["False", "True"][index % 2], hex::encode([index as u8; 48]));
            format!(
                "\n  <ns0:Resource type=\"Measurement\" index=\"{index}\" active=\"{active}\" \
                 alternatives=\"2\" ns2:Hash0=\"{hash}\" ns2:Hash1=\"{hash}\" size=\"48\"/>"
            )
        })
        .collect();
    let certificates: String = GPU
        .certificates
        .iter()
        .map(|der| {
            let body = BASE64_STANDARD.encode(der);
            format!("<ds:X509Certificate>\n{body}\n</ds:X509Certificate>")
        })
        .collect();
    format!(
        "<SoftwareIdentity xmlns=\"{swid}\" xmlns:ns0=\"{swid}\" \
         xmlns:ns2=\"http://www.w3.org/2001/04/xmlenc#sha384\" name=\"GH100\">\
         <!-- &amp; --><ns0:Entity name=\"&quot;N&quot; &lt;\"/>\
         <ns0:Meta xmlns:ns1=\"urn:rim\" colloquialVersion=\"{version}\" product=\"GH100\" \
         ns1:PlatformModel=\"GH100\"/>\
         <ns0:Payload>{resources}</ns0:Payload>\
         <ds:Signature xmlns:ds=\"{xmldsig}\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384\"/>\
         <ds:Reference URI=\"\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{xmldsig}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#sha384\"/>\
         <ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue>{}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>{certificates}\
         </ds:X509Data></ds:KeyInfo></ds:Signature></SoftwareIdentity>",
        BASE64_STANDARD.encode([1; 48]),
        BASE64_STANDARD.encode([1; 96]),
    )
}
