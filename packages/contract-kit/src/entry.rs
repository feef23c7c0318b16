//! The wasm exports of a contract: what `cosmwasm_std`'s own macro makes, and around it errors of
//! few lengths (rule P1) and one gas per class of messages (rule P2, [`crate::flat_gas`]). The text for
//! a message that cannot be parsed is `cosmwasm_std`'s and stays as long as it is: it says nothing
//! that its sender did not write.

/// Exports the functions `instantiate`, `execute` and `query` of the module that it stands in,
/// unless the contract is built as a library. `unknown` is the gas target of an execute message that
/// cannot be parsed; a parsed one sets its own.
#[macro_export]
macro_rules! entry_points {
    (unknown: $unknown:expr) => {
        /// SDK gas of a message that cannot be parsed.
        const _: fn() -> u64 = || $unknown;

        #[cfg(all(target_arch = "wasm32", not(feature = "library")))]
        mod wasm_exports {
            #[no_mangle]
            extern "C" fn instantiate(env: u32, info: u32, msg: u32) -> u32 {
                $crate::entry::instantiate(super::instantiate, env, info, msg)
            }

            #[no_mangle]
            extern "C" fn execute(env: u32, info: u32, msg: u32) -> u32 {
                $crate::entry::execute(super::execute, || $unknown, env, info, msg)
            }

            #[no_mangle]
            extern "C" fn query(env: u32, msg: u32) -> u32 {
                $crate::entry::query(super::query, env, msg)
            }
        }
    };
}

#[cfg(target_arch = "wasm32")]
pub use wasm::{execute, instantiate, query};

#[cfg(target_arch = "wasm32")]
mod wasm {
    use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
    use serde::de::DeserializeOwned;

    use crate::flat_gas;
    use crate::padding::pad_error;

    type Change<M, E> = fn(DepsMut, Env, MessageInfo, M) -> Result<Response, E>;

    /// Runs `instantiate` on the host's regions; returns the region of the result.
    pub fn instantiate<M: DeserializeOwned, E: ToString>(
        contract: Change<M, E>,
        env: u32,
        info: u32,
        msg: u32,
    ) -> u32 {
        let contract = |deps: DepsMut, env: Env, info: MessageInfo, msg: M| {
            contract(deps, env, info, msg).map_err(pad_error)
        };
        cosmwasm_std::do_instantiate(&contract, env, info, msg)
    }

    /// Runs `execute` on the host's regions; returns the region of the result. `unknown` is the
    /// target of a message that cannot be parsed.
    pub fn execute<M: DeserializeOwned, E: ToString>(
        contract: Change<M, E>,
        unknown: fn() -> u64,
        env: u32,
        info: u32,
        msg: u32,
    ) -> u32 {
        flat_gas::begin(msg);
        flat_gas::target(unknown());
        let contract = |deps: DepsMut, env: Env, info: MessageInfo, msg: M| {
            contract(deps, env, info, msg).map_err(pad_error)
        };
        let result = cosmwasm_std::do_execute(&contract, env, info, msg);
        flat_gas::settle_up();
        result
    }

    /// Runs `query` on the host's regions; returns the region of the result.
    pub fn query<M: DeserializeOwned, E: ToString>(
        contract: fn(Deps, Env, M) -> Result<Binary, E>,
        env: u32,
        msg: u32,
    ) -> u32 {
        let contract = |deps: Deps, env: Env, msg: M| contract(deps, env, msg).map_err(pad_error);
        cosmwasm_std::do_query(&contract, env, msg)
    }
}
