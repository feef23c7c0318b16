"""secret-sdk: a program on the chain and with our contracts."""

import asyncio
import base64
import json
import secrets

import pytest
from secret_sdk.client.lcd import AsyncLCDClient
from secret_sdk.client.lcd.api.tx import CreateTxOptions
from secret_sdk.core import Coins
from secret_sdk.core.wasm import MsgInstantiateContract, MsgStoreCode
from secret_sdk.exceptions import LCDResponseError

from account import GAS
from transactions import broadcast, execute, send, sign


def attribute(info, kind, key):
    """Value of an attribute in a transaction's log."""
    return next(e["value"] for e in info.logs if e["type"] == kind and e["key"] == key)


class TestChain:
    def test_tells_about_itself(self, user):
        header = user.lcd.tendermint.block_info()["block"]["header"]
        assert header["chain_id"] == user.stage.chain_id
        assert user.lcd.tendermint.node_info()["default_node_info"]["network"] == user.stage.chain_id
        assert user.lcd.tendermint.syncing() is False

    def test_account_has_number_and_sequence(self, user):
        before = user.wallet.sequence()
        user.committed(user.wallet.send_tokens(user.address, transfer_amount=Coins.from_str("1uscrt")))
        assert user.wallet.sequence() == before + 1
        assert user.wallet.account_number() >= 0

    def test_coins_move(self, user, anyone):
        before = anyone.coins()
        amount = Coins.from_str("12345uscrt")
        info = user.committed(user.wallet.send_tokens(anyone.address, memo="rent", transfer_amount=amount))
        assert (info.code, info.tx.body.memo) == (0, "rent")
        assert anyone.coins() - before == 12_345
        assert attribute(info, "transfer", "amount") == "12345uscrt"

    def test_transactions_are_found_by_hash_height_and_sender(self, user):
        sent = user.committed(user.wallet.send_tokens(user.address, transfer_amount=Coins.from_str("1uscrt")))
        # The agents' transactions may be in the same block.
        assert sent.txhash in [t.txhash for t in user.lcd.tx.tx_infos_by_height(sent.height)]
        # Since Cosmos SDK 0.50 nodes take `query`; the `events` of secret-sdk's own are gone there.
        query = f"tx.height={sent.height} AND message.sender='{user.address}'"
        found = user.lcd.tx.search(events=[], params={"query": query})
        assert [t.txhash for t in found["txs"]] == [sent.txhash]

    def test_an_unknown_transaction_is_not_found(self, user):
        with pytest.raises(LCDResponseError, match="tx not found") as refused:
            user.lcd.tx.tx_info("0" * 64)
        assert refused.value.response.status == 404

    def test_gas_is_estimated(self, user):
        tx = sign(user, [send(user)], gas="80000")
        used = user.committed(broadcast(user, tx)).gas_used
        options = CreateTxOptions(msgs=[], gas_adjustment=1)
        estimate = user.lcd.tx.estimate_gas(sign(user, [send(user)], gas="80000"), options)
        assert used / 2 < estimate < used * 2

    def test_async_client(self, stage, user):
        async def look():
            async with AsyncLCDClient(stage.lcd_url, stage.chain_id) as lcd:
                coins, _ = await lcd.bank.balance(user.address)
                config = await lcd.wasm.contract_query(stage.billing, {"config": {}})
                return coins, config

        coins, config = asyncio.run(look())
        assert coins["uscrt"].amount > 0
        assert config == user.query(stage.billing, {"config": {}})


class TestContracts:
    def test_store_instantiate_execute_query(self, stage, admin):
        wasm = (stage.artifacts / "dev-token.wasm.gz").read_bytes()
        store = MsgStoreCode(admin.address, wasm, "", "")
        stored = admin.committed(broadcast(admin, sign(admin, [store], gas="6000000")))
        assert stored.code == 0, stored.rawlog
        code_id = int(attribute(stored, "message", "code_id"))
        code_hash = admin.lcd.wasm.code_hash_by_code_id(code_id)["code_hash"]
        assert code_hash == stage.code_hashes[stage.token], "the same wasm has the same hash"

        label = f"python {secrets.token_hex(8)}"
        init = {
            "name": "Python's",
            "symbol": "PYT",
            "decimals": 6,
            "initial_balances": [{"address": admin.address, "amount": "1000"}],
            "prng_seed": base64.b64encode(b"seed").decode(),
        }
        message = MsgInstantiateContract(
            admin.address, code_id, label, init, code_hash=code_hash, encryption_utils=admin.lcd.encrypt_utils
        )
        made = admin.committed(broadcast(admin, sign(admin, [message])))
        assert made.code == 0, made.rawlog
        token = attribute(made, "message", "contract_address")
        assert admin.lcd.wasm.contract_info(token)["contract_info"]["label"] == label

        admin.execute(token, {"transfer": {"recipient": stage.accounts["user"]["address"], "amount": "400"}})
        assert admin.ask(token, {"balance": {}}) == {"balance": {"amount": "600"}}

    def test_public_queries(self, stage, user):
        token = user.query(stage.token, {"token_info": {}})["token_info"]
        assert (token["symbol"], token["decimals"]) == ("DEVUSD", 6)
        billing = user.query(stage.billing, {"config": {}})
        assert billing["registry"]["address"] == stage.registry
        assert billing["tokens"][0]["contract"]["address"] == stage.token
        assert user.query(stage.registry, {"config": {}})["development"] in (True, False)

    def test_own_messages_can_be_read_again(self, stage, user):
        key = secrets.token_hex(16)
        info = user.execute(stage.token, {"set_viewing_key": {"key": key}})
        assert json.loads(info.tx.body.messages[0].msg) == {"set_viewing_key": {"key": key}}
        assert user.answers(info.txhash) == [{"set_viewing_key": {"status": "success"}}]

    def test_others_cannot_read_them(self, stage, user, anyone):
        key = secrets.token_hex(16)
        info = user.execute(stage.token, {"set_viewing_key": {"key": key}})
        seen = anyone.lcd.tx.tx_info(info.txhash).tx.body.messages[0].msg
        assert isinstance(seen, bytes) and key.encode() not in seen

    def test_messages_filled_to_their_size(self, stage, user):
        """All short messages have 512 bytes (packages/interface, padded_size.rs)."""
        msg = json.dumps({"set_viewing_key": {"key": secrets.token_hex(16)}}).ljust(512)
        info = user.committed(broadcast(user, sign(user, [execute(user, stage.billing, msg)])))
        assert info.code == 0, info.rawlog


