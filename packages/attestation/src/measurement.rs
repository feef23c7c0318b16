//! What image a TD runs, as one digest.

use crate::binding::tagged;
use crate::crypto::sha256;
use crate::tdx::VerifiedTdx;

/// Identity of an image: firmware, virtual machine shape, kernel, initial file system and features,
/// but not the workload, which is in RTMR3.
///
/// SHA-256(`secret-ai/image/1` ‖ 00 ‖ MRTD 48 ‖ RTMR0 48 ‖ RTMR1 48 ‖ RTMR2 48 ‖ XFAM 8 ‖
/// TD attributes 8), the last two as in the quote.
pub fn image_id(quote: &VerifiedTdx) -> [u8; 32] {
    let [rtmr0, rtmr1, rtmr2, _] = &quote.rtmr;
    image_id_of(
        &quote.mr_td,
        [rtmr0, rtmr1, rtmr2],
        &quote.xfam,
        &quote.td_attributes,
    )
}

/// [`image_id`] from its parts.
pub fn image_id_of(
    mr_td: &[u8; 48],
    rtmr: [&[u8; 48]; 3],
    xfam: &[u8; 8],
    td_attributes: &[u8; 8],
) -> [u8; 32] {
    let [rtmr0, rtmr1, rtmr2] = rtmr;
    let parts: [&[u8]; 6] = [mr_td, rtmr0, rtmr1, rtmr2, xfam, td_attributes];
    sha256(&tagged("secret-ai/image/1", &parts))
}
