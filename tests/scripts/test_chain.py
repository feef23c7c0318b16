"""scripts/deploy.sh with the real secretcli on a real chain: the stage's devnet, or LocalSecret."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from deploying import DEPLOY

SECRETCLI = os.environ.get("SECRETCLI")


def stage():
    """What the stage has put up; nothing without a stage."""
    path = os.environ.get("SECRET_AI_STAGE")
    return json.loads(pathlib.Path(path).read_text()) if path else {}


NODE = os.environ.get("SECRET_AI_NODE") or stage().get("rpc_url")


@unittest.skipUnless(stage() and SECRETCLI and NODE, "no stage, no secretcli or no RPC; scripts/test-scripts.sh says how")
class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = stage()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        keys = [SECRETCLI, "keys", "add", "admin", "--recover", "--keyring-backend", "test", "--home", str(cls.folder)]
        words = cls.stage["accounts"]["admin"]["mnemonic"] + "\n"
        subprocess.run(keys, input=words, text=True, check=True, capture_output=True)
        registry = {"development_roots": cls.stage["development_roots"], "images": [{"image": "ab" * 32}]}
        wishes = {"chain_id": cls.stage["chain_id"], "registry": registry}
        (cls.folder / "with.json").write_text(json.dumps(wishes))
        # LocalSecret outlives a run of the suite, so that the name must be a new one.
        cls.name = f"test-{cls.folder.name}"

    def deploy(self, *arguments):
        command = [DEPLOY, "devnet", *arguments, "--node", NODE, "--from", "admin", "--keyring-backend", "test",
            "--home", self.folder, "--with", self.folder / "with.json", "--name", self.name,
            "--state", self.folder / "state.json", "--artifacts", self.stage["artifacts"]]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def cli(self, *arguments):
        done = subprocess.run([SECRETCLI, *arguments, "--node", NODE, "--home", self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_deploys_once_and_then_finds_all_in_place(self):
        first = self.deploy()
        self.assertEqual(first.returncode, 0, first.stderr)
        contracts = json.loads((self.folder / "state.json").read_text())["contracts"]
        again = self.deploy()
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("nothing to do", again.stderr)
        config = json.loads(self.cli("query", "compute", "query", contracts["billing"]["address"], '{"config":{}}'))
        self.assertEqual(config["rewards"], {k: contracts["rewards"][k] for k in ("address", "code_hash")})
        self.refused_in_the_contracts_words(contracts)

    def refused_in_the_contracts_words(self, contracts):
        """secretcli decrypts why a contract refused; the script must say it."""
        rewards = {k: contracts["rewards"][k] for k in ("address", "code_hash")}
        (self.folder / "link.json").write_text(json.dumps({"link_rewards": {"rewards": rewards}}))
        done = self.deploy("send", "billing", self.folder / "link.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"failed: .*rewards: linked already.*\S\n$")


if __name__ == "__main__":
    unittest.main()