class TestReadingWhatOneOwns:
    def test_viewing_key_set(self, stage, user):
        key = secrets.token_hex(16)
        query = {"account": {"address": user.address, "key": key}}
        with pytest.raises(LCDResponseError, match="Wrong viewing key"):
            user.query(stage.billing, query)
        user.execute(stage.billing, {"set_viewing_key": {"key": key}})
        assert int(user.query(stage.billing, query)["balances"][0]["free"]) == user.free()

    def test_viewing_key_created_by_the_contract(self, stage, user):
        info = user.execute(stage.token, {"create_viewing_key": {"entropy": secrets.token_hex(16)}})
        key = user.answers(info.txhash)[0]["create_viewing_key"]["key"]
        query = {"balance": {"address": user.address, "key": key}}
        assert int(user.query(stage.token, query)["balance"]["amount"]) == user.tokens()
        # The token answers a wrong key as SNIP-20 has it.
        query["balance"]["key"] = "wrong"
        assert "viewing_key_error" in user.query(stage.token, query)

    def test_permit(self, stage, user, anyone):
        assert user.ask(stage.billing, {"account": {}}).keys() == {"balances", "sessions"}
        permit = user.permit(stage.billing)
        permit["params"]["permit_name"] = "another"
        with pytest.raises(LCDResponseError, match="permit: not valid"):
            anyone.query(stage.billing, {"with_permit": {"permit": permit, "query": {"account": {}}}})

    def test_permit_of_another_contract(self, stage, user):
        query = {"with_permit": {"permit": user.permit(stage.token), "query": {"account": {}}}}
        with pytest.raises(LCDResponseError, match="permit: not valid"):
            user.query(stage.billing, query)

    def test_permit_with_dates(self, stage, user):
        in_force = {"created": "2020-01-01T00:00:00.000Z", "expires": "9000-01-01T00:00:00.000Z"}
        assert user.ask(stage.billing, {"account": {}}, **in_force)
        with pytest.raises(LCDResponseError, match="permit: not valid"):
            user.ask(stage.billing, {"account": {}}, expires="2020-01-01T00:00:00.000Z")

    def test_permit_revoked(self, stage, user):
        name = secrets.token_hex(8)
        assert user.ask(stage.token, {"balance": {}}, name=name)
        user.execute(stage.token, {"revoke_permit": {"permit_name": name}})
        with pytest.raises(LCDResponseError, match="permit: not valid"):
            user.ask(stage.token, {"balance": {}}, name=name)
        assert user.ask(stage.token, {"balance": {}})


class TestBatches:
    def test_all_messages_of_a_transaction_take_effect(self, stage, user):
        before = user.tokens()
        to = stage.accounts["admin"]["address"]
        pay = {"contract_addr": stage.token, "handle_msg": {"transfer": {"recipient": to, "amount": "3"}}}
        info = user.committed(user.wallet.multi_execute_tx([pay, pay], gas=GAS))
        assert info.code == 0, info.rawlog
        assert user.answers(info.txhash) == [{"transfer": {"status": "success"}}] * 2
        assert user.tokens() == before - 6

    def test_one_failure_undoes_all(self, stage, user):
        before, sequence = user.tokens(), user.wallet.sequence()
        to = stage.accounts["admin"]["address"]
        good, bad = ({"transfer": {"recipient": to, "amount": amount}} for amount in ("3", str(10**18)))
        messages = [execute(user, stage.token, good), send(user), execute(user, stage.token, bad)]
        info = user.committed(broadcast(user, sign(user, messages)))
        assert info.code == 3
        assert "message index: 2" in info.rawlog and "more than the owner has" in info.rawlog
        assert user.tokens() == before
        assert user.wallet.sequence() == sequence + 1, "the fee is paid all the same"
