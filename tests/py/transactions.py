"""Transactions put together message by message with secret-sdk."""

from secret_sdk.client.lcd.api.tx import CreateTxOptions
from secret_sdk.core import Coins
from secret_sdk.core.bank import MsgSend
from secret_sdk.core.wasm import MsgExecuteContract
from secret_sdk.protobuf.cosmos.tx.v1beta1 import BroadcastMode

from account import GAS


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
