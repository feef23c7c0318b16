//! Tokens that are wrong in one way, with the code of the refusal.

use crate::nras::{base64url, NrasToken, SoftNras, DAY};

/// A token with the certificate of its key, one of which is wrong.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong.
    pub name: &'static str,
    /// Code of the error of `verify_nras_key` followed by `verify_nras_token`.
    pub code: &'static str,
    pub leaf: Vec<u8>,
    pub token: NrasToken,
    /// Unix seconds at which it is to be verified.
    pub now: u64,
}

/// Every variant for one seed. They are to be verified under the root of `SoftNras::new(seed, now)` and
/// for `nonce`.
pub fn broken(seed: [u8; 32], now: u64, nonce: [u8; 32]) -> Vec<Broken> {
    let kit = Kit {
        seed,
        now,
        nonce,
        service: SoftNras::new(seed, now),
    };
    let mut all = kit.signatures();
    all.extend(kit.certificates());
    all.extend(kit.claims());
    all.extend(kit.devices());
    all.extend(kit.forms());
    all
}

struct Kit {
    seed: [u8; 32],
    now: u64,
    nonce: [u8; 32],
    service: SoftNras,
}

impl Kit {
    /// A changed service's token and certificate.
    fn changed(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl FnOnce(&mut SoftNras),
    ) -> Broken {
        let mut service = self.service.clone();
        change(&mut service);
        Broken {
            name,
            code,
            leaf: service.leaf_der(),
            token: service.token(self.nonce),
            now: self.now,
        }
    }

    /// A good service's token, edited.
    fn edited(
        &self,
        name: &'static str,
        code: &'static str,
        change: impl FnOnce(&mut NrasToken),
    ) -> Broken {
        let mut broken = self.changed(name, code, |_| ());
        change(&mut broken.token);
        broken
    }

    fn other_seed(&self) -> SoftNras {
        let mut seed = self.seed;
        seed[0] ^= 1;
        SoftNras::new(seed, self.now)
    }

