//! The registry's side: collateral, evidence, workers.

use secret_ai_interface::registry::{self, Listing, ModelListing, Rate, RootKind};
use secret_ai_interface::{Hex, Unit, WorkerId};
use secret_ai_receipts::{public_key, SigningKey};

use super::{address, answer, Local, INPUT_RATE, MODEL, OUTPUT_RATE};
use crate::evidence::{self, Certificates, Claim, Cpu};

impl Local {
    /// Submits the development collateral and approves the simulated image.
    pub fn prepare_registry(&mut self) {
        let collateral = evidence::collateral(self.world.tdx.collateral());
        self.submit("TDX", collateral);
        let approve = registry::ExecuteMsg::ApproveImage {
            image: evidence::image(),
            workload: None,
            until: None,
            padding: None,
        };
        self.registry("admin", "approve_image", &approve)
            .expect("image");
    }

    /// Submits collateral under the development roots.
    pub fn submit(&mut self, what: &str, collateral: registry::Collateral) {
        let submit = registry::ExecuteMsg::SubmitCollateral {
            root: RootKind::Development,
            collateral,
            padding: None,
        };
        self.registry("anyone", &format!("submit_collateral, {what}"), &submit)
            .expect("collateral");
    }

    /// A challenge for an operator's key.
    pub fn challenge(&mut self, operator: &str, key: &SigningKey) -> [u8; 32] {
        let challenge = registry::ExecuteMsg::Challenge {
            receipt_pk: Hex(public_key(key)),
            tls_spki_sha256: Hex([0; 32]),
            padding: None,
        };
        let result = self
            .registry(operator, "challenge", &challenge)
            .expect("challenge");
        answer::<registry::ChallengeAnswer>(&result).challenge.0
    }

    /// The evidence of an operator's TDX worker for a new challenge.
    pub fn attestation(&mut self, operator: &str, key: &SigningKey) -> registry::Attestation {
        let challenge = self.challenge(operator, key);
        self.attest(operator, key, &challenge, |claim| claim)
    }

    /// The evidence of an operator for a challenge: TDX, all certificates, unless `change` says
    /// otherwise.
    pub fn attest(
        &self,
        operator: &str,
        key: &SigningKey,
        challenge: &[u8; 32],
        change: impl Fn(Claim) -> Claim,
    ) -> registry::Attestation {
        self.world.attest(change(Claim {
            key,
            chain_id: self.net.chain_id(),
            registry: self.registry.address.as_str(),
            operator: &address(operator),
            challenge,
            cpu: Cpu::Tdx,
            gpus: 0,
            certificates: Certificates::Full,
            staged: false,
        }))
    }

    /// Registers a worker; returns its id.
    pub fn register(&mut self, operator: &str, key: &SigningKey) -> WorkerId {
        let attestation = self.attestation(operator, key);
        let register = registry::ExecuteMsg::Register {
            worker_id: None,
            attestation,
            listing: self.listing(),
            padding: None,
        };
        let result = self
            .registry(operator, "register", &register)
            .expect("register");
        answer::<registry::RegisterAnswer>(&result).worker_id
    }

    /// What every worker here offers.
    pub fn listing(&self) -> Listing {
        let rates = vec![
            Rate {
                unit: Unit::Input,
                rate: INPUT_RATE,
            },
            Rate {
                unit: Unit::Output,
                rate: OUTPUT_RATE,
            },
        ];
        let token = self.token.address.clone();
        let models = vec![ModelListing {
            model: MODEL.into(),
            token,
            rates,
        }];
        Listing {
            url: "http://127.0.0.1:8080".into(),
            models,
        }
    }
}
