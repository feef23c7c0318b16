//! `cosmos.base.node.v1beta1.Service` and `cosmos.base.tendermint.v1beta1.Service`

use super::{
    proto::{
        block::{self, BlockId, BlockResponse, Validator, ValidatorSetResponse},
        node::{
            ConfigResponse, DefaultNodeInfo, GetNodeInfoResponse, GetSyncingResponse,
            ProtocolVersion, StatusResponse, VersionInfo,
        },
        Empty, Number, PageResponse, Timestamp,
    },
    unary, Served,
};
use crate::server::{
    answer::GrpcError,
    blocks::{self, Block},
    fee,
    node::Node,
};
use prost::Message;
use secret_ai_chain_client::proto::{Any, PubKey};

pub(super) fn serve_node(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        "Config" => unary(request, |Empty {}| {
            Ok(ConfigResponse {
                minimum_gas_price: fee::least_gas_price(),
            })
        }),
        "Status" => unary(request, |Empty {}| {
            let block = Block::at(node, node.latest_height())?;
            Ok(StatusResponse {
                earliest_store_height: block.height,
                height: block.height,
                timestamp: Some(Timestamp::of_nanoseconds(block.time_ns)),
                app_hash: block.derived("app").to_vec(),
                validator_hash: block.validators_hash().to_vec(),
            })
        }),
        _ => None,
    }
}

pub(super) fn serve_tendermint(node: &Node, method: &str, request: &[u8]) -> Served {
    match method {
        "GetNodeInfo" => unary(request, |Empty {}| Ok(node_info(node))),
        "GetSyncing" => unary(request, |Empty {}| {
            Ok(GetSyncingResponse { syncing: false })
        }),
        "GetLatestBlock" => unary(request, |Empty {}| {
            block_response(node, node.latest_height())
        }),
        "GetBlockByHeight" => unary(request, |Number { value }| block_response(node, value)),
        "GetLatestValidatorSet" => unary(request, |Empty {}| Ok(validators(node.latest_height()))),
        "GetValidatorSetByHeight" => unary(request, |Number { value }| {
            Ok(validators(Block::at(node, value)?.height))
        }),
        _ => None,
    }
}

fn node_info(node: &Node) -> GetNodeInfoResponse {
    const NAME: &str = "secret-devnet";
    GetNodeInfoResponse {
        default_node_info: Some(DefaultNodeInfo {
            protocol_version: Some(ProtocolVersion {
                p2p: blocks::P2P_PROTOCOL,
                block: blocks::BLOCK_PROTOCOL,
                app: 0,
            }),
            default_node_id: blocks::node_id(),
            network: node.chain_id.clone(),
            version: blocks::COMET_VERSION.into(),
            moniker: NAME.into(),
        }),
        application_version: Some(VersionInfo {
            name: NAME.into(),
            app_name: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }),
    }
}

fn validators(height: u64) -> ValidatorSetResponse {
    // `cosmos.crypto.ed25519.PubKey` has the same one field as that of secp256k1.
    let key = PubKey {
        key: blocks::validator_key().to_vec(),
    };
    ValidatorSetResponse {
        block_height: signed(height),
        validators: vec![Validator {
            address: blocks::validator_text(),
            pub_key: Some(Any {
                type_url: "/cosmos.crypto.ed25519.PubKey".into(),
                value: key.encode_to_vec(),
            }),
            voting_power: blocks::VOTING_POWER,
        }],
        pagination: Some(PageResponse { total: 1 }),
    }
}

fn block_response(node: &Node, height: u64) -> Result<BlockResponse, GrpcError> {
    let found = Block::at(node, height)?;
    let last = found.previous(node);
    let block = block::Block {
        header: Some(header(&found, last.as_ref())),
        data: Some(block::Data {
            txs: found.txs.iter().map(|tx| tx.bytes.clone()).collect(),
        }),
        last_commit: Some(last.as_ref().map_or_else(block::Commit::default, |last| {
            block::Commit {
                height: signed(last.height),
                block_id: Some(block_id(last)),
            }
        })),
    };
    let mut sdk_block = block.clone();
    if let Some(header) = &mut sdk_block.header {
        header.proposer_address = blocks::validator_text().into_bytes();
    }
    Ok(BlockResponse {
        block_id: Some(block_id(&found)),
        block: Some(block),
        sdk_block: Some(sdk_block),
    })
}

fn block_id(block: &Block) -> BlockId {
    BlockId {
        hash: block.hash().to_vec(),
        part_set_header: Some(block::PartSetHeader {
            total: 1,
            hash: block.derived("parts").to_vec(),
        }),
    }
}

fn header(block: &Block, last: Option<&Block>) -> block::Header {
    block::Header {
        version: Some(block::Consensus {
            block: blocks::BLOCK_PROTOCOL,
            app: 0,
        }),
        chain_id: block.chain_id.to_owned(),
        height: signed(block.height),
        time: Some(Timestamp::of_nanoseconds(block.time_ns)),
        last_block_id: Some(last.map(block_id).unwrap_or_default()),
        last_commit_hash: block.derived("last_commit").to_vec(),
        data_hash: block.derived("data").to_vec(),
        validators_hash: block.validators_hash().to_vec(),
        next_validators_hash: block.validators_hash().to_vec(),
        consensus_hash: block.derived("consensus").to_vec(),
        app_hash: block.derived("app").to_vec(),
        last_results_hash: block.derived("last_results").to_vec(),
        evidence_hash: block.derived("evidence").to_vec(),
        proposer_address: blocks::validator_address().to_vec(),
    }
}

/// Heights are signed on the wire; none here comes near the edge.
fn signed(height: u64) -> i64 {
    i64::try_from(height).unwrap_or(i64::MAX)
}
