//! Readers of small formats, each with what it must refuse.

use crate::der::{self, Der};
use crate::error::Item;
use crate::pem;
use crate::tcb::{Advisory, TcbStatus};
use crate::time::{generalized_time, rfc3339, utc_time};

#[test]
fn times_are_read_to_the_second() {
    assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(rfc3339("2000-02-29T23:59:59Z"), Some(951_868_799));
    assert_eq!(rfc3339("2026-10-08T00:28:26Z"), Some(1_791_419_306));
    assert_eq!(rfc3339("9999-12-31T23:59:59Z"), Some(253_402_300_799));
    assert_eq!(utc_time(b"491231235959Z"), Some(2_524_607_999));
    assert_eq!(utc_time(b"991231235959Z"), Some(946_684_799));
    assert_eq!(generalized_time(b"20500101000000Z"), Some(2_524_608_000));
}

#[test]
fn other_times_are_refused() {
    let bad = [
        "2026-10-08T00:28:26",
        "2026-10-08 00:28:26Z",
        "2026-10-08T00:28:26z",
        "2026-10-08T00:28:26.0Z",
        "2026-10-08T00:28:26+00:00",
        "2026-00-08T00:28:26Z",
        "2026-13-08T00:28:26Z",
        "2026-02-29T00:28:26Z",
        "2100-02-29T00:28:26Z",
        "2026-04-31T00:28:26Z",
        "2026-10-08T24:00:00Z",
        "2026-10-08T00:60:00Z",
        "2026-10-08T00:00:60Z",
        "1969-12-31T23:59:59Z",
        "20a6-10-08T00:28:26Z",
        "",
    ];
    for text in bad {
        assert_eq!(rfc3339(text), None, "{text}");
    }
    assert_eq!(utc_time(b"2610080028Z"), None);
    assert_eq!(utc_time(b"261008002826+0000"), None);
    assert_eq!(generalized_time(b"20261008002826.5Z"), None);
}

