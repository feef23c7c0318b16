"""What users of the package `openai` see when something is wrong."""

import base64
import secrets

import openai
import pytest

from agent import MAX_BODY
from chat import QUESTION, client_of, proven, question
from receipts import price
from sessions import open_session


class TestErrors:
    def refused(self, kind, status, client, **request):
        """The error of a request; its class, status and object must be OpenAI's."""
        with pytest.raises(kind) as refused:
            client.chat.completions.create(**request)
        error = refused.value
        assert error.status_code == status
        assert error.message and {"message", "type", "code", "param"} <= set(error.body)
        return error

    def request(self, stage, **options):
        return {"model": stage.model, "messages": QUESTION, "max_tokens": 4, **options}

    def test_key_that_is_none(self, stage):
        client = client_of(stage.agent_url, "sk-nonsense")
        assert self.refused(openai.AuthenticationError, 401, client, **self.request(stage)).code == "bad_key"

    def test_key_of_no_session(self, stage, session):
        parts = bytes.fromhex(session.id), bytes.fromhex(session.worker_id), secrets.token_bytes(32)
        key = "sk-" + base64.urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")
        error = self.refused(openai.AuthenticationError, 401, client_of(stage.agent_url, key), **self.request(stage))
        assert error.code == "unknown_session"

    def test_key_for_another_worker(self, stage, scripted_session):
        client = client_of(stage.agent_url, scripted_session.api_key)
        error = self.refused(openai.PermissionDeniedError, 403, client, **self.request(stage))
        assert error.code == "wrong_worker"

    def test_unknown_model(self, stage, client):
        error = self.refused(openai.NotFoundError, 404, client, **self.request(stage, model="gpt-99"))
        assert (error.code, error.param) == ("model_not_found", "model")

    def test_unknown_path(self, client):
        with pytest.raises(openai.NotFoundError):
            client.embeddings.create(model="x", input="y")

    @pytest.mark.parametrize(
        "field, value",
        [("temperature", 5), ("top_p", 0), ("n", 0), ("n", 99), ("stop", [""]), ("max_tokens", 0), ("messages", [])],
    )
    def test_bad_field(self, stage, client, field, value):
        error = self.refused(openai.BadRequestError, 400, client, **self.request(stage, **{field: value}))
        assert error.param == field

    def test_uncounted_field(self, stage, client):
        request = self.request(stage, extra_body={"best_of": 3})
        assert self.refused(openai.BadRequestError, 400, client, **request).param == "best_of"

    def test_malformed_body(self, stage, client):
        request = self.request(stage, messages="not a list")
        self.refused(openai.BadRequestError, 400, client, **request)

    def test_too_long_for_the_model(self, stage, client):
        request = self.request(stage, messages=[{"role": "user", "content": "word " * 2_000}])
        error = self.refused(openai.BadRequestError, 400, client, **request)
        assert error.code == "context_length_exceeded"

    def test_too_large(self, actor):
        assert self.refused(openai.APIStatusError, 413, actor, **question("x" * MAX_BODY)).code == "body_too_large"

    @pytest.mark.parametrize(
        "word, kind, status",
        [
            ("throttled", openai.RateLimitError, 429),
            ("unprocessable", openai.UnprocessableEntityError, 422),
            ("broken", openai.InternalServerError, 502),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_engine_refuses(self, actor, word, kind, status, stream):
        self.refused(kind, status, actor, **question(word), stream=stream)

    def test_dearer_than_allowed(self, stage, client):
        error = self.refused(
            openai.APIStatusError, 402, client, **self.request(stage, extra_headers={"x-max-charge": "1"})
        )
        assert error.code == "max_charge_exceeded"
        assert int(error.body["needed"]) > int(error.body["available"]) == 1

    def test_cap_used_up(self, stage, user):
        session = open_session(user, cap=3_000)
        client = client_of(stage.agent_url, session.api_key)
        request = self.request(stage)
        spent = 0
        with pytest.raises(openai.APIStatusError) as refused:
            for _ in range(20):
                _, proof, _ = proven(client, **request)
                spent = price(user.session(session.id)["lines"], proof.receipt.counters)
        error = refused.value
        assert (error.status_code, error.code) == (402, "cap_exceeded")
        assert 0 < spent <= 3_000
        assert int(error.body["available"]) <= 3_000 - spent < int(error.body["needed"])

    def test_session_closed(self, stage, user):
        session = open_session(user, cap=3_000)
        user.execute(stage.billing, {"close_session": {"session_id": session.id}})
        client = client_of(stage.agent_url, session.api_key)
        assert self.refused(openai.APIStatusError, 402, client, **self.request(stage)).code == "session_closed"