    fn signatures(&self) -> Vec<Broken> {
        let foreign = self.other_seed().token(self.nonce);
        let unsigned = format!(
            "{}.{}.",
            base64url(br#"{"kid":"0","alg":"none"}"#),
            base64url(self.service.overall_claims(self.nonce, &[]).as_bytes())
        );
        vec![
            self.changed("algorithm none", "nras_algorithm", |service| {
                service.algorithm = "none";
            }),
            self.edited("algorithm none, unsigned", "nras_algorithm", |token| {
                token.overall = unsigned;
            }),
            self.changed("algorithm HS256", "nras_algorithm", |service| {
                service.algorithm = "HS256";
            }),
            self.edited("key of another certificate", "signature", |token| {
                *token = foreign
            }),
            self.edited("payload edited", "signature", |token| {
                replace(&mut token.overall, 1, |payload| {
                    payload.replacen("true", "null", 1)
                });
            }),
            self.edited("key id edited", "signature", |token| {
                replace(&mut token.overall, 0, |header| {
                    header.replacen("nv-", "xx-", 1)
                });
            }),
            self.edited("signature of zeros", "signature", |token| {
                let (signed, _) = token.overall.rsplit_once('.').expect("three parts");
                token.overall = format!("{signed}.{}", base64url(&[0; 96]));
            }),
        ]
    }

    fn certificates(&self) -> Vec<Broken> {
        let now = self.now;
        let mut edited = self.changed("certificate edited", "signature", |_| ());
        // The last byte of the public key's y stands right before the extensions.
        let key = [0x00, 0x22, 0x03, 0x62, 0x00, 0x04];
        let at = edited.leaf.windows(6).position(|window| window == key);
        edited.leaf[at.expect("a P-384 key") + 6] ^= 1;
        vec![
            edited,
            self.changed("certificate expired", "expired", |service| {
                service.leaf.not_after = now - 1;
            }),
            self.changed("certificate of tomorrow", "not_yet_valid", |service| {
                service.leaf.not_before = now + 1;
            }),
            self.changed("certificate of another service", "profile", |service| {
                service.leaf.common_name = "nras.attestation.nvidia.com";
            }),
            self.changed("certificate of an authority", "profile", |service| {
                service.leaf.is_ca = true;
            }),
            self.changed("certificate that may not sign", "profile", |service| {
                service.leaf.usage = 0x28;
            }),
        ]
    }

    fn claims(&self) -> Vec<Broken> {
        let now = self.now;
        let mut nonce = self.nonce;
        nonce[31] ^= 1;
        let other_nonce = self.service.token(nonce);
        vec![
            self.changed("staging environment", "nras_issuer", |service| {
                service.issuer = "https://nras.attestation-stg.nvidia.com";
            }),
            self.changed("token expired", "expired", |service| {
                service.issued = now - DAY;
                service.expires = now;
            }),
            self.changed("token of tomorrow", "not_yet_valid", |service| {
                service.issued = now + 1;
            }),
            self.edited("nonce of another", "nras_nonce", |token| {
                *token = other_nonce
            }),
            self.changed("negative result", "nras_result", |service| {
                service.result = false;
            }),
            self.changed("claims of version 4.0", "nras_version", |service| {
                service.version = "4.0";
            }),
            self.edited("nonce is no hex", "nras_nonce", |token| {
                let claims = self.service.overall_claims(self.nonce, &token.devices);
                let claims = claims.replacen(r#""eat_nonce":""#, r#""eat_nonce":"0x"#, 1);
                token.overall = self.service.sign(&claims);
            }),
        ]
    }

    fn devices(&self) -> Vec<Broken> {
        let nonce = self.nonce;
        let mut other = nonce;
        other[0] ^= 1;
        let device =
            |name, change: fn(&mut SoftNras)| self.changed(name, "nras_device_claim", change);
        vec![
            self.edited("device missing", "nras_device_count", |token| {
                token.devices.pop();
            }),
            self.edited("device not listed", "nras_device_count", |token| {
                let extra = self
                    .other_seed()
                    .sign(&self.service.device_claims(nonce, 0));
                token.devices.push(extra);
            }),
            self.edited("device exchanged", "nras_device_digest", |token| {
                token.devices[1] = self
                    .other_seed()
                    .sign(&self.service.device_claims(nonce, 1));
            }),
            self.edited("device sent twice", "nras_device_digest", |token| {
                token.devices[1] = token.devices[0].clone();
            }),
            self.edited("device listed twice", "nras_device_digest", |token| {
                token.devices[1] = token.devices[0].clone();
                let claims = self.service.overall_claims(nonce, &token.devices);
                token.overall = self.service.sign(&claims);
            }),
            self.changed("no device", "nras_device_count", |service| {
                service.devices.clear();
            }),
            self.edited("digest of another algorithm", "nras_form", |token| {
                let claims = self.service.overall_claims(nonce, &token.devices);
                token.overall = self.service.sign(&claims.replace("SHA-256", "SHA-1"));
            }),
            self.edited("device of another nonce", "nras_nonce", |token| {
                token.devices[0] = self.service.sign(&self.service.device_claims(other, 0));
                let claims = self.service.overall_claims(nonce, &token.devices);
                token.overall = self.service.sign(&claims);
            }),
            device("measurements differ", |service| {
                service.devices[1].measurements = "fail";
            }),
            device("no secure boot", |service| {
                service.devices[0].secure_boot = false;
            }),
            device("debug on", |service| service.devices[0].debug = "enabled"),
            device("report not confirmed", |service| {
                service.devices[1].confirmed = false;
            }),
            device("certificate revoked", |service| {
                service.version = "3.0";
                service.devices[1].ocsp = "revoked";
            }),
        ]
    }

    fn forms(&self) -> Vec<Broken> {
        let form = "nras_form";
        vec![
            self.edited("empty token", form, |token| token.overall.clear()),
            self.edited("token of two parts", form, |token| {
                token.overall = token.overall.rsplit_once('.').expect("parts").0.into();
            }),
            self.edited("token of four parts", form, |token| token.overall += ".AA"),
            self.edited("padding", form, |token| token.overall += "="),
            self.edited("signature cut", form, |token| {
                token.overall.truncate(token.overall.len() - 4);
            }),
            self.edited("critical header", form, |token| {
                replace(&mut token.overall, 0, |header| {
                    header.replacen('{', r#"{"crit":["b64"],"b64":false,"#, 1)
                });
            }),
            self.edited("header is no JSON", form, |token| {
                replace(&mut token.overall, 0, |header| header.replace('{', "["));
            }),
            self.edited("claims are no object", form, |token| {
                token.overall = self.service.sign("[]");
            }),
            self.edited("token too large", "too_large", |token| {
                token.overall = self.service.sign(&" ".repeat(8_192));
            }),
        ]
    }
}

/// Decodes a part of a token, which is ASCII, changes it and encodes it again.
fn replace(token: &mut String, part: usize, change: impl FnOnce(String) -> String) {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[part] = base64url(change(text(&parts[part])).as_bytes());
    *token = parts.join(".");
}

fn text(part: &str) -> String {
    let sextet = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let bits: Vec<u8> = part
        .bytes()
        .flat_map(|byte| (0..6).rev().map(move |place| sextet(byte) >> place & 1))
        .collect();
    bits.chunks_exact(8)
        .map(|byte| char::from(byte.iter().fold(0, |sum, bit| sum << 1 | bit)))
        .collect()
}
