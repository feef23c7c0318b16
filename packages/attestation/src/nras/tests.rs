//! Readers of tokens and claims, on a real token whose key's certificate was not published.

use crate::crypto::sha256;
use crate::nras::claims::{decimal, hex, Device, Overall, Version};
use crate::nras::jwt::{base64url, Jwt};

#[test]
fn base64url_has_one_encoding() {
    assert_eq!(base64url(b"").unwrap(), b"");
    assert_eq!(base64url(b"-_8").unwrap(), [0xfb, 0xff]);
    assert_eq!(base64url(b"AQID").unwrap(), [1, 2, 3]);
    assert_eq!(base64url(b"AQ").unwrap(), [1]);
    for wrong in ["A", "AQI=", "AR", "AQJ", "AQID\n", "+/8", "AQIDA"] {
        assert_eq!(base64url(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn decimal_numbers_are_read_up_to_160_bits() {
    let mut five = [0; 20];
    five[19] = 5;
    assert_eq!(decimal("5"), Some(five));
    let most = "1461501637330902918203684832716283019655932542975";
    assert_eq!(decimal(most), Some([0xff; 20]));
    let more = "1461501637330902918203684832716283019655932542976";
    for wrong in ["", "-1", "1e3", "0x10", more] {
        assert_eq!(decimal(wrong), None, "{wrong}");
    }
}

#[test]
fn hex_digests_have_64_digits() {
    let text = "0123456789abcdefABCDEF".repeat(3);
    assert_eq!(hex(&text[..64]).unwrap()[..3], [0x01, 0x23, 0x45]);
    assert_eq!(hex(&text[..62]), None);
    assert_eq!(hex(&text[..65]), None);
    assert_eq!(hex(&"g0".repeat(32)), None);
}

#[test]
fn a_real_token_lists_its_device() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/attestation/nvidia/attestation-sdk/hopperClaimsv3_detached_eat.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let eat: serde_json::Value = serde_json::from_str(&text).unwrap();
    let token = eat[0][1].as_str().unwrap();
    let device = eat[1]["GPU-0"].as_str().unwrap();
    let jwt = Jwt::parse(token).unwrap();
    assert!(jwt.key_id.starts_with("nv-eat-kid-prod-20250609"));
    let overall = Overall::parse(&jwt.payload).unwrap();
    assert_eq!(overall.version, Version::V3);
    assert!(overall.result);
    assert_eq!(overall.devices, [sha256(&[device.as_bytes()])]);
    assert_eq!(overall.common.exp - overall.common.iat, 3_600);
    let claims = Device::parse(&Jwt::parse(device).unwrap().payload, Version::V3).unwrap();
    assert_eq!(claims.common.eat_nonce, overall.common.eat_nonce);
    assert_eq!(claims.driver_version, "550.90.07");
    assert_eq!(claims.vbios_version, "96.00.9F.00.01");
    assert_eq!(claims.hardware, "GH100 A01 GSP BROM");
    // The same claims do not pass for version 2.0, which reports certificates otherwise.
    let payload = Jwt::parse(device).unwrap().payload;
    assert!(Device::parse(&payload, Version::V2).is_err());
}
