//! AMD SEV-SNP attestation reports (ABI specification, AMD 56860) and the certificates that endorse
//! them (VCEK and VLEK certificates and key distribution, AMD 57230).
//!
//! Three things follow from one another, each verified once and kept small by whoever needs it again:
//!
//! * [`verify_snp_collateral`]: AMD's authority for one product (ASK for chips, ASVK for cloud
//!   providers) under the pinned root of the product (ARK), with the root's revocation list. Two RSA
//!   verifications.
//! * [`verify_endorsement`]: the certificate of one chip at one patch level (VCEK) or of one cloud
//!   provider (VLEK). One RSA verification.
//! * [`verify_snp_report`]: a report under such a key, and everything that is never acceptable,
//!   whatever a policy says. One P-384 verification.
//!
//! [`check_snp_policy`] judges what policies differ on; [`snp_image_id`] names what was launched.
//!
//! AMD gives every VCEK and VLEK the serial number 0, so its revocation lists cannot speak of them:
//! they are superseded by minimum patch levels, and single chips are refused by their
//! [`VerifiedSnp::platform_hash`]. A list revokes ASKs and ASVKs.

mod certificate;
mod codec;
mod collateral;
mod endorsement;
mod error;
mod extensions;
mod policy;
mod product;
mod report;
mod root;
mod rsa;
mod verify;

pub use collateral::{
    verify_ask, verify_snp_collateral, CrlState, RawSnpCollateral, SnpCollateral,
};
pub use endorsement::{verify_endorsement, Endorsement};
pub use error::SnpError;
pub use policy::{check_snp_policy, snp_image_id, snp_image_id_of, SnpImage, SnpPolicy};
pub use product::{Product, Signer, Tcb};
pub use root::{SnpRoot, ARK_GENOA_FINGERPRINT, ARK_MILAN_FINGERPRINT, ARK_TURIN_FINGERPRINT};
pub use verify::{report_product, report_signer, verify_snp_report, VerifiedSnp};
