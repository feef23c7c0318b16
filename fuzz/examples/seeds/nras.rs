//! Tokens, their claims, certificates and stored keys.

use secret_ai_attestation_testkit::nras::{broken, NrasToken};
use secret_ai_fuzz::{NONCE, NOW, NRAS, SEED};

use crate::Seeds;

pub fn seeds() -> Vec<Seeds> {
    let lines = |token: &NrasToken| {
        let mut lines = vec![token.overall.clone()];
        lines.extend(token.devices.iter().cloned());
        lines.join("\n").into_bytes()
    };
    let good = NRAS.soft.token(NONCE);
    let mut tokens = vec![lines(&good)];
    tokens.extend(
        broken(SEED, NOW, NONCE)
            .iter()
            .map(|broken| lines(&broken.token)),
    );
    vec![
        ("nras_token", tokens),
        (
            "nras_claims",
            vec![
                NRAS.soft.overall_claims(NONCE, &good.devices).into_bytes(),
                NRAS.soft.device_claims(NONCE, 0).into_bytes(),
            ],
        ),
        (
            "nras_records",
            vec![NRAS.soft.leaf_der(), NRAS.root.clone(), NRAS.key.encode()],
        ),
    ]
}
