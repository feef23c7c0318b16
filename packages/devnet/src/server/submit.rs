//! Transactions that come in, through whichever interface.

use super::{
    answer::GrpcError,
    ante::{self, ProtoMsg, Refusal},
    execute,
    node::Node,
    open::open_all,
    seal::{seal, Sealed},
};
use crate::{Msg, Tx};

/// Code of the SDK for a transaction that the node has seen before.
pub(super) const TX_SEEN: u32 = 19;
/// SDK gas that a simulated transaction may use; a node sets no limit.
pub(super) const SIMULATION_GAS: u64 = 1_000_000_000;

/// Checks a transaction, and executes it if it may come in. The refusal is an answer too.
pub(super) fn submit(node: &mut Node, bytes: &[u8]) -> Result<Option<Refusal>, GrpcError> {
    let admitted = ante::decode(bytes).and_then(|decoded| {
        if node.has_tx(&decoded.hash) {
            // The SDK answers with the code alone, without CometBFT's words.
            return Err(Refusal::sdk(TX_SEEN, ""));
        }
        ante::check(node, &decoded)?;
        Ok(decoded)
    });
    match admitted {
        Err(refusal) => Ok(Some(refusal)),
        Ok(decoded) => match execute::deliver(node, &decoded, bytes) {
            Ok(()) => Ok(None),
            Err(error) => {
                // The fee may have been taken.
                node.go_back();
                Err(error)
            }
        },
    }
}

/// What a transaction would do, its signature, sequence and fee left aside; changes nothing.
///
/// Messages to contracts are refused, as on a node: the enclave opens only what is signed.
pub(super) fn simulate(node: &Node, bytes: &[u8]) -> Result<Sealed, GrpcError> {
    let refused = |refusal: Refusal| GrpcError::unknown(refusal.log);
    let decoded = ante::decode(bytes).map_err(refused)?;
    let to_contract = decoded.messages.iter().any(|message| {
        matches!(
            message,
            ProtoMsg::Instantiate(_) | ProtoMsg::Execute(_) | ProtoMsg::Migrate(_)
        )
    });
    if to_contract {
        return Err(GrpcError::unknown(
            "messages to contracts cannot be simulated, set a gas limit",
        ));
    }
    let opened = open_all(&node.io_keys, &decoded).map_err(|(_, r)| refused(r))?;
    let (messages, ciphers): (Vec<Msg>, Vec<_>) =
        opened.into_iter().map(|o| (o.msg, o.cipher)).unzip();
    let result = node.devnet.simulate(Tx {
        sender: decoded.sender.clone(),
        messages,
        gas_limit: SIMULATION_GAS,
        hash: Some(decoded.hash.clone()),
        bytes: Some(decoded.size),
    });
    let sealed = seal(&result, &ciphers, Vec::new())?;
    if sealed.code != 0 {
        let (log, gas) = (sealed.raw_log, sealed.gas_used);
        return Err(GrpcError::unknown(format!("{log} with gas used: '{gas}'")));
    }
    Ok(sealed)
}
