"""scripts/deploy.sh on the stand-in: once, twice, interrupted, with other wishes, and on the wrong chain."""

import json
import signal
import tomllib
import unittest

from deploying import Deploying

STEPS = 9
IMAGE = {"image": "ab" * 32, "workload": None, "until": None}


class Deploy(Deploying):
    def test_everything_is_deployed_wired_and_told(self):
        done = self.start_deployed()
        chain, state = self.chain(), json.loads(self.state.read_text())
        self.assertIn(f"{STEPS} transactions sent", done.stderr)
        by_label = {c["label"]: c for c in chain["contracts"]}
        self.assertEqual(list(by_label), [f"secret-ai-{role}" for role in ("token", "registry", "billing", "rewards")])
        for role, contract in state["contracts"].items():
            self.assertEqual(contract["address"], by_label[f"secret-ai-{role}"]["address"])
        pair = {k: state["contracts"]["rewards"][k] for k in ("address", "code_hash")}
        self.assertEqual(by_label["secret-ai-billing"]["rewards"], pair)
        self.assertTrue(all(c["admin"] == "" for c in chain["contracts"]))
        self.assertIsNone(state["pending"])

    def test_configurations_are_toml(self):
        user, worker = self.start_deployed().stdout.split("# worker.toml")
        state = json.loads(self.state.read_text())["contracts"]
        user, worker = tomllib.loads(user), tomllib.loads("# " + worker)
        self.assertEqual(user["billing"], state["billing"]["address"])
        for role in ("registry", "billing", "rewards"):
            self.assertEqual(worker["chain"][role], {k: state[role][k] for k in ("address", "code_hash")})
        self.assertEqual(worker["prices"][0]["token"], state["token"]["address"])

    def test_a_second_run_does_nothing_with_and_without_the_state_file(self):
        self.start_deployed()
        before, state = self.chain(), self.state.read_text()
        self.assertIn("nothing to do", self.deploy().stderr)
        self.assertEqual(self.state.read_text(), state)
        self.state.unlink()
        self.assertIn("nothing to do", self.deploy().stderr)
        self.assertEqual((self.chain(), self.state.read_text()), (before, state))

    def test_a_run_that_was_killed_goes_on(self):
        """Killed after every transaction in turn; what each sent is never sent again."""
        for lost in range(1, STEPS + 1):
            done = self.run_script("devnet", "--from", "a", STAND_IN_LOSE=str(lost))
            self.assertEqual(done.returncode, -signal.SIGKILL)
            self.assertEqual(len(self.chain()["txs"]), lost)
        self.assertIn("nothing to do", self.deploy().stderr)
        chain = self.chain()
        self.assertEqual((len(chain["codes"]), len(chain["contracts"])), (4, 4))

    def test_a_run_that_was_killed_while_it_waited_goes_on(self):
        done = self.run_script("devnet", "--from", "a", STAND_IN_KILL="2")
        self.assertEqual(done.returncode, -signal.SIGKILL)
        pending = json.loads(self.state.read_text())["pending"]
        self.assertEqual(list(self.chain()["txs"])[1], pending)
        done = self.deploy()
        self.assertIn(f"waiting for transaction {pending}", done.stderr)
        self.assertIn(f"{STEPS - 2} transactions sent", done.stderr)

    def test_a_transaction_that_fails_is_told_in_the_contracts_words(self):
        done = self.run_script("devnet", "--from", "a", STAND_IN_FAIL=str(STEPS))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("billing: link_rewards: transaction", done.stderr)
        self.assertIn("[stand_in] refused\n", done.stderr)
        self.assertIn("1 transactions sent", self.deploy().stderr)

    def test_another_policy_is_set_and_nothing_else(self):
        self.start_deployed()
        policy = {"registry": {"policy": {"known_platforms_only": True}}}
        done = self.deploy("--with", self.write("with.json", policy))
        self.assertIn("1 transactions sent", done.stderr)
        registry = next(c for c in self.chain()["contracts"] if c["label"] == "secret-ai-registry")
        self.assertTrue(registry["init"]["policy"]["known_platforms_only"])

    def test_what_the_registry_is_told_is_told_once(self):
        self.write("set.golden", "golden")
        self.write("collateral.json", {"root": "development", "collateral": {"nvidia": {"certificates": []}}})
        self.start_deployed()
        wishes = {"collateral": ["collateral.json"], "images": [IMAGE], "golden_sets": ["set.golden"], "platforms": ["cd" * 32]}
        with_file = self.write("with.json", {"registry": wishes})
        self.assertIn("4 transactions sent", self.deploy("--with", with_file).stderr)
        self.assertIn("nothing to do", self.deploy("--with", with_file).stderr)

    def test_an_image_that_was_revoked_or_has_ended_is_left_alone(self):
        self.start_deployed()
        wishes = self.write("with.json", {"registry": {"images": [{"image": "ab" * 32}]}})
        self.deploy("--with", wishes)
        for speed in ("retired", "compromised"):
            revoke = {"revoke": {"target": {"image": "ab" * 32}, "speed": speed}}
            self.deploy("send", "registry", self.write("revoke.json", revoke))
            done = self.deploy("--with", wishes)
            self.assertIn(f"left out, since it was revoked ({speed})", done.stderr)
            self.assertIn("nothing to do", done.stderr)
        ended = self.write("ended.json", {"registry": {"images": [{"image": "cd" * 32, "until": 1_600_000_000}]}})
        self.assertIn("nothing to do", self.deploy("--with", ended).stderr)

    def test_an_image_without_a_workload_is_approved_for_all(self):
        self.start_deployed()
        self.deploy("--with", self.write("with.json", {"registry": {"images": [{"image": "ab" * 32}]}}))
        registry = next(c for c in self.chain()["contracts"] if c["label"] == "secret-ai-registry")
        self.assertEqual(registry["images"], [IMAGE])

    def test_messages_of_the_operators_own(self):
        self.start_deployed()
        file = self.write("image.json", {"approve_image": IMAGE})
        self.deploy("send", "registry", file)
        self.assertEqual(len(self.chain()["txs"]), STEPS + 1)
        self.refused("no contract 'vault'", "devnet", "send", "vault", file, "--from", "a")
        self.refused("holds no JSON object", "devnet", "send", "registry", self.write("x", "no"), "--from", "a")
        self.refused("holds no JSON object", "devnet", "send", "registry", self.write("x", ""), "--from", "a")


