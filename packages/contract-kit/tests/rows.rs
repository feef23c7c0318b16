//! Rows have one size, whatever they hold; addresses and viewing keys are checked.

use cosmwasm_std::testing::{mock_env, mock_info, MockStorage};
use cosmwasm_std::{Addr, StdResult};
use secret_ai_contract_kit::row::{decode, encode, may_load, save, Reader, Row, Writer};
use secret_ai_contract_kit::viewing_key::{check, create, set, WRONG_KEY};
use secret_ai_contract_kit::{checked_address, padding};

#[derive(Debug, PartialEq)]
struct Sample {
    text: String,
    owner: Addr,
    amount: u128,
}

impl Row for Sample {
    const SIZE: usize = 1 + 20 + 45 + 16;

    fn write(&self, out: &mut Writer) {
        out.text(&self.text, 20);
        out.address(&self.owner);
        out.u128(self.amount);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Sample {
            text: from.text(20)?,
            owner: from.address()?,
            amount: from.u128()?,
        })
    }
}

#[test]
fn rows_have_one_size_and_read_back() {
    let owner = Addr::unchecked("secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03");
    for (text, amount) in [("", 0), ("short", 1), ("exactly twenty bytes", u128::MAX)] {
        let row = Sample {
            text: text.into(),
            owner: owner.clone(),
            amount,
        };
        let bytes = encode(&row);
        assert_eq!(bytes.len(), Sample::SIZE);
        assert_eq!(decode::<Sample>(&bytes).unwrap(), row);
        assert!(decode::<Sample>(&bytes[1..]).is_err());
        assert!(decode::<Sample>(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
    let mut storage = MockStorage::new();
    let row = Sample {
        text: "x".into(),
        owner,
        amount: 7,
    };
    save(&mut storage, b"slot", &row);
    assert_eq!(may_load(&storage, b"slot").unwrap(), Some(row));
    assert_eq!(may_load::<Sample>(&storage, b"none").unwrap(), None);
}

#[test]
fn addresses_are_bech32_of_this_chain() {
    let good = "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03";
    assert_eq!(checked_address("who", good).unwrap(), good);
    for bad in [
        "",
        "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s04",
        "SECRET1AP26QRLP8MCQ2PG6R47W43L0Y8ZKQM8A450S03",
        "cosmos1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03",
        "secret1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    ] {
        let refused = checked_address("who", bad).unwrap_err().to_string();
        assert!(
            refused.contains("who: not an address of this chain"),
            "{refused}"
        );
    }
}

#[test]
fn errors_come_in_blocks_and_keep_their_text() {
    for (length, padded) in [(0, 128), (1, 128), (128, 128), (129, 256)] {
        let text = "x".repeat(length);
        let sent = padding::pad_error(&text);
        assert_eq!((sent.len(), sent.trim_end()), (padded, text.as_str()));
    }
}

#[test]
fn answers_come_in_blocks() {
    for (length, padded) in [(0, 256), (1, 256), (256, 256), (257, 512)] {
        assert_eq!(padding::pad(vec![b'x'; length]).len(), padded);
    }
}

#[test]
fn a_wrong_viewing_key_and_no_account_answer_alike() {
    let mut storage = MockStorage::new();
    let (me, key) = (Addr::unchecked("me"), "correct horse");
    set(&mut storage, &me, key).unwrap();
    assert!(check(&storage, "me", key).is_ok());
    let wrong = check(&storage, "me", "wrong horse").unwrap_err();
    let nobody = check(&storage, "nobody", key).unwrap_err();
    assert_eq!(wrong, nobody);
    assert!(wrong.to_string().contains(WRONG_KEY));
    for bad in ["1234567", &"k".repeat(129)] {
        let refused = set(&mut storage, &me, bad).unwrap_err().to_string();
        assert!(refused.contains("must be 8 to 128"), "{refused}");
    }
    let made = create(&mut storage, &mock_env(), &mock_info("me", &[]), "entropy").unwrap();
    assert!(made.starts_with("api_key_"));
    assert!(check(&storage, "me", &made).is_ok());
    assert!(check(&storage, "me", key).is_err(), "the old key is gone");
}
