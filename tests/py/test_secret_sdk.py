"""secret-sdk: everything that a program does with the chain and with our contracts."""

import asyncio
import base64
import json
import secrets

import pytest
from secret_sdk.client.lcd import AsyncLCDClient, LCDClient
from secret_sdk.client.lcd.api.tx import CreateTxOptions
from secret_sdk.core import Coins
from secret_sdk.core.bank import MsgSend
from secret_sdk.core.fee import Fee
from secret_sdk.core.wasm import MsgExecuteContract, MsgInstantiateContract, MsgStoreCode
from secret_sdk.exceptions import LCDResponseError
from secret_sdk.key.mnemonic import MnemonicKey
from secret_sdk.protobuf.cosmos.tx.v1beta1 import BroadcastMode

from account import GAS, deposit
from sessions import offer_of, open_session, terms
from stage import until


def attribute(info, kind, key):
    """Value of an attribute in a transaction's log."""
    return next(e["value"] for e in info.logs if e["type"] == kind and e["key"] == key)


def sign(account, messages, **options):
    """A signed transaction with these messages."""
    options.setdefault("gas", str(GAS))
    return account.wallet.create_and_sign_tx(CreateTxOptions(msgs=messages, gas_adjustment=1, **options))


def broadcast(account, tx):
    return account.lcd.tx.broadcast_adapter(tx, BroadcastMode.BROADCAST_MODE_SYNC)


def send(account, amount=1):
    """A message that sends uscrt to oneself."""
    return MsgSend(account.address, account.address, Coins.from_str(f"{amount}uscrt"))


def execute(account, contract, msg, code_hash=None):
    """An encrypted message to a contract; `msg` may be text already."""
    return MsgExecuteContract(
        account.address,
        contract,
        msg,
        code_hash=code_hash or account.stage.code_hashes[contract],
        encryption_utils=account.lcd.encrypt_utils,
    )


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
        coins = lambda account: account.lcd.bank.balance(account.address)[0]["uscrt"].amount
        before = coins(anyone)
        amount = Coins.from_str("12345uscrt")
        info = user.committed(user.wallet.send_tokens(anyone.address, memo="rent", transfer_amount=amount))
        assert (info.code, info.tx.body.memo) == (0, "rent")
        assert coins(anyone) - before == 12_345
        assert attribute(info, "transfer", "amount") == "12345uscrt"

    def test_transactions_are_found_by_hash_height_and_sender(self, user):
        sent = user.committed(user.wallet.send_tokens(user.address, transfer_amount=Coins.from_str("1uscrt")))
        assert [t.txhash for t in user.lcd.tx.tx_infos_by_height(sent.height)] == [sent.txhash]
        # Since Cosmos SDK 0.50 nodes take `query`; the `events` of secret-sdk's own are gone there.
        query = f"tx.height={sent.height} AND message.sender='{user.address}'"
        found = user.lcd.tx.search(events=[], params={"query": query})
        assert [t.txhash for t in found["txs"]] == [sent.txhash]

    def test_an_unknown_transaction_is_not_found(self, user):
        with pytest.raises(LCDResponseError, match="tx not found") as refused:
            user.lcd.tx.tx_info("0" * 64)
        assert refused.value.response.status == 404


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
        stored = admin.committed(broadcast(admin, sign(admin, [MsgStoreCode(admin.address, wasm, "", "")], gas="6000000")))
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
        pay = lambda amount: execute(user, stage.token, {"transfer": {"recipient": to, "amount": amount}})
        info = user.committed(broadcast(user, sign(user, [pay("3"), send(user), pay(str(10**18))])))
        assert info.code == 3
        assert "message index: 2" in info.rawlog and "more than the owner has" in info.rawlog
        assert user.tokens() == before
        assert user.wallet.sequence() == sequence + 1, "the fee is paid all the same"