class Refused(Deploying):
    def test_changed_wasm(self):
        self.start_deployed()
        self.artifact("billing", "other wasm")
        self.refused("choose another --name", "devnet", "--from", "a")
        self.deploy("--name", "again", "--state", str(self.folder / "again.json"))

    def test_changed_terms(self):
        self.start_deployed()
        terms = self.write("with.json", {"timing": {"challenge_s": 61}})
        self.refused("fixed for ever", "devnet", "--from", "a", "--with", terms)

    def test_wasm_that_nobody_listed(self):
        (self.artifacts / "billing.wasm.gz").write_bytes(b"\x1f\x8b")
        self.refused("is not what", "devnet", "--from", "a", "--dry-run")

    def test_a_label_that_somebody_else_took(self):
        self.start_deployed()
        file = self.write("key.json", {"set_viewing_key": {"key": "of the operator"}})
        state = self.state.read_text()
        self.state.unlink()
        self.refused("is taken by", "devnet", "--from", "b")
        self.refused("is taken by", "devnet", "send", "billing", file, "--from", "b")
        self.state.write_text(state)
        self.assertEqual(self.run_script("devnet", "send", "billing", file, "--from", "b").returncode, 0)

    def test_messages_for_the_token_go_to_the_one_of_the_profile(self):
        """Not to whoever took its label."""
        theirs = {"address": "secret1theirs", "label": "secret-ai-token", "code_id": "1", "creator": "x", "admin": "", "init": {}}
        token = theirs | {"address": "secret1token", "label": "a token"}
        self.start_chain("secretdev-1", contracts=[theirs, token], codes=[{"code_id": "1", "code_hash": "ee" * 32}])
        tokens = {"tokens": [{"address": "secret1token", "code_hash": "ee" * 32, "min_deposit": "1"}]}
        file = self.write("key.json", {"set_viewing_key": {"key": "of the operator"}})
        done = self.run_script("devnet", "send", "token", file, "--dry-run", "--with", self.write("with.json", tokens))
        self.assertIn("execute secret1token", done.stdout)

    def test_profiles_that_would_not_do_what_was_meant(self):
        """An admin of billing is named once and for ever."""
        for content, why in (("", "holds no JSON object"), ("[]", "holds no JSON object"),
                ({"amdin": "x"}, "amdin is not a field"), ({"registry": {"image": []}}, "registry.image is not a field"),
                ({"timing": {"epochs": 1}}, "timing.epochs is not"), ({"admin": ["x"]}, "admin: must be one value"),
                ({"gas": {"execute": "$(id)"}}, "gas.execute: must be a number"),
                ({"development": "true"}, "development: must be true or false")):
            with self.subTest(content=content):
                self.refused(why, "devnet", "--from", "a", "--with", self.write("with.json", content))
        self.refused("no file", "devnet", "--from", "a", "--with", "gone.json")

    def test_another_admin_than_the_profile_says(self):
        self.start_deployed()
        admin = self.write("with.json", {"admin": "secret1fc3fzy78ttp0lwuujw7e52rhspxn8uj52zfyne"})
        self.refused("the registry's admin is", "devnet", "--from", "a", "--with", admin)

    def test_a_contract_that_others_may_migrate(self):
        self.deploy("--with", self.write("with.json", {"migration_admin": "sender"}))
        self.refused("can be migrated by", "devnet", "--from", "a")

    def test_policy_that_only_another_admin_can_set(self):
        self.deploy("--with", self.write("admin.json", {"admin": "secret1fc3fzy78ttp0lwuujw7e52rhspxn8uj52zfyne"}))
        policy = self.write("with.json", {"registry": {"policy": {"heartbeat_s": 60}}})
        self.refused("only its admin", "devnet", "--from", "a", "--with", policy)

    def test_chains_keys_and_nodes_that_do_not_fit(self):
        self.refused("no key 'nobody'", "devnet", "--from", "nobody")
        self.refused("no --from", "devnet")
        self.refused("no node", "mainnet", "--from", "a", "--yes")
        self.refused("is of the chain secretdev-1", "mainnet", "--from", "a", "--yes", "--node", "tcp://127.0.0.1:1")
        self.refused("no secretcli", "devnet", "--from", "a", SECRETCLI="/nowhere/secretcli")
        self.start_chain("secretdev-1", catching_up=True)
        self.refused("catching up", "devnet", "--from", "a")

    def test_real_networks_get_nothing_of_development(self):
        self.start_chain("secret-4")
        node = ["mainnet", "--from", "a", "--node", "tcp://127.0.0.1:1"]
        self.refused("say --yes", *node)
        token = {"deploy": {"name": "x", "symbol": "x", "decimals": 6}, "min_deposit": "1"}
        self.refused("development token", *node, "--yes", "--with", self.write("token.json", {"tokens": [token]}))
        roots = {"registry": {"development_roots": {"tdx": "AA=="}}}
        self.refused("must not have any", *node, "--yes", "--with", self.write("roots.json", roots))
        self.refused("no development chain", *node, "--yes", "--with", self.write("dev.json", {"development": True}))
        self.refused("here are 0", "testnet", "--dry-run")

    def test_a_chain_that_was_started_anew(self):
        self.start_deployed()
        self.start_chain("secretdev-1")
        done = self.deploy()
        self.assertIn("started anew", done.stderr)
        self.assertIn(f"{STEPS} transactions sent", done.stderr)

    def test_a_real_chain_is_never_forgotten(self):
        self.start_chain("secret-4")
        profile = {"chain_id": "secret-4", "tokens": []}
        self.write("state.json", {"chain_id": "secret-4", "name": "secret-ai", "sent": {}, "tokens": [], "pending": None,
            "contracts": {"registry": {"address": "secret1gone"}}})
        hashes = {"codes": [{"code_id": "1", "code_hash": "ee" * 32}]}
        token = {"address": "secret1token", "label": "t", "code_id": "1", "creator": "x", "admin": "", "init": {}}
        self.start_chain("secret-4", contracts=[token], **hashes)
        tokens = {"tokens": [{"address": "secret1token", "code_hash": "ee" * 32, "min_deposit": "1"}]}
        self.refused("is tcp://127.0.0.1:1 the right node?", "mainnet", "--from", "a", "--yes",
            "--node", "tcp://127.0.0.1:1", "--with", self.write("with.json", profile | tokens))


if __name__ == "__main__":
    unittest.main()
