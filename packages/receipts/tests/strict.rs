//! One message, one encoding: everything else is refused.

use proptest::prelude::*;
use secret_ai_receipts::{
    amount, is_low_s, sign, Ack, Body, DecodeError, Domain, Evidence, LineCount, PriceError,
    Receipt, Signed, SigningKey,
};

fn receipt() -> Receipt {
    Receipt {
        session_id: [1; 16],
        kid: [2; 20],
        seq: 3,
        is_final: true,
        aborted: false,
        counters: vec![4, 5],
        evidence: [6; 32],
    }
}

fn signed() -> Signed<Receipt> {
    let domain = Domain {
        chain_id: "c".into(),
        billing: "b".into(),
    };
    sign(
        &SigningKey::from_slice(&[7; 32]).unwrap(),
        &domain,
        receipt(),
    )
}

#[test]
fn lengths_are_exact() {
    let bytes = signed().encode();
    assert_eq!(bytes.len(), 16 + 20 + 8 + 1 + 1 + 2 * 8 + 32 + 64);
    for cut in 0..bytes.len() {
        assert!(
            Signed::<Receipt>::decode(&bytes[..cut]).is_err(),
            "cut at {cut}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    let refused = Signed::<Receipt>::decode(&longer).unwrap_err();
    assert_eq!(refused, DecodeError::Trailing { extra: 1 });
}

#[test]
fn undefined_flags_lines_and_counters_are_refused() {
    let with = |at: usize, byte: u8| {
        let mut bytes = receipt().encode();
        bytes[at] = byte;
        Receipt::decode(&bytes)
    };
    assert_eq!(with(44, 4), Err(DecodeError::Flags { flags: 4 }));
    assert_eq!(with(45, 0), Err(DecodeError::Lines { n: 0, max: 8 }));
    assert_eq!(with(45, 9), Err(DecodeError::Lines { n: 9, max: 8 }));
    let too_large = DecodeError::TooLarge {
        field: "counter",
        value: (1 << 56) + 4,
    };
    assert_eq!(with(46, 1), Err(too_large));
}

#[test]
fn the_other_signature_of_the_same_message_is_refused() {
    // n − s for the s of a valid signature verifies too (ECDSA malleability).
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36,
        0x41, 0x41,
    ];
    let mut twin = signed();
    let mut borrow = 0i16;
    for i in (0..32).rev() {
        let digit = i16::from(ORDER[i]) - i16::from(twin.signature[32 + i]) - borrow;
        borrow = i16::from(digit < 0);
        twin.signature[32 + i] = digit.rem_euclid(256) as u8;
    }
    assert!(is_low_s(&signed().signature) && !is_low_s(&twin.signature));
    assert_eq!(
        Signed::<Receipt>::decode(&twin.encode()),
        Err(DecodeError::HighS)
    );
}

#[test]
fn a_model_name_has_1_to_64_bytes() {
    let evidence = |model: &str| Evidence {
        request_sha256: [0; 32],
        response_sha256: [0; 32],
        model: model.into(),
        time: 0,
        units: vec![1],
    };
    assert!(Evidence::decode(&evidence(&"m".repeat(64)).encode()).is_ok());
    for bad in ["", &"m".repeat(65)] {
        assert!(Evidence::decode(&evidence(bad).encode()).is_err());
    }
}

#[test]
fn prices_round_up_once() {
    let lines = [
        LineCount { count: 1, rate: 1 },
        LineCount { count: 1, rate: 1 },
    ];
    assert_eq!(amount(lines), Ok(1));
    assert_eq!(
        amount([LineCount {
            count: 1_000_000,
            rate: 7
        }]),
        Ok(7)
    );
    assert_eq!(
        amount([LineCount {
            count: 1_000_001,
            rate: 7
        }]),
        Ok(8)
    );
    assert_eq!(amount([]), Ok(0));
    let most = LineCount {
        count: (1 << 56) - 1,
        rate: (1 << 56) - 1,
    };
    assert!(amount([most; 8]).is_ok());
    let refused = Err(PriceError {
        field: "rate",
        value: 1 << 56,
    });
    assert_eq!(
        amount([LineCount {
            count: 0,
            rate: 1 << 56
        }]),
        refused
    );
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(bytes in prop::collection::vec(any::<u8>(), 0..220)) {
        if let Ok(receipt) = Receipt::decode(&bytes) {
            prop_assert_eq!(receipt.encode(), bytes.clone());
        }
        if let Ok(ack) = Ack::decode(&bytes) {
            prop_assert_eq!(ack.encode(), bytes);
        }
    }

    #[test]
    fn more_use_never_costs_less(count in 0u64..1 << 55, more in 0u64..1 << 55, rate in 0u64..1 << 56) {
        let price = |count| amount([LineCount { count, rate }]).unwrap();
        prop_assert!(price(count + more) >= price(count));
        prop_assert!(price(count + more) <= price(count) + price(more));
    }
}