class TestMoney:
    def test_deposit_and_withdraw(self, stage, user):
        tokens, free = user.tokens(), user.free()
        user.send_tokens(5_000, {"deposit": {}})
        assert (user.tokens(), user.free()) == (tokens - 5_000, free + 5_000)
        info = user.execute(stage.billing, {"withdraw": {"token": stage.token, "amount": "2000"}})
        assert user.answers(info.txhash) == [{"amount": "2000"}]
        assert (user.tokens(), user.free()) == (tokens - 3_000, free + 3_000)

    def test_deposit_for_somebody_else(self, user, anyone):
        free = anyone.free()
        user.send_tokens(1_000, {"deposit": {"beneficiary": anyone.address}})
        assert anyone.free() == free + 1_000

    def test_deposit_too_small(self, stage, user):
        before = user.tokens()
        why = user.refused(stage.token, deposit(stage, 999, {"deposit": {}}))
        assert "999 base units, must be at least 1000" in why
        assert user.tokens() == before

    def test_open_look_up_close(self, stage, user):
        user.send_tokens(60_000, {"deposit": {}})
        free, known = user.free(), len(user.sessions())
        offer = offer_of(user, stage.model)
        secret = secrets.token_bytes(32)
        wanted = [terms(offer, secret, 20_000), terms(offer, secret, 30_000)]
        info = user.execute(stage.billing, {"open_sessions": {"token": stage.token, "sessions": wanted}})
        (answer,) = user.answers(info.txhash)
        opened = [user.session(session_id) for session_id in answer["session_ids"]]
        assert [s["cap"] for s in opened] == ["20000", "30000"]
        assert {s["status"] for s in opened} == {"open"}
        assert opened[0]["lines"] == wanted[0]["lines"] and opened[0]["paid"] == "0"
        assert (user.free(), len(user.sessions())) == (free - 50_000, known + 2)

        asked_by_worker = {"session": {"session_id": opened[0]["session_id"], "auth": wanted[0]["auth"]}}
        assert user.query(stage.billing, asked_by_worker)["worker_id"] == offer["worker_id"]
        asked_by_worker["session"]["auth"] = {"h": "00" * 32}
        with pytest.raises(LCDResponseError):
            user.query(stage.billing, asked_by_worker)

        user.execute(stage.billing, {"close_session": {"session_id": opened[0]["session_id"]}})
        assert user.session(opened[0]["session_id"])["status"] in ("closing", "ended")

    def test_what_is_left_comes_back(self, stage, user):
        session = open_session(user, cap=7_000)
        free = user.free()
        user.execute(stage.billing, {"close_session": {"session_id": session.id}})

        def reclaimed():
            info = user.execute(stage.billing, {"reclaim": {"session_ids": [session.id]}})
            return user.answers(info.txhash)[0]["reclaimed"] == ["7000"]

        until(reclaimed, seconds=120)
        assert user.free() == free + 7_000
        assert user.session(session.id)["status"] == "reclaimed"

    def test_open_without_money(self, stage, anyone):
        offer = offer_of(anyone, stage.model)
        wanted = [terms(offer, secrets.token_bytes(32), 10**12)]
        why = anyone.refused(stage.billing, {"open_sessions": {"token": stage.token, "sessions": wanted}})
        assert "balance" in why

    def test_only_the_owner_closes(self, stage, user, anyone):
        session = open_session(user, cap=1_000)
        why = anyone.refused(stage.billing, {"close_session": {"session_id": session.id}})
        assert "session" in why
        assert user.session(session.id)["status"] == "open"


class TestErrors:
    def test_unknown_message(self, stage, user):
        assert "unknown variant" in user.refused(stage.billing, {"nonsense": {}})

    def test_unknown_query(self, stage, user):
        with pytest.raises(LCDResponseError, match="unknown variant"):
            user.query(stage.billing, {"nonsense": {}})

    def test_unknown_contract(self, user):
        with pytest.raises(LCDResponseError) as refused:
            user.lcd.wasm.contract_query(user.address, {"config": {}})
        assert refused.value.response.status in (404, 500)

    def test_wrong_code_hash(self, stage, user):
        with pytest.raises(LCDResponseError):
            user.lcd.wasm.contract_query(stage.billing, {"config": {}}, contract_code_hash="ab" * 32)
        message = execute(user, stage.billing, {"unpause": {}}, code_hash="ab" * 32)
        info = user.committed(broadcast(user, sign(user, [message])))
        assert info.code == 3
        assert "execute contract failed" in info.rawlog and "unpause" not in info.rawlog

    def test_not_the_admin(self, stage, user):
        assert "admin" in user.refused(stage.billing, {"pause": {}})

    def test_out_of_gas(self, stage, user):
        before = user.tokens()
        info = user.committed(user.wallet.execute_tx(stage.token, deposit(stage, 1_000, {"deposit": {}}), gas=60_000))
        assert info.code == 11 and "out of gas" in info.rawlog
        assert user.tokens() == before

    def test_short_fee(self, user):
        with pytest.raises(Exception, match=r"code 13 .*insufficient fee"):
            broadcast(user, sign(user, [send(user)], fee=Fee(200_000, Coins.from_str("1uscrt"), "", "")))

    def test_wrong_sequence(self, user):
        sequence = user.wallet.sequence()
        with pytest.raises(Exception, match=rf"code 32 .*expected {sequence}, got {sequence + 5}"):
            broadcast(user, sign(user, [send(user)], sequence=sequence + 5))

    def test_signed_for_another_chain(self, stage, user):
        elsewhere = LCDClient(chain_id="secret-4", url=stage.lcd_url)
        wallet = elsewhere.wallet(MnemonicKey(mnemonic=stage.accounts["user"]["mnemonic"]))
        with pytest.raises(Exception, match=r"code 4 .*signature verification failed"):
            wallet.send_tokens(user.address, transfer_amount=Coins.from_str("1uscrt"))

    def test_signed_by_somebody_else(self, user, anyone):
        tx = sign(user, [send(user)])
        tx.signatures = sign(anyone, [send(anyone)]).signatures
        with pytest.raises(Exception, match=r"code 4 .*signature verification failed"):
            broadcast(user, tx)

    def test_more_than_one_has(self, user):
        info = user.committed(broadcast(user, sign(user, [send(user, 10**24)])))
        assert info.code == 5 and "insufficient funds" in info.rawlog

    def test_an_account_that_never_was(self, stage, user):
        stranger = user.lcd.wallet(MnemonicKey())
        with pytest.raises(LCDResponseError, match="not found") as refused:
            stranger.sequence()
        assert refused.value.response.status == 404

    def test_the_same_transaction_twice(self, user):
        tx = sign(user, [send(user)])
        user.committed(broadcast(user, tx))
        with pytest.raises(Exception, match=r"code (19|32) "):
            broadcast(user, tx)

    def test_out_of_time(self, user):
        height = int(user.lcd.tendermint.block_info()["block"]["header"]["height"])
        with pytest.raises(Exception, match=r"code 30 .*timeout height"):
            broadcast(user, sign(user, [send(user)], timeout_height=max(1, height - 5)))
