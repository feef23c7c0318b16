//! A chain with the token, a contract that receives, and three users.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    from_binary, to_binary, Addr, Binary, Deps, DepsMut, Env, MessageInfo, Response, StdError,
    StdResult, Uint128,
};
use dev_token::contract;
use secret_ai_interface::token::{
    ExecuteAnswer, ExecuteMsg, InitConfig, InitialBalance, InstantiateMsg, QueryAnswer, QueryMsg,
};
use secret_ai_multi_test::{AppResponse, Code, ContractFns, ContractRef, Genesis, SecretApp};

pub const KEY: &str = "a viewing key";

/// The `receive` call as the standard writes it, spelled out apart from the crate under test.
#[cw_serde]
pub enum VaultMsg {
    Receive {
        sender: String,
        from: String,
        amount: Uint128,
        memo: Option<String>,
        msg: Option<Binary>,
    },
    Register {
        token: String,
        token_hash: String,
    },
}

#[cw_serde]
pub struct Empty {}

fn vault_instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn vault_execute(deps: DepsMut, env: Env, info: MessageInfo, msg: VaultMsg) -> StdResult<Response> {
    if let VaultMsg::Register { token, token_hash } = msg {
        let register = ExecuteMsg::RegisterReceive {
            code_hash: env.contract.code_hash,
            padding: None,
        };
        let call = cosmwasm_std::wasm_execute(token, token_hash, &register, vec![])?;
        return Ok(Response::new().add_message(call));
    }
    let VaultMsg::Receive { msg: ref inner, .. } = msg else {
        unreachable!()
    };
    if inner
        .as_ref()
        .is_some_and(|inner| inner.as_slice() == b"refuse")
    {
        return Err(StdError::generic_err("vault refuses"));
    }
    deps.storage.set(b"last", &to_binary(&(info.sender, &msg))?);
    Ok(Response::new())
}

fn vault_query(deps: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    let last = deps.storage.get(b"last");
    Ok(Binary(
        last.ok_or_else(|| StdError::generic_err("never called"))?,
    ))
}

pub struct Suite {
    pub app: SecretApp,
    pub code: Code,
    pub token: ContractRef,
    pub vault: ContractRef,
    /// Admin and minter.
    pub admin: Addr,
    /// Has 1,000.
    pub alice: Addr,
    /// Has nothing.
    pub bob: Addr,
}

pub fn instantiate_msg(initial_balances: &[(&Addr, u128)]) -> InstantiateMsg {
    let initial_balances = initial_balances
        .iter()
        .map(|(owner, amount)| InitialBalance {
            address: owner.to_string(),
            amount: Uint128::new(*amount),
        });
    InstantiateMsg {
        name: "Development token".to_string(),
        admin: None,
        symbol: "DEV".to_string(),
        decimals: 6,
        initial_balances: Some(initial_balances.collect()),
        prng_seed: Binary::from(b"not used"),
        config: Some(InitConfig {
            public_total_supply: Some(true),
            enable_mint: Some(true),
            ..InitConfig::default()
        }),
    }
}

impl Suite {
    pub fn new() -> Self {
        let mut app = SecretApp::new(Genesis::default());
        let (admin, alice, bob) = (app.user("admin"), app.user("alice"), app.user("bob"));
        let code = app.store(ContractFns::new(
            "dev-token",
            contract::instantiate,
            contract::execute,
            contract::query,
        ));
        let vault_code = app.store(ContractFns::new(
            "vault",
            vault_instantiate,
            vault_execute,
            vault_query,
        ));
        let msg = instantiate_msg(&[(&alice, 1_000)]);
        let token = app.instantiate(&code, &admin, &msg, "token", None).unwrap();
        let vault = app
            .instantiate(&vault_code, &admin, &Empty {}, "vault", None)
            .unwrap();
        let mut suite = Suite {
            app,
            code,
            token,
            vault,
            admin,
            alice,
            bob,
        };
        for owner in [suite.alice.clone(), suite.bob.clone(), suite.admin.clone()] {
            let set = ExecuteMsg::SetViewingKey {
                key: KEY.to_string(),
                padding: None,
            };
            suite.execute(&owner, &set).unwrap();
        }
        suite
    }

    pub fn execute(&mut self, sender: &Addr, msg: &ExecuteMsg) -> Result<AppResponse, String> {
        self.app.execute(sender, &self.token, msg)
    }

    /// Executes what must succeed and returns the answer in its data.
    pub fn answer(&mut self, sender: &Addr, msg: &ExecuteMsg) -> ExecuteAnswer {
        from_binary(&self.execute(sender, msg).unwrap().data.unwrap()).unwrap()
    }

    /// Executes what must fail, and checks that the token's state is as before.
    pub fn refused(&mut self, sender: &Addr, msg: &ExecuteMsg) -> String {
        let before = self.app.storage(&self.token);
        let error = self.execute(sender, msg).unwrap_err();
        assert_eq!(
            self.app.storage(&self.token),
            before,
            "a refused message changed state"
        );
        error
    }

    pub fn query(&self, msg: &QueryMsg) -> Result<QueryAnswer, String> {
        self.app.query(&self.token, msg)
    }

    /// Reads the rows, so that contracts' balances can be seen as well.
    pub fn balance(&self, owner: &Addr) -> u128 {
        let key = format!("balance/{owner}").into_bytes();
        let rows = self.app.storage(&self.token);
        let row = rows.into_iter().find(|(at, _)| *at == key);
        row.map_or(0, |(_, value)| {
            u128::from_be_bytes(value.try_into().unwrap())
        })
    }

    pub fn supply(&self) -> u128 {
        match self.query(&QueryMsg::TokenInfo {}).unwrap() {
            QueryAnswer::TokenInfo { total_supply, .. } => total_supply.unwrap().u128(),
            other => panic!("{other:?}"),
        }
    }

    pub fn allow(&mut self, amount: u128, expiration: Option<u64>) -> ExecuteAnswer {
        let msg = ExecuteMsg::IncreaseAllowance {
            spender: self.bob.to_string(),
            amount: amount.into(),
            expiration,
            padding: None,
        };
        let alice = self.alice.clone();
        self.answer(&alice, &msg)
    }

    /// Who called the vault last, and with what.
    pub fn last_received(&self) -> Option<(Addr, VaultMsg)> {
        self.app.query(&self.vault, &Empty {}).ok()
    }
}

pub fn transfer(recipient: &Addr, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Transfer {
        recipient: recipient.to_string(),
        amount: amount.into(),
        memo: None,
        padding: None,
    }
}

pub fn transfer_from(owner: &Addr, recipient: &Addr, amount: u128) -> ExecuteMsg {
    ExecuteMsg::TransferFrom {
        owner: owner.to_string(),
        recipient: recipient.to_string(),
        amount: amount.into(),
        memo: None,
        padding: None,
    }
}

pub fn mint(recipient: &Addr, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Mint {
        recipient: recipient.to_string(),
        amount: amount.into(),
        memo: None,
        padding: None,
    }
}
