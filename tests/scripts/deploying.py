"""Runs scripts/deploy.sh in a folder of its own; what the tests of this folder share."""

import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "scripts" / "deploy.sh"
CONTRACTS = ["worker-registry", "billing", "rewards", "dev-token"]


def checksums(folder):
    """Writes checksums.txt as scripts/build-wasm.sh does."""
    lines = []
    for packed in sorted(folder.glob("*.wasm.gz")):
        wasm = gzip.decompress(packed.read_bytes())
        lines.append(f"{hashlib.sha256(wasm).hexdigest()}  {packed.stem}")
        lines.append(f"{hashlib.sha256(packed.read_bytes()).hexdigest()}  {packed.name}")
    (folder / "checksums.txt").write_text("\n".join(lines) + "\n")


class Deploying(unittest.TestCase):
    """A folder with small artifacts and a stand-in for secretcli and the chain."""

    deployed = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.artifacts = self.folder / "artifacts"
        self.artifacts.mkdir()
        for name in CONTRACTS:
            self.artifact(name, f"wasm of {name}")
        self.state = self.folder / "state.json"
        self.chain_file = self.folder / "chain.json"
        self.start_chain("secretdev-1")

    def artifact(self, name, content):
        (self.artifacts / f"{name}.wasm.gz").write_bytes(gzip.compress(content.encode(), mtime=0))
        checksums(self.artifacts)

    def start_chain(self, chain_id, **more):
        """A chain without anything on it; addresses differ from those of the chain before."""
        chain = {"chain_id": chain_id, "catching_up": False, "codes": [], "contracts": [], "txs": {}, "made": 0}
        if self.chain_file.exists():
            chain["made"] = self.chain()["made"] + 100
        self.chain_file.write_text(json.dumps(chain | more))

    def chain(self):
        return json.loads(self.chain_file.read_text())

    def write(self, name, value):
        path = self.folder / name
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return str(path)

    def run_script(self, *arguments, **environment):
        """Runs it on the stand-in; a variable that is None is taken away."""
        variables = os.environ | {"SECRETCLI": str(ROOT / "tests/scripts/stand_in.py"), "STAND_IN_CHAIN": str(self.chain_file)}
        variables.pop("SECRET_AI_NODE", None)
        variables = {k: v for k, v in (variables | environment).items() if v is not None}
        command = [DEPLOY, "--artifacts", self.artifacts, "--state", self.state, *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=self.folder)

    def start_deployed(self):
        """As after a first run of deploy; that run is made once for all tests."""
        if Deploying.deployed is None:
            done = self.deploy()
            Deploying.deployed = done, self.chain_file.read_text(), self.state.read_text()
        done, chain, state = Deploying.deployed
        self.chain_file.write_text(chain)
        self.state.write_text(state)
        return done

    def deploy(self, *arguments, **environment):
        """Deploys with key a; must succeed."""
        done = self.run_script("devnet", "--from", "a", *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, text, *arguments, **environment):
        """Must fail and say this, and send nothing."""
        before = self.chain()["txs"]
        done = self.run_script(*arguments, **environment)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(text, done.stderr)
        self.assertEqual(self.chain()["txs"], before)
