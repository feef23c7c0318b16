"""secret-sdk: deposits, sessions and withdrawals."""

import secrets

import pytest
from secret_sdk.exceptions import LCDResponseError

from account import deposit
from sessions import offer_of, open_session, terms
from stage import until


class TestMoney:
    def test_deposit_and_withdraw(self, stage, user):
        tokens, free = user.tokens(), user.free()
        user.send_tokens(5_000, {"deposit": {}})
        assert (user.tokens(), user.free()) == (tokens - 5_000, free + 5_000)
        info = user.execute(stage.billing, {"withdraw": {"token": stage.token, "amount": "2000"}})
        assert user.answers(info.txhash) == [{"amount": "2000"}]
        assert (user.tokens(), user.free()) == (tokens - 3_000, free + 3_000)

    def test_deposit_for_somebody_else(self, user, anyone):
        free = anyone.free()
        user.send_tokens(1_000, {"deposit": {"beneficiary": anyone.address}})
        assert anyone.free() == free + 1_000

    def test_deposit_too_small(self, stage, user):
        before = user.tokens()
        why = user.refused(stage.token, deposit(stage, 999, {"deposit": {}}))
        assert "999 base units, must be at least 1000" in why
        assert user.tokens() == before

    def test_open_look_up_close(self, stage, user):
        user.send_tokens(60_000, {"deposit": {}})
        free, known = user.free(), len(user.sessions())
        offer = offer_of(user, stage.model)
        secret = secrets.token_bytes(32)
        wanted = [terms(offer, secret, 20_000), terms(offer, secret, 30_000)]
        info = user.execute(stage.billing, {"open_sessions": {"token": stage.token, "sessions": wanted}})
        (answer,) = user.answers(info.txhash)
        opened = [user.session(session_id) for session_id in answer["session_ids"]]
        assert [s["cap"] for s in opened] == ["20000", "30000"]
        assert {s["status"] for s in opened} == {"open"}
        assert opened[0]["lines"] == wanted[0]["lines"] and opened[0]["paid"] == "0"
        assert (user.free(), len(user.sessions())) == (free - 50_000, known + 2)

        asked_by_worker = {"session": {"session_id": opened[0]["session_id"], "auth": wanted[0]["auth"]}}
        assert user.query(stage.billing, asked_by_worker)["worker_id"] == offer["worker_id"]
        asked_by_worker["session"]["auth"] = {"h": "00" * 32}
        with pytest.raises(LCDResponseError):
            user.query(stage.billing, asked_by_worker)

        user.execute(stage.billing, {"close_session": {"session_id": opened[0]["session_id"]}})
        assert user.session(opened[0]["session_id"])["status"] in ("closing", "ended")

    def test_what_is_left_comes_back(self, stage, user):
        session = open_session(user, cap=7_000)
        free = user.free()
        user.execute(stage.billing, {"close_session": {"session_id": session.id}})

        def reclaimed():
            info = user.execute(stage.billing, {"reclaim": {"session_ids": [session.id]}})
            return user.answers(info.txhash)[0]["reclaimed"] == ["7000"]

        until(reclaimed, seconds=120)
        assert user.free() == free + 7_000
        assert user.session(session.id)["status"] == "reclaimed"

    def test_open_without_money(self, stage, anyone):
        offer = offer_of(anyone, stage.model)
        wanted = [terms(offer, secrets.token_bytes(32), 10**12)]
        why = anyone.refused(stage.billing, {"open_sessions": {"token": stage.token, "sessions": wanted}})
        assert "balance" in why

    def test_only_the_owner_closes(self, stage, user, anyone):
        session = open_session(user, cap=1_000)
        why = anyone.refused(stage.billing, {"close_session": {"session_id": session.id}})
        assert "session" in why
        assert user.session(session.id)["status"] == "open"
