"""The package `openai` against the agent: what it is made for, what it costs, and what goes wrong."""

import asyncio
import base64
import json
import secrets
import subprocess

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

import upstream
from agent import MAX_BODY
from receipts import Proof, price
from sessions import open_session, settle
from stage import until

QUESTION = [{"role": "user", "content": "What is a receipt?"}]


def client_of(url, api_key, kind=OpenAI):
    # Refusals shall be seen, not tried again.
    return kind(base_url=f"{url}/v1", api_key=api_key, max_retries=0, timeout=60)


def question(words):
    """A question to the scripted worker."""
    return {"model": upstream.MODEL, "messages": [{"role": "user", "content": words}]}


def ask(client, words, **options):
    """The scripted worker's answer."""
    return client.chat.completions.create(**question(words), **options)


def proven(client, **request):
    """A plain answer with its proof: parsed answer, proof, raw response."""
    raw = client.chat.completions.with_raw_response.create(**request)
    return raw.parse(), Proof.of_headers(raw.headers), raw.http_response


@pytest.fixture(scope="module")
def session(user):
    return open_session(user, cap=500_000)


@pytest.fixture(scope="module")
def client(stage, session):
    return client_of(stage.agent_url, session.api_key)


@pytest.fixture(scope="module")
def scripted_session(user, scripted):
    return open_session(user, model=scripted.model, cap=500_000)


@pytest.fixture(scope="module")
def actor(scripted, scripted_session):
    """A client of the scripted worker."""
    return client_of(scripted.url, scripted_session.api_key)


class TestModels:
    def test_list(self, stage, client):
        assert [model.id for model in client.models.list()] == [stage.model]

    def test_retrieve(self, stage, client):
        assert client.models.retrieve(stage.model).id == stage.model
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("no-such-model")


