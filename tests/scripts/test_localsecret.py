"""scripts/localsecret.sh without LocalSecret: what it asks of Docker, what it gives to suites, what it says without."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from deploying import ROOT

TOOLS = ["bash", "env", "dirname", "mktemp", "rm", "sleep", "cat", "chmod", "jq"]


class LocalSecret(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for tool in TOOLS:
            (self.folder / tool).symlink_to(shutil.which(tool))
        self.log = self.folder / "log"
        self.program("curl", """echo '{"block":{"header":{"height":"7"}}}'""")
        for name in ("shellcheck", "python3"):
            self.program(name, "exit 0")

    def program(self, name, text):
        """A program that notes how it was called and then does this."""
        path = self.folder / name
        path.write_text(f'#!{shutil.which("bash")}\necho "{name} $*" >>"{self.log}"\n{text}\n')
        path.chmod(0o755)

    def docker(self, daemon="exit 0"):
        self.program("docker", f'case $1 in info) {daemon} ;; inspect) echo true ;; esac')

    def run_script(self, suite="scripts"):
        variables = {"PATH": str(self.folder), "STAGE": str(self.folder / "stage"), "TMPDIR": str(self.folder)}
        command = [ROOT / "scripts/localsecret.sh", suite]
        return subprocess.run(command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def test_a_suite_runs_on_the_container_which_is_removed(self):
        self.docker()
        self.program("stage", f'echo "$SECRET_AI_LCD $SECRET_AI_CHAIN_ID $SECRET_AI_NODE $SECRET_AI_RPC" >>"{self.log}"; "$SECRETCLI" status')
        done = self.run_script()
        self.assertEqual(done.returncode, 0, done.stderr)
        log = self.log.read_text()
        self.assertIn("http://127.0.0.1:1317 secretdev-1 tcp://127.0.0.1:26657 http://127.0.0.1:26657\n", log)
        name = log.split("--name ")[1].split()[0]
        self.assertIn(f"docker exec --interactive {name} secretcli status\n", log)
        self.assertIn(f"docker rm --force --volumes {name}\n", log)
        self.assertNotIn("0.0.0.0", log)
        self.assertEqual(list(self.folder.glob("tmp.*")), [])

    def test_the_demo_is_told_the_chain(self):
        self.docker()
        self.program("demo", f'echo "$SECRET_AI_LCD" >>"{self.log}"')
        done = self.run_script("demo")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("http://127.0.0.1:1317\n", self.log.read_text())

    def test_a_suite_that_fails_fails_it_all_and_the_container_is_removed(self):
        self.docker()
        self.program("stage", "exit 3")
        done = self.run_script()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("1 of 1 suites failed on LocalSecret: scripts", done.stderr)
        self.assertIn("docker rm", self.log.read_text())

    def test_what_is_missing_is_named(self):
        self.assertIn("no docker", self.run_script().stderr)
        self.docker(daemon="exit 1")
        self.assertIn("its daemon does not answer", self.run_script().stderr)
        self.assertIn("no suite 'moon'", self.run_script("moon").stderr)


if __name__ == "__main__":
    unittest.main()
