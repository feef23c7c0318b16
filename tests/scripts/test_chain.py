"""scripts/deploy.sh with the real secretcli on a real chain: the stage's devnet, or LocalSecret."""

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from deploying import DEPLOY

STAGE = os.environ.get("SECRET_AI_STAGE")
SECRETCLI = os.environ.get("SECRETCLI")


@unittest.skipUnless(STAGE and SECRETCLI, "no stage or no secretcli: scripts/test-scripts.sh says more")
class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = json.loads(pathlib.Path(STAGE).read_text())
        cls.node = cls.stage["rpc_url"] or os.environ["SECRET_AI_NODE"]
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        keys = [SECRETCLI, "keys", "add", "admin", "--recover", "--keyring-backend", "test", "--home", str(cls.folder)]
        words = cls.stage["accounts"]["admin"]["mnemonic"] + "\n"
        subprocess.run(keys, input=words, text=True, check=True, capture_output=True)
        root = base64.b64encode(bytes.fromhex(cls.stage["development_root"])).decode()
        wishes = {"chain_id": cls.stage["chain_id"], "registry": {"development_roots": {"tdx": root}, "images": [{"image": "ab" * 32}]}}
        (cls.folder / "with.json").write_text(json.dumps(wishes))
        # LocalSecret outlives a run of the suite, so that the name must be a new one.
        cls.name = f"test-{cls.folder.name}"

    def deploy(self, *arguments):
        command = [DEPLOY, "devnet", *arguments, "--node", self.node, "--from", "admin", "--keyring-backend", "test",
            "--home", self.folder, "--with", self.folder / "with.json", "--name", self.name,
            "--state", self.folder / "state.json", "--artifacts", self.stage["artifacts"]]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def cli(self, *arguments):
        done = subprocess.run([SECRETCLI, *arguments, "--node", self.node, "--home", self.folder], capture_output=True, text=True)
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
        self.assertRegex(done.stderr, r"failed: .*\[[a-z_]+\]")


if __name__ == "__main__":
    unittest.main()
