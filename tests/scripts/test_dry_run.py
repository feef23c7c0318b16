"""What scripts/deploy.sh --dry-run prints for each profile, and that nothing comes of it."""

import base64
import json
import shlex
import subprocess
import unittest

from deploying import ROOT, Deploying

TOKEN = ["store dev-token", "instantiate secret-ai-token"]
ALL = ["store worker-registry", "instantiate secret-ai-registry", "store billing", "instantiate secret-ai-billing",
    "store rewards", "instantiate secret-ai-rewards", "billing: link_rewards"]
PROFILES = {"devnet": ("secretdev-1", TOKEN + ALL), "localsecret": ("secretdev-1", TOKEN + ALL),
    "testnet": ("pulsar-3", ALL), "mainnet": ("secret-4", ALL)}
TESTNET = {"tokens": [{"address": "secret1token", "code_hash": "ee" * 32, "min_deposit": "1"}]}


def commands(output):
    """[(what, words)] of what was printed."""
    lines = output.splitlines()
    return [(what.removeprefix("# "), shlex.split(line)) for what, line in zip(lines[::2], lines[1::2], strict=True)]


class DryRun(Deploying):
    def dry(self, profile, *arguments, **environment):
        more = ["--with", self.write("testnet.json", TESTNET)] if profile == "testnet" else []
        done = self.run_script(profile, "--dry-run", *more, *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.state.exists())
        self.assertEqual(self.chain()["txs"], {})
        return done

    def test_every_profile_without_secretcli_node_and_key(self):
        for profile, (chain_id, expected) in PROFILES.items():
            with self.subTest(profile=profile):
                done = self.dry(profile, SECRETCLI="/nowhere/secretcli")
                found = commands(done.stdout)
                self.assertEqual([what for what, _ in found], expected)
                self.assertIn("assuming a chain on which nothing is deployed", done.stderr)
                for what, words in found:
                    self.assertEqual(words[1:4], ["tx", "compute", what.split()[0] if ":" not in what else "execute"])
                    self.assertEqual(words[words.index("--chain-id") + 1], chain_id)
                    self.assertNotIn("--admin", words)
                messages = [json.loads(w[5]) for _, w in found if w[3] in ("instantiate", "execute")]
                self.assertEqual(messages[-1]["link_rewards"]["rewards"]["address"], "<address of secret-ai-rewards>")

    def test_profiles_fit_the_contracts_schemas(self):
        """Every field that a contract demands is there, and none that it does not know."""
        found = dict(commands(self.dry("devnet").stdout))
        for role, schema in (("token", "dev-token"), ("registry", "worker-registry"), ("billing", "billing"), ("rewards", "rewards")):
            message = json.loads(found[f"instantiate secret-ai-{role}"][5])
            expected = json.loads((ROOT / "schema" / f"{schema}.json").read_text())["instantiate"]
            self.assertLessEqual(set(expected["required"]), set(message))
            self.assertLessEqual(set(message), set(expected["properties"]))
        policy = json.loads(found["instantiate secret-ai-registry"][5])["policy"]
        definitions = json.loads((ROOT / "schema/worker-registry.json").read_text())["instantiate"]["definitions"]
        for part, name in ((policy, "Policy"), (policy["tdx"], "TdxPolicy"), (policy["snp"], "SnpPolicy")):
            self.assertEqual(set(part), set(definitions[name]["properties"]))

    def test_only_what_is_missing_on_the_chain_that_is_there(self):
        self.start_deployed()
        state = self.state.read_text()
        done = self.run_script("devnet", "--dry-run", "--with", self.write("w.json", {"registry": {"images": [{"image": "ab" * 32}]}}))
        self.assertEqual([what for what, _ in commands(done.stdout)], ["registry: image abababababab"])
        self.assertEqual(self.state.read_text(), state)


class Collateral(unittest.TestCase):
    """scripts/deploy/collateral.jq"""

    def converted(self, found):
        command = ["jq", "-c", "-f", ROOT / "scripts/deploy/collateral.jq"]
        return subprocess.run(command, input=json.dumps(found), capture_output=True, text=True)

    def test_of_dcap_qvl(self):
        pem = lambda der: f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
        b64 = lambda data: base64.b64encode(data).decode()
        for length in (1, 2, 3, 256):
            data = bytes(range(256))[-length:]
            chains = {f"{name}_issuer_chain": pem(data) + pem(b"root") for name in ("pck_crl", "tcb_info", "qe_identity")}
            lists = {name: data.hex() for name in ("root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature")}
            signed = {name: '{"é": 1}' for name in ("tcb_info", "qe_identity")}
            message = json.loads(self.converted(chains | lists | signed).stdout)["submit_collateral"]
            tdx = message["collateral"]["tdx"]
            self.assertEqual(message["root"], "vendor")
            self.assertEqual(set(tdx), self.fields())
            self.assertEqual(tdx["pck_crl_issuer_chain"], [b64(data), b64(b"root")])
            self.assertEqual(tdx["root_ca_crl"], b64(data))
            self.assertEqual(tdx["tcb_info"], b64('{"é": 1}'.encode()))

    def fields(self):
        schema = json.loads((ROOT / "schema/worker-registry.json").read_text())
        return set(schema["execute"]["definitions"]["TdxCollateral"]["required"])

    def test_of_neither_form(self):
        self.assertNotEqual(self.converted({"root_ca_crl": "abc"}).returncode, 0)


if __name__ == "__main__":
    unittest.main()
