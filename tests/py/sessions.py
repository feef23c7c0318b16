"""Sessions opened with secret-sdk alone, and the API keys that they give."""

import base64
import hashlib
import secrets
import time

from receipts import price
from stage import until

CAP = 400_000


class Session:
    """An open session: `id`, `worker_id` and the API key for any program that speaks OpenAI's API."""

    def __init__(self, session_id, worker_id, secret):
        self.id = session_id
        self.worker_id = worker_id
        raw = bytes.fromhex(session_id) + bytes.fromhex(worker_id) + secret
        self.api_key = "sk-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def offer_of(account, model):
    """The cheapest offer for a model."""
    return account.query(account.stage.registry, {"price_list": {"model": model}})["offers"][0]


def terms(offer, secret, cap=CAP):
    """The terms of a session at an offer's rates; `secret` is the 32 bytes behind its API key."""
    listing = offer["listing"]
    lines = [{"model": listing["model"], "unit": r["unit"], "rate": r["rate"]} for r in listing["rates"]]
    return {
        "worker_id": offer["worker_id"],
        "lines": lines,
        "cap": str(cap),
        "slack": str(cap),
        "expires": int(time.time()) + 3_600,
        "auth": {"h": hashlib.sha256(secret).hexdigest()},
    }


def open_session(account, model=None, cap=CAP):
    """Pays `cap` in and opens a session with it, in one transaction."""
    secret = secrets.token_bytes(32)
    offer = offer_of(account, model or account.stage.model)
    known = {s["session_id"] for s in account.sessions()}
    opening = {"open_sessions": {"sessions": [terms(offer, secret, cap)]}}
    account.send_tokens(max(cap, 1_000), opening)
    (new,) = [s for s in account.sessions() if s["session_id"] not in known]
    return Session(new["session_id"], new["worker_id"], secret)


def counted(account, session):
    """What billing has paid for, one counter per line, as soon as that is anything."""

    def counters():
        told = account.session(session.id)["counters"]
        return any(told) and told

    return until(counters, seconds=120)


def settle(account, session, counters):
    """Waits until billing has paid for these counters; it must be exactly their price."""
    told = until(lambda: (s := account.session(session.id))["counters"] == counters and s, seconds=120)
    assert int(told["paid"]) == price(told["lines"], counters)
