"""A wallet on the chain, used as users of secret-sdk use it; what it owns is read by permit."""

import base64
import json
import re
from unittest import mock
from urllib.request import urlopen

from secret_sdk.client.lcd import LCDClient
from secret_sdk.exceptions import LCDResponseError
from secret_sdk.key.mnemonic import MnemonicKey
from secret_sdk.protobuf.cosmos.base.abci.v1beta1 import TxMsgData
from secret_sdk.protobuf.secret.compute.v1beta1 import MsgExecuteContractResponse

from stage import until

# SDK gas that is enough for every message here.
GAS = 600_000


class Account:
    def __init__(self, stage, name):
        self.stage = stage
        self.lcd = LCDClient(chain_id=stage.chain_id, url=stage.lcd_url)
        self.wallet = self.lcd.wallet(MnemonicKey(mnemonic=stage.accounts[name]["mnemonic"]))
        self.address = self.wallet.key.acc_address

    def committed(self, broadcast):
        """The transaction once it is in a block; `broadcast` is what secret-sdk gave for it."""
        return until(lambda: self._find(broadcast.txhash))

    def _find(self, txhash):
        try:
            return self.lcd.tx.tx_info(txhash)
        except LCDResponseError as error:
            if error.response.status == 404:
                return None
            raise

    def execute(self, contract, msg, gas=GAS):
        """Executes one message and waits for its block; it must succeed."""
        info = self.committed(self.wallet.execute_tx(contract, msg, gas=gas))
        assert info.code == 0, info.rawlog
        return info

    def refused(self, contract, msg, gas=GAS):
        """Executes one message that must fail in its block; returns the reason, decrypted."""
        info = self.committed(self.wallet.execute_tx(contract, msg, gas=gas))
        assert info.code != 0
        return info.rawlog

    def query(self, contract, msg):
        """Asks a contract. secret-sdk opens a refusal that a colon follows, as older nodes write it; one of a node
        whose LCD goes over gRPC ends with the ciphertext, and is opened here."""
        utils, sent = self.lcd.encrypt_utils, []
        seal = utils.encrypt

        def noted(*arguments):
            sent[:] = seal(*arguments)
            return sent

        try:
            with mock.patch.object(utils, "encrypt", noted):
                return self.lcd.wasm.contract_query(contract, msg)
        except LCDResponseError as error:
            sealed = re.search(r"query contract failed: encrypted: ([\w+/]+=*)", str(error.message))
            if sealed:
                error.message = utils.decrypt(base64.b64decode(sealed[1]), sent[:32]).decode()
            raise

    def permit(self, contract, permissions=("owner",), name="secret-ai-tests", **dates):
        """A query permit of SNIP-24, with the dates of 24.1 if `created` or `expires` are given."""
        content = {"allowed_tokens": [contract], "permissions": list(permissions), "permit_name": name, **dates}
        document = {
            "account_number": "0",
            "chain_id": self.stage.chain_id,
            "fee": {"amount": [{"amount": "0", "denom": "uscrt"}], "gas": "1"},
            "memo": "",
            "msgs": [{"type": "query_permit", "value": content}],
            "sequence": "0",
        }
        signed = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        key = self.wallet.key
        public = {"type": "tendermint/PubKeySecp256k1", "value": base64.b64encode(key.public_key.key).decode()}
        signature = {"pub_key": public, "signature": base64.b64encode(key.sign(signed)).decode()}
        return {"params": {**content, "chain_id": self.stage.chain_id}, "signature": signature}

    def ask(self, contract, query, **permit):
        """A query about what this account owns."""
        msg = {"with_permit": {"permit": self.permit(contract, **permit), "query": query}}
        return self.query(contract, msg)

    def coins(self):
        """uscrt in the wallet."""
        return self.lcd.bank.balance(self.address)[0]["uscrt"].amount

    def tokens(self):
        """Tokens in the wallet, base units."""
        return int(self.ask(self.stage.token, {"balance": {}})["balance"]["amount"])

    def free(self):
        """Free balance with billing, base units."""
        return int(self.ask(self.stage.billing, {"account": {}})["balances"][0]["free"])

    def sessions(self):
        """All sessions, oldest first."""
        found = []
        while True:
            page = self.ask(self.stage.billing, {"sessions": {"start": len(found)}})
            found += [own["session"] for own in page["sessions"]]
            if len(found) >= page["total"]:
                return found

    def session(self, session_id):
        return next(s for s in self.sessions() if s["session_id"] == session_id)

    def send_tokens(self, amount, inner, gas=GAS):
        """A SNIP-20 `send` to billing with a message for it inside."""
        return self.execute(self.stage.token, deposit(self.stage, amount, inner), gas)

    def answers(self, txhash):
        """What the contracts answered to each message of an own transaction.

        secret-sdk looks for answers where nodes put them before Cosmos SDK 0.46 and finds none, so
        this takes them from where they are now, and opens them with secret-sdk's own keys."""
        with urlopen(f"{self.stage.lcd_url}/cosmos/tx/v1beta1/txs/{txhash}", timeout=30) as answer:
            told = json.load(answer)
        responses = TxMsgData().parse(bytes.fromhex(told["tx_response"]["data"])).msg_responses
        opened = []
        for message, response in zip(told["tx"]["body"]["messages"], responses):
            nonce = list(base64.b64decode(message["msg"])[:32])
            sealed = MsgExecuteContractResponse().parse(response.value).data
            opened.append(json.loads(base64.b64decode(self.lcd.encrypt_utils.decrypt(sealed, nonce))))
        return opened


def deposit(stage, amount, inner):
    """The token's `send` that carries a message to billing."""
    inner = base64.b64encode(json.dumps(inner).encode()).decode()
    return {
        "send": {
            "recipient": stage.billing,
            "recipient_code_hash": stage.code_hashes[stage.billing],
            "amount": str(amount),
            "msg": inner,
        }
    }
