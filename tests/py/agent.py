"""A second worker: the same agent, in front of a scripted upstream, with a wallet of its own."""

import json
import socket
import subprocess
import tomllib
from urllib.request import urlopen

from secret_sdk.core import Coins
from secret_sdk.key.mnemonic import MnemonicKey

import upstream
from stage import until

# Bytes; small, so that tests need not send much to exceed it.
MAX_BODY = 16_384
# For transactions: settling costs about 0.1 SCRT a minute here.
FUNDS = "1000000000uscrt"


class ScriptedWorker:
    """Started, registered and serving; `upstream` is the server behind it."""

    model = upstream.MODEL

    def __init__(self, stage, sponsor, folder):
        self.upstream = upstream.Upstream()
        self.url = f"http://127.0.0.1:{free_port()}"
        config = folder / "worker.toml"
        config.write_text(self.configure(stage, sponsor, folder))
        self.log = folder / "worker.log"
        with self.log.open("w") as log:
            command = [stage.programs / "secret-ai-worker", "--config", config, "run"]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(self.serves, seconds=120)
        except BaseException:
            self.close()
            raise

    def configure(self, stage, sponsor, folder):
        """The stage's worker.toml with what must differ."""
        key = MnemonicKey()
        sponsor.committed(sponsor.wallet.send_tokens(key.acc_address, transfer_amount=Coins.from_str(FUNDS)))
        wallet = folder / "wallet.mnemonic"
        wallet.touch(mode=0o600)
        wallet.write_text(key.mnemonic)
        (folder / "data").mkdir()
        config = tomllib.loads((stage.folder / "worker.toml").read_text())
        config |= {
            "wallet_file": str(wallet),
            "listen": self.url.removeprefix("http://"),
            "public_url": self.url,
            "data_dir": str(folder / "data"),
            "max_body": MAX_BODY,
            "engine": {"kind": "upstream", "url": self.upstream.url},
        }
        # A GPU serves one worker, and the stage's has the one of this seed.
        config["tee"]["gpus"] = 0
        config["prices"] = [{**config["prices"][0], "model": self.model}]
        return "".join(f"{key} = {toml(value)}\n" for key, value in config.items())

    def serves(self):
        assert self.process.poll() is None, self.log.read_text()[-2_000:]
        try:
            return urlopen(f"{self.url}/health", timeout=5).status == 200
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.upstream.close()


def toml(value):
    """A value as TOML writes it inline; strings and numbers are the same as in JSON."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