#[test]
fn der_has_one_encoding_only() {
    let element = |bytes: &[u8]| {
        Der::new(bytes, Item::PckCrl)
            .element()
            .map(|e| e.body.len())
    };
    assert_eq!(element(&[4, 2, 1, 2]), Ok(2));
    assert_eq!(
        element(&[&[4, 0x81, 0x80][..], &[0; 128]].concat()),
        Ok(128)
    );
    assert_eq!(
        element(&[&[4, 0x82, 1, 0][..], &[0; 256]].concat()),
        Ok(256)
    );
    let bad: [&[u8]; 9] = [
        &[],
        &[4],
        &[4, 2, 1],
        &[4, 0x80, 1, 0, 0],
        &[4, 0x81, 1, 1],
        &[4, 0x82, 0, 1, 1],
        &[4, 0x83, 0, 0, 1, 1],
        &[0x1f, 1, 1],
        &[0x3f, 0x81, 0x80],
    ];
    for bytes in bad {
        assert!(element(bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn integers_are_minimal_and_not_negative() {
    let integer = |body: &[u8]| {
        let bytes = [&[der::INTEGER, body.len() as u8][..], body].concat();
        Der::new(&bytes, Item::PckCrl).unsigned::<2>().ok()
    };
    assert_eq!(integer(&[0]), Some([0, 0]));
    assert_eq!(integer(&[5]), Some([0, 5]));
    assert_eq!(integer(&[0, 0x80]), Some([0, 0x80]));
    assert_eq!(integer(&[0, 0xff, 0xff]), Some([0xff, 0xff]));
    for body in [&[][..], &[0x80], &[0, 5], &[0, 0, 0x80], &[1, 0, 0]] {
        assert_eq!(integer(body), None, "{body:02x?}");
    }
}

#[test]
fn pem_is_read_in_one_form_only() {
    let of = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----");
    let read = |text: &str| pem::certificates(text.as_bytes()).ok();
    assert_eq!(read(&of("AQID\n")), Some(vec![vec![1, 2, 3]]));
    assert_eq!(read(&(of("AQI=\n") + "\n\0")), Some(vec![vec![1, 2]]));
    assert_eq!(
        read(&(of("AQID\n") + "\n" + &of("AQ==\n"))),
        Some(vec![vec![1, 2, 3], vec![1]])
    );
    let full = "A".repeat(64) + "\n";
    assert_eq!(read(&of(&(full.clone() + "AQ==\n"))).unwrap()[0].len(), 49);
    let bad = [
        of("AQID"),
        of("AQID\r\n"),
        of("AQI\n"),
        of("AQJ=\n"),
        of("AR==\n"),
        of("AQ==AQID\n"),
        of("A===\n"),
        of("AQ D\n"),
        of("AQID\nAQID\n"),
        of("\n"),
        of(""),
        of("AQID\n") + "\n\n",
        of("AQID\n") + "\0\0",
        of("AQID\n") + &of("AQID\n"),
        " ".to_string() + &of("AQID\n"),
        of(&("A".repeat(68) + "\n")),
        String::new(),
    ];
    for text in bad {
        assert_eq!(read(&text), None, "{text:?}");
    }
}

#[test]
fn pem_is_written_as_it_is_read() {
    let bytes: Vec<u8> = (0..=255).collect();
    for length in 1..bytes.len() {
        let certificates = [&bytes[..length], &bytes[length..]];
        let text = pem::encode(&certificates);
        let read = pem::certificates(&text).unwrap();
        assert_eq!(read, certificates.map(<[u8]>::to_vec), "{length}");
    }
}

#[test]
fn advisories_keep_their_number() {
    for id in ["INTEL-SA-00837", "INTEL-SA-01312", "INTEL-DOC-10000"] {
        assert_eq!(Advisory::from_id(id).to_string(), id);
    }
    let others = [
        "INTEL-SA-1",
        "INTEL-SA-000001",
        "INTEL-SA-+0837",
        "CVE-2025-1",
        "",
    ];
    for id in others {
        assert!(
            Advisory::from_id(id).to_string().starts_with("other-"),
            "{id}"
        );
    }
    assert_ne!(
        Advisory::from_id("CVE-2025-1"),
        Advisory::from_id("CVE-2025-2")
    );
}

#[test]
fn statuses_have_one_name_and_one_byte() {
    for byte in 0..=8 {
        let status = TcbStatus::from_byte(byte).unwrap();
        assert_eq!(TcbStatus::from_name(status.name()), Some(status));
    }
    assert_eq!(TcbStatus::from_byte(9), None);
    assert_eq!(TcbStatus::from_name("uptodate"), None);
}

#[test]
fn parts_only_make_a_platform_worse() {
    use TcbStatus::*;
    for status in (0..=8).filter_map(TcbStatus::from_byte) {
        assert_eq!(status.with_part(UpToDate), status);
        assert_eq!(status.with_part(Revoked), Revoked);
        assert_eq!(status.with_current(Revoked), Revoked);
    }
    assert_eq!(UpToDate.with_part(OutOfDate), OutOfDate);
    assert_eq!(SwHardeningNeeded.with_part(OutOfDate), OutOfDate);
    assert_eq!(
        ConfigurationNeeded.with_part(OutOfDate),
        OutOfDateConfigurationNeeded
    );
    assert_eq!(
        ConfigurationAndSwHardeningNeeded.with_part(OutOfDate),
        OutOfDateConfigurationNeeded
    );
    assert_eq!(OutOfDate.with_current(UpToDate), TdRelaunchAdvised);
    assert_eq!(
        OutOfDate.with_current(ConfigurationNeeded),
        TdRelaunchAdvisedConfigurationNeeded
    );
    assert_eq!(
        OutOfDateConfigurationNeeded.with_current(UpToDate),
        TdRelaunchAdvisedConfigurationNeeded
    );
    assert_eq!(OutOfDate.with_current(OutOfDate), OutOfDate);
    assert_eq!(UpToDate.with_current(OutOfDate), UpToDate);
}
