//! Genuine quotes over any measurements and header: what follows the signatures in the verifier.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_ai_attestation::{check_policy, image_id, verify_tdx_quote, TdxPolicy};
use secret_ai_attestation_testkit::{Measurements, QuoteForm};
use secret_ai_fuzz::{NOW, REPORT_DATA, TDX};

/// Version, body type, attributes, XFAM, module version and SVN, current module version and SVN, service
/// TD, QE's product and SVN, PCE SVN, a TCB component.
type Choices = [u8; 28];

fuzz_target!(|data: Choices| {
    let [version, body, a0, a1, a2, a3, a4, a5, a6, a7, x0, x1, x2, x3, x4, x5, x6, x7, rest @ ..] =
        data;
    let [svn, module, current_svn, current, service, product, qe_svn, qe_attributes, pce_svn, component] =
        rest;
    let mut tee = TDX.tee.clone();
    tee.qe_report.isv_prod_id = u16::from(product);
    tee.qe_report.isv_svn = u16::from(qe_svn);
    tee.qe_report.attributes[0] = qe_attributes;
    tee.platform.pce_svn = pce_svn;
    tee.platform.components[0] = component;
    let mut measurements = Measurements {
        td_attributes: [a0, a1, a2, a3, a4, a5, a6, a7],
        xfam: [x0, x1, x2, x3, x4, x5, x6, x7],
        ..Measurements::default()
    };
    measurements.tee_tcb_svn[..2].copy_from_slice(&[svn, module]);
    measurements.current_tee_tcb_svn[..2].copy_from_slice(&[current_svn, current]);
    measurements.mr_service_td[0] = service;
    let form = QuoteForm {
        version: u16::from(version),
        body_type: u16::from(body),
        ..QuoteForm::default()
    };
    let quote = tee.quote_as(&form, REPORT_DATA, &measurements);
    if let Ok(verified) = verify_tdx_quote(&quote, &TDX.collateral, NOW) {
        assert_eq!(a0, 0, "debug, profiling or a reserved bit was accepted");
        assert_eq!(verified.report_data, REPORT_DATA);
        let _ = image_id(&verified);
        let _ = check_policy(&verified, &TdxPolicy::default(), NOW);
    }
});
