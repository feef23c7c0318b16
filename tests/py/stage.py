"""What the stage has put up: contracts, accounts and a worker, as `$SECRET_AI_STAGE` tells."""

import json
import os
import time
from pathlib import Path


class Stage:
    """The stage's file, by name: `stage.billing`, `stage.account("user")`."""

    def __init__(self, path):
        told = json.loads(Path(path).read_text())
        self.chain_id = told["chain_id"]
        self.lcd_url = told["lcd_url"]
        self.folder = Path(told["folder"])
        self.programs = Path(told["programs"])
        self.artifacts = Path(told["artifacts"])
        self.agent_url = told["agent"]["url"]
        self.model = told["model"]
        self.rates = told["rates"]
        self.accounts = told["accounts"]
        self.code_hashes = {c["address"]: c["code_hash"] for c in told["contracts"].values()}
        for name in ("token", "registry", "billing", "rewards"):
            setattr(self, name, told["contracts"][name]["address"])

    @classmethod
    def of_environment(cls):
        """The stage that runs this process."""
        path = os.environ.get("SECRET_AI_STAGE")
        if not path:
            raise SystemExit("SECRET_AI_STAGE is not set; run scripts/test-py.sh")
        return cls(path)


def until(attempt, seconds=60, pause=0.3):
    """Tries until the answer is true and returns it; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not (answer := attempt()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {attempt}")
        time.sleep(pause)
    return answer
