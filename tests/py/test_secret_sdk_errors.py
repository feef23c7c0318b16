"""secret-sdk: what its users see when something is wrong."""

import pytest
from secret_sdk.client.lcd import LCDClient
from secret_sdk.core import Coins
from secret_sdk.core.fee import Fee
from secret_sdk.exceptions import LCDResponseError
from secret_sdk.key.mnemonic import MnemonicKey

from account import deposit
from transactions import broadcast, execute, send, sign


class TestErrors:
    def test_unknown_message(self, stage, user):
        assert "unknown variant" in user.refused(stage.billing, {"nonsense": {}})

    def test_unknown_query(self, stage, user):
        with pytest.raises(LCDResponseError, match="unknown variant `nonsense`"):
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
