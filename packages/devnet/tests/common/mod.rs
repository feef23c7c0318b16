//! A devnet with a puppet contract that does what its messages say.
#![allow(dead_code)]

use secret_devnet::{coins, Devnet, Genesis, Msg, Tx, TxResult};
use serde_json::{json, Value};

pub const ALICE: &str = "secret1ap26qrlp8mcq2pg6r47w43l0y8zkqm8a450s03";
pub const BOB: &str = "secret1fc3fzy78ttp0lwuujw7e52rhspxn8uj52zfyne";
pub const GAS: u64 = 10_000_000;

pub fn puppet() -> Vec<u8> {
    wat::parse_str(include_str!("puppet.wat")).unwrap()
}

pub fn devnet() -> Devnet {
    Devnet::new(Genesis {
        balances: vec![(ALICE.to_owned(), coins(1_000_000, "uscrt"))],
        ..Genesis::default()
    })
    .unwrap()
}

/// A devnet, the puppet's code hash and the addresses of `count` puppets, all made by Alice.
pub fn puppets(count: usize) -> (Devnet, String, Vec<String>) {
    let mut chain = devnet();
    let code = chain.store_code(ALICE, &puppet()).unwrap();
    let addresses = (0..count)
        .map(|i| {
            let label = format!("puppet {i}");
            let empty = ok();
            let made = chain.instantiate(ALICE, code.code_id, &label, &empty, &[], Some(ALICE));
            made.unwrap().0
        })
        .collect();
    (chain, code.code_hash, addresses)
}

/// An empty response.
pub fn ok() -> Value {
    response(json!({}))
}

/// A response with some of its fields set.
pub fn response(fields: Value) -> Value {
    let mut body = json!({"messages": [], "attributes": [], "events": [], "data": null});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    json!({ "Ok": body })
}

/// The puppet's operations, to be closed with an answer.
#[derive(Clone, Default)]
pub struct Program(Vec<u8>);

pub fn program() -> Program {
    Program::default()
}

impl Program {
    pub fn op(mut self, letter: char, args: [&[u8]; 3]) -> Self {
        self.0.push(letter as u8);
        for arg in args {
            self.0.extend_from_slice(&(arg.len() as u16).to_le_bytes());
            self.0.extend_from_slice(arg);
        }
        self
    }

    pub fn write(self, key: &[u8], value: &[u8]) -> Self {
        self.op('W', [key, value, &[]])
    }

    pub fn read(self, key: &[u8]) -> Self {
        self.op('R', [key, &[], &[]])
    }

    pub fn remove(self, key: &[u8]) -> Self {
        self.op('D', [key, &[], &[]])
    }

    pub fn query(self, request: &Value) -> Self {
        self.op('Q', [request.to_string().as_bytes(), &[], &[]])
    }

    pub fn nullary(self, letter: char) -> Self {
        self.op(letter, [&[], &[], &[]])
    }

    pub fn answer(mut self, answer: &Value) -> Vec<u8> {
        self.0.extend_from_slice(answer.to_string().as_bytes());
        self.0
    }

    pub fn done(self) -> Vec<u8> {
        self.answer(&ok())
    }
}

pub fn execute(contract: &str, msg: Vec<u8>) -> Msg {
    Msg::Execute {
        contract: contract.to_owned(),
        code_hash: None,
        msg,
        funds: vec![],
    }
}

pub fn run(chain: &mut Devnet, contract: &str, msg: Vec<u8>) -> TxResult {
    chain.run_tx(Tx::one(ALICE, execute(contract, msg), GAS))
}

/// The JSON of a submessage that executes a puppet.
pub fn sub(contract: &str, hash: &str, msg: &[u8], reply_on: &str, id: u64) -> Value {
    let msg = json!({"wasm": {"execute": {
        "contract_addr": contract, "code_hash": hash, "msg": b64(msg), "send": []
    }}});
    json!({"id": id, "msg": msg, "gas_limit": null, "reply_on": reply_on})
}

pub fn b64(bytes: &[u8]) -> String {
    cosmwasm_std::Binary(bytes.to_vec()).to_base64()
}

/// What a slot of a puppet holds, as its `debug` shows it; "0" if nothing.
pub fn slot(chain: &mut Devnet, contract: &str, key: &[u8]) -> String {
    let before = chain.snapshot();
    let result = run(chain, contract, program().read(key).done());
    chain.restore(before);
    result.debug[0].clone()
}
