//! The packing of collateral for Secret's host call.

mod common;

use common::{packaged_samples, samples};
use secret_ai_attestation::dcap::{
    decode_qve_collateral, encode_qve_collateral, host_verdict, HostVerdict,
};
use secret_ai_attestation::{compact, Error, RawCollateral, TcbStatus, TrustRoot};

#[test]
fn real_collateral_comes_back_as_it_was() {
    for sample in samples() {
        let raw = sample.raw();
        let packed = encode_qve_collateral(&raw);
        println!("{}: {} bytes", sample.name, packed.len());
        assert_eq!(decode_qve_collateral(&packed), Ok(raw), "{}", sample.name);
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let raw = RawCollateral {
        root_ca_crl: vec![0x30, 0x01, 0xab],
        pck_crl: vec![0x30, 0x00],
        pck_crl_issuer_chain: vec![vec![1, 2, 3], vec![4]],
        tcb_info: b"{\"a\":1}".to_vec(),
        tcb_info_signature: [0x5f; 64],
        tcb_info_issuer_chain: vec![vec![0xff, 0xfe]],
        qe_identity: b"{}".to_vec(),
        qe_identity_signature: [0x0a; 64],
        qe_identity_issuer_chain: vec![vec![0xfb; 49]],
    };
    let packed = encode_qve_collateral(&raw);
    let pem =
        |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    let long = format!("{}\n+w==", "+/v7".repeat(16));
    let parts = [
        format!("{}{}\0", pem("AQID"), pem("BA==")),
        "3001ab\0".to_owned(),
        "3000\0".to_owned(),
        format!("{}\0", pem("//4=")),
        format!(
            "{{\"tcbInfo\":{{\"a\":1}},\"signature\":\"{}\"}}\0",
            "5f".repeat(64)
        ),
        format!("{}\0", pem(&long)),
        format!(
            "{{\"enclaveIdentity\":{{}},\"signature\":\"{}\"}}\0",
            "0a".repeat(64)
        ),
    ];
    let mut expected = 0x81u32.to_le_bytes().to_vec();
    for part in &parts {
        expected.extend_from_slice(&(part.len() as u32).to_le_bytes());
    }
    expected.extend_from_slice(parts.concat().as_bytes());
    assert_eq!(
        String::from_utf8_lossy(&packed),
        String::from_utf8_lossy(&expected)
    );
    assert_eq!(decode_qve_collateral(&packed), Ok(raw));
}

/// Rewrites one of the seven parts of a packing.
fn with_part(packed: &[u8], index: usize, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let word = |at: usize| u32::from_le_bytes(packed[at..at + 4].try_into().unwrap()) as usize;
    let mut parts = Vec::new();
    let mut at = 32;
    for part in 0..7 {
        let size = word(4 + 4 * part);
        parts.push(packed[at..at + size].to_vec());
        at += size;
    }
    change(&mut parts[index]);
    let mut out = packed[..4].to_vec();
    for part in &parts {
        out.extend_from_slice(&(part.len() as u32).to_le_bytes());
    }
    [out, parts.concat()].concat()
}

#[test]
fn other_spellings_of_the_same_are_read() {
    let raw = packaged_samples()[1].raw();
    let packed = encode_qve_collateral(&raw);
    let same = |packed: &[u8]| assert_eq!(decode_qve_collateral(packed).as_ref(), Ok(&raw));
    for index in 0..7 {
        same(&with_part(&packed, index, |part| {
            part.pop();
        }));
    }
    for (index, der) in [(1, &raw.root_ca_crl), (2, &raw.pck_crl)] {
        same(&with_part(&packed, index, |part| *part = der.clone()));
        same(&with_part(&packed, index, |part| {
            *part = [&der[..], &[0]].concat()
        }));
        same(&with_part(&packed, index, |part| {
            part.make_ascii_uppercase()
        }));
    }
}

type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn malformed_packings_are_refused() {
    let packed = encode_qve_collateral(&packaged_samples()[1].raw());
    let code = |packed: &[u8]| decode_qve_collateral(packed).map_err(|error| error.code());
    for length in [0, 3, 4, 31, 32, 33, packed.len() - 1] {
        assert_eq!(
            code(&packed[..length]),
            Err("qve_collateral"),
            "cut at {length}"
        );
    }
    let longer = [&packed[..], &[0]].concat();
    let trailing = Err(Error::QveCollateral("trailing bytes"));
    assert_eq!(decode_qve_collateral(&longer), trailing);
    let mut sgx = packed.clone();
    sgx[0] = 0;
    assert_eq!(code(&sgx), Err("qve_collateral"));
    let mut huge = packed.clone();
    huge[4..8].copy_from_slice(&[0xff; 4]);
    assert_eq!(code(&huge), Err("qve_collateral"));

    let part = |index, change: Change| code(&with_part(&packed, index, change)).map(|_| ());
    assert_eq!(part(0, &|part| part.clear()), Err("pem_chain"));
    assert_eq!(part(3, &|part| part[0] = b'_'), Err("pem_chain"));
    assert_eq!(part(1, &|part| part.clear()), Err("der"));
    assert_eq!(part(1, &|part| part[2] = b'x'), Err("qve_collateral"));
    assert_eq!(
        part(2, &|part| *part = vec![0x30, 0, 1]),
        Err("qve_collateral")
    );
    for (index, name) in [(4, "TCB info"), (6, "QE identity")] {
        let refused = Err(Error::QveCollateral(name));
        let changes: [Change; 5] = [
            &|part| part.clear(),
            &|part| part.insert(0, b' '),
            &|part| part.insert(part.len() - 1, b' '),
            &|part| {
                let digit = part.len() - 5;
                part[digit] = b'g';
            },
            &|part| {
                let digit = part.len() - 5;
                part.remove(digit);
            },
        ];
        for change in changes {
            assert_eq!(
                decode_qve_collateral(&with_part(&packed, index, change)),
                refused
            );
        }
    }
}

#[test]
fn real_evidence_gets_the_verdict_of_its_status() {
    for sample in samples() {
        let packed = encode_qve_collateral(&sample.raw());
        let intel = [TrustRoot::INTEL];
        let of = |quote: &[u8], now| host_verdict(quote, &packed, &intel, now);
        let expected = match sample.expected {
            Ok(TcbStatus::UpToDate) => HostVerdict::UpToDate,
            _ => HostVerdict::REFUSED,
        };
        // With the zeros that follow it, too.
        assert_eq!(of(&sample.quote, sample.now()), expected, "{}", sample.name);
        assert_eq!(
            of(sample.exact(), sample.now()),
            expected,
            "{}",
            sample.name
        );
        let (from, until) = sample.window;
        for now in [0, from - 1, until + 1] {
            assert_eq!(of(&sample.quote, now), HostVerdict::REFUSED);
        }
        // Only as it was generated.
        let small = compact(&sample.quote).unwrap();
        assert_eq!(of(&small, sample.now()), HostVerdict::REFUSED);
        let none = host_verdict(&sample.quote, &[], &intel, sample.now());
        assert_eq!(none, HostVerdict::NO_COLLATERAL);
        let rootless = host_verdict(&sample.quote, &packed, &[], sample.now());
        assert_eq!(rootless, HostVerdict::REFUSED);
    }
}

#[test]
fn answers_are_numbers_in_two_halves() {
    let rows = [
        (HostVerdict::UpToDate, 0),
        (HostVerdict::SwHardeningNeeded, 0xa007),
        (HostVerdict::REFUSED, 1 << 32),
        (HostVerdict::NO_COLLATERAL, 10 << 32),
    ];
    for (verdict, answer) in rows {
        assert_eq!(verdict.answer(), answer);
        assert_eq!(HostVerdict::from_answer(answer), verdict);
    }
    for answer in [1, 0xa002, 0xa008, 0xffff_ffff] {
        assert_eq!(HostVerdict::from_answer(answer), HostVerdict::REFUSED);
    }
    // Whoever passes on that there was nobody to ask refuses.
    let unavailable = HostVerdict::Unavailable.answer();
    assert_eq!(HostVerdict::from_answer(unavailable), HostVerdict::REFUSED);
    let both = (1 << 32) | 0xa007;
    assert_eq!(HostVerdict::from_answer(both), HostVerdict::REFUSED);
}
