//! What a node checks of each message before anything else (`ValidateBasic` of the compute module).

use super::ante::{invalid_request, ProtoMsg, Refusal};

/// Most bytes of an upload.
const MAX_WASM: usize = 2 << 20;
/// Most bytes of a label; the chain's text names another number.
const MAX_LABEL: usize = 512;

pub(super) fn check(message: &ProtoMsg) -> Result<(), Refusal> {
    match message {
        ProtoMsg::StoreCode(m) if m.wasm_byte_code.is_empty() => {
            Err(invalid_request("code bytes is required: empty"))
        }
        ProtoMsg::StoreCode(m) if m.wasm_byte_code.len() > MAX_WASM => Err(invalid_request(
            &format!("code bytes cannot be longer than {MAX_WASM} bytes: exceeds limit"),
        )),
        ProtoMsg::Instantiate(m) if m.code_id == 0 => Err(invalid_request("code_id is required")),
        ProtoMsg::Instantiate(m) if m.label.is_empty() => Err(compute(11, "is required: empty")),
        ProtoMsg::Instantiate(m) if m.label.len() > MAX_LABEL => Err(compute(
            12,
            "cannot be longer than 128 characters: exceeds limit",
        )),
        ProtoMsg::Migrate(m) if m.code_id == 0 => Err(invalid_request("code id is required")),
        ProtoMsg::UpdateAdmin(m) if m.sender.eq_ignore_ascii_case(&m.new_admin) => Err(compute(
            10,
            "new admin is the same as the old: invalid CosmosMsg from the contract",
        )),
        _ => Ok(()),
    }
}

fn compute(code: u32, log: &str) -> Refusal {
    Refusal {
        codespace: "compute",
        code,
        log: log.into(),
    }
}