class TestChat:
    def test_plain(self, stage, client):
        answer = client.chat.completions.create(model=stage.model, messages=QUESTION, max_tokens=24)
        (choice,) = answer.choices
        assert choice.message.role == "assistant" and choice.message.content
        assert choice.finish_reason in ("stop", "length")
        assert 0 < answer.usage.completion_tokens <= 24 and answer.usage.prompt_tokens > 0
        assert answer.model == stage.model

    def test_stream(self, stage, client):
        options = {"model": stage.model, "messages": QUESTION, "max_tokens": 24, "temperature": 0}
        chunks = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **options))
        *parts, last = chunks
        assert not last.choices and last.usage.completion_tokens > 0
        assert all(part.usage is None for part in parts)
        text = "".join(part.choices[0].delta.content or "" for part in parts)
        assert text == client.chat.completions.create(**options).choices[0].message.content
        assert parts[-1].choices[0].finish_reason in ("stop", "length")
        assert len({chunk.id for chunk in chunks}) == 1

    def test_stream_without_usage_chunk(self, stage, client):
        chunks = client.chat.completions.create(model=stage.model, messages=QUESTION, max_tokens=8, stream=True)
        assert all(len(chunk.choices) == 1 for chunk in chunks)

    def test_stream_helper(self, actor):
        with actor.chat.completions.stream(model=upstream.MODEL, messages=QUESTION) as events:
            pieces = [event.delta for event in events if event.type == "content.delta"]
            final = events.get_final_completion().choices[0].message.content
        assert pieces == ["All ", "is ", "said."] and final == "All is said."

    def test_max_tokens_by_either_name(self, stage, client):
        for name in ("max_tokens", "max_completion_tokens"):
            answer = client.chat.completions.create(model=stage.model, messages=QUESTION, **{name: 3})
            assert answer.usage.completion_tokens <= 3

    def test_stop(self, stage, client):
        whole = client.chat.completions.create(model=stage.model, messages=QUESTION, max_tokens=40, temperature=0)
        text = whole.choices[0].message.content
        stop = text.split()[1]
        cut = client.chat.completions.create(
            model=stage.model, messages=QUESTION, max_tokens=40, temperature=0, stop=[stop]
        )
        assert cut.choices[0].message.content == text[: text.index(stop)]
        assert cut.choices[0].finish_reason == "stop"

    def test_several_answers(self, actor):
        answer = ask(actor, "Say it.", n=3)
        assert [choice.index for choice in answer.choices] == [0, 1, 2]
        assert {choice.message.content for choice in answer.choices} == {"All is said."}
        assert answer.usage.completion_tokens == 15

    def test_response_format(self, actor, scripted):
        schema = {"name": "place", "schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
        wanted = {"type": "json_schema", "json_schema": schema}
        answer = ask(actor, "Where?", response_format=wanted)
        assert json.loads(answer.choices[0].message.content) == {"city": "Paris"}
        assert scripted.upstream.requests[-1]["response_format"] == wanted

    def test_content_parts(self, actor, scripted):
        parts = [{"type": "text", "text": "Say it."}]
        answer = actor.chat.completions.create(model=upstream.MODEL, messages=[{"role": "user", "content": parts}])
        assert answer.choices[0].message.content == "All is said."
        assert scripted.upstream.requests[-1]["messages"][0]["content"] == parts

    def test_async(self, stage, session):
        async def talk():
            async with client_of(stage.agent_url, session.api_key, AsyncOpenAI) as client:
                options = {"model": stage.model, "messages": QUESTION, "max_tokens": 8}
                plain = [client.chat.completions.create(**options) for _ in range(3)]
                answers = await asyncio.gather(*plain)
                pieces = [c async for c in await client.chat.completions.create(stream=True, **options)]
                return answers, pieces

        answers, pieces = asyncio.run(talk())
        assert all(answer.usage.completion_tokens for answer in answers)
        assert pieces[-1].choices[0].finish_reason in ("stop", "length")


class TestTools:
    tool = {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    expected = [("call_1", "weather", {"city": "Paris"}), ("call_2", "weather", {"city": "Rome"})]

    @staticmethod
    def as_tuples(calls):
        return [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls]

    def test_there_and_back(self, actor):
        answer = ask(actor, "Weather?", tools=[self.tool])
        (choice,) = answer.choices
        assert choice.finish_reason == "tool_calls" and choice.message.content is None
        assert self.as_tuples(choice.message.tool_calls) == self.expected
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": degrees}
            for call, degrees in zip(choice.message.tool_calls, ("18 C", "24 C"))
        ]
        messages = [{"role": "user", "content": "Weather?"}, choice.message, *results]
        answer = actor.chat.completions.create(model=upstream.MODEL, messages=messages, tools=[self.tool])
        assert answer.choices[0].message.content == "Results: 18 C, 24 C."

    def test_streamed(self, actor):
        with actor.chat.completions.stream(**question("Weather?"), tools=[self.tool]) as events:
            done = [e for e in events if e.type == "tool_calls.function.arguments.done"]
            final = events.get_final_completion().choices[0]
        assert self.as_tuples(final.message.tool_calls) == self.expected
        assert [json.loads(e.arguments) for e in done] == [arguments for *_, arguments in self.expected]
        assert final.finish_reason == "tool_calls"


class TestReceipts:
    def test_of_a_plain_answer(self, stage, user, client, session):
        answer, proof, response = proven(client, model=stage.model, messages=QUESTION, max_tokens=8)
        proof.verify(user, session, response.request.content, response.content)
        evidence = proof.evidence
        assert evidence.model == stage.model
        assert evidence.units == [answer.usage.prompt_tokens, answer.usage.completion_tokens]
        assert not proof.receipt.aborted and not proof.receipt.final

    def test_forged(self, stage, user, client, session):
        _, proof, response = proven(client, model=stage.model, messages=QUESTION, max_tokens=8)
        proof.verify(user, session, response.request.content, response.content)
        with pytest.raises(AssertionError):
            proof.verify(user, session, response.request.content, response.content + b" ")
        forged = bytearray(proof.receipt.body)
        forged[60] ^= 1
        proof.receipt.body = bytes(forged)
        with pytest.raises(Exception, match="^$"):
            proof.receipt.verify(stage, user.query(stage.registry, {"worker": {"worker_id": session.worker_id}})["receipt_pk"])

    def test_of_a_stream(self, stage, user, client, session):
        creating = client.chat.completions.with_streaming_response.create(
            model=stage.model, messages=QUESTION, max_tokens=8, stream=True
        )
        with creating as response:
            body = b"".join(response.iter_bytes())
            request = response.http_request.content
        done = b"data: [DONE]\n\n"
        answered, told = body.split(done)
        name, data, *rest = told.decode().split("\n")
        assert name == "event: receipt" and not "".join(rest)
        proof = Proof.read(json.loads(data.removeprefix("data: ")))
        proof.verify(user, session, request, answered + done)

    def test_they_add_up_to_what_billing_pays(self, user, scripted):
        session = open_session(user, model=scripted.model, cap=500_000)

        async def talk(words):
            """Several questions at once. A request without max_tokens would set aside all of the session."""
            async with client_of(scripted.url, session.api_key, AsyncOpenAI) as client:
                create = client.chat.completions.with_raw_response.create
                asked = [create(**question(word), max_tokens=20) for word in words]
                return await asyncio.gather(*asked)

        answers = asyncio.run(talk(["One.", "Two.", "Three.", "Four."]))
        proofs = [Proof.of_headers(raw.headers) for raw in answers]
        for proof, raw in zip(proofs, answers):
            proof.verify(user, session, raw.http_request.content, raw.content)
        proofs.sort(key=lambda proof: proof.receipt.seq)
        assert [proof.receipt.seq for proof in proofs] == [1, 2, 3, 4]
        total = [sum(units) for units in zip(*(proof.evidence.units for proof in proofs))]
        assert proofs[-1].receipt.counters == total == [4 * upstream.PROMPT_TOKENS, 4 * 5]
        settle(user, session, total)

    def test_an_aborted_stream_is_counted(self, user, scripted):
        session = open_session(user, model=scripted.model, cap=500_000)
        client = client_of(scripted.url, session.api_key)
        with ask(client, "Go on, endless", stream=True) as stream:
            seen = [next(stream) for _ in range(5)]
        assert all(chunk.choices[0].delta.content == "on " for chunk in seen)

        # Its receipt reaches nobody but billing.
        prompt, output = until(lambda: self.counted(user, session), seconds=120)
        assert prompt > 0 and 5 <= output < upstream.WORDS // 2
        settle(user, session, [prompt, output])
        _, proof, _ = proven(client, **question("Where were we?"))
        assert proof.receipt.seq == 2
        assert proof.receipt.counters == [prompt + upstream.PROMPT_TOKENS, output + 5]

    @staticmethod
    def counted(user, session):
        counters = user.session(session.id)["counters"]
        return any(counters) and counters


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


class TestKeyFromTheTool:
    def test_secret_ai_key(self, stage, user, tmp_path):
        """A session of the tool `secret-ai` serves any program that speaks OpenAI's API."""
        wallet = tmp_path / "wallet.mnemonic"
        wallet.touch(mode=0o600)
        wallet.write_text(stage.accounts["user"]["mnemonic"])
        config = {
            "lcd_url": stage.lcd_url,
            "chain_id": stage.chain_id,
            "billing": stage.billing,
            "wallet_file": str(wallet),
            "data_dir": str(tmp_path / "data"),
        }
        (tmp_path / "secret-ai.toml").write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in config.items()))

        def tool(*arguments):
            command = [stage.programs / "secret-ai", "--config", tmp_path / "secret-ai.toml", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        tool("deposit", "50000")
        tool("open", "--model", stage.model, "--cap", "50000")
        client = client_of(stage.agent_url, tool("key"))
        answer = client.chat.completions.create(model=stage.model, messages=QUESTION, max_tokens=4)
        assert answer.choices[0].message.content
