"""secret-ai-sdk as its users write it: models and workers from the registry, chat with an API key."""

import asyncio
import json

import httpx
import pytest
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from ollama import ResponseError
from pydantic import BaseModel
from secret_ai_sdk import (
    ChatSecret,
    Secret,
    SecretAIAPIKeyMissingError,
    SecretAINetworkError,
    SecretAIRetryExhaustedError,
)
from secret_ai_sdk._client import SecretAIAsyncClient, SecretAIClient

import upstream
from receipts import Proof
from sessions import counted, open_session, settle

TALK = [("system", "You are a helpful assistant."), ("human", "What is a receipt?")]
QUESTION = [{"role": "user", "content": "What is a receipt?"}]


@pytest.fixture(autouse=True)
def environment(stage, monkeypatch):
    """What a user sets to have another network than the SDK's own."""
    monkeypatch.setenv("SECRET_CHAIN_ID", stage.chain_id)
    monkeypatch.setenv("SECRET_NODE_URL", stage.lcd_url)
    monkeypatch.setenv("SECRET_WORKER_SMART_CONTRACT", stage.registry)
    monkeypatch.delenv("SECRET_AI_API_KEY", raising=False)


@pytest.fixture
def key(session, monkeypatch):
    monkeypatch.setenv("SECRET_AI_API_KEY", session.api_key)


@pytest.fixture
def actor(scripted, scripted_session, monkeypatch):
    """A chat with the scripted worker."""
    monkeypatch.setenv("SECRET_AI_API_KEY", scripted_session.api_key)
    return ChatSecret(base_url=scripted.url, model=scripted.model)


def found(**options):
    """A chat with a worker that the registry names for the stage's model."""
    secret = Secret()
    model = options.pop("model")
    return ChatSecret(base_url=secret.get_urls(model=model)[0], model=model, **options)


class TestRegistry:
    def test_models(self, stage):
        assert stage.model in Secret().get_models()

    def test_urls(self, stage):
        secret = Secret()
        assert secret.get_urls(model=stage.model) == [stage.agent_url]
        assert stage.agent_url in secret.get_urls()
        assert secret.get_urls(model="no-such-model") == []

    def test_network_by_argument(self, stage):
        assert Secret(chain_id=stage.chain_id, node_url=stage.lcd_url).get_models()

    def test_private_key(self, stage):
        words = stage.accounts["user"]["mnemonic"]
        assert len(bytes.fromhex(Secret().get_priv_key_from_mnemonic(words))) == 32

    def test_every_url_serves_its_model(self, scripted):
        secret = Secret()
        for model in secret.get_models():
            for url in secret.get_urls(model=model):
                listed = httpx.get(f"{url}/api/tags").json()["models"]
                assert model in [entry["model"] for entry in listed]


@pytest.mark.usefixtures("key")
class TestChat:
    def test_invoke(self, stage):
        answer = found(model=stage.model, num_predict=24).invoke(TALK, stream=False)
        assert answer.content
        assert answer.usage_metadata["input_tokens"] > 0
        assert 0 < answer.usage_metadata["output_tokens"] <= 24
        assert answer.response_metadata["model"] == stage.model
        assert answer.response_metadata["done_reason"] in ("stop", "length")

    def test_invoke_with_message_objects(self, stage):
        messages = [SystemMessage("You are a helpful assistant."), HumanMessage("What is a receipt?")]
        assert found(model=stage.model, num_predict=8).invoke(messages).content

    def test_stream(self, stage):
        options = {"model": stage.model, "num_predict": 24, "temperature": 0}
        chunks = list(found(**options).stream(TALK))
        texts = [chunk.content for chunk in chunks if chunk.content]
        assert len(texts) > 1
        assert "".join(texts) == found(**options).invoke(TALK).content
        (usage,) = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]

    def test_async(self, stage):
        async def talk():
            chat = found(model=stage.model, num_predict=8)
            return await chat.ainvoke(TALK), [chunk async for chunk in chat.astream(TALK)]

        answer, chunks = asyncio.run(talk())
        assert answer.content and "".join(chunk.content for chunk in chunks)

    def test_batch(self, stage):
        answers = found(model=stage.model, num_predict=4).batch([TALK, TALK, TALK])
        assert [bool(answer.content) for answer in answers] == [True] * 3

    def test_options_reach_the_model(self, stage):
        chat = found(model=stage.model, num_predict=20, temperature=0.7, seed=7, top_p=0.9)
        assert chat.invoke(TALK).content == chat.invoke(TALK).content
        whole = found(model=stage.model, num_predict=20, temperature=0).invoke(TALK).content
        stop = whole.split()[1]
        cut = found(model=stage.model, num_predict=20, temperature=0, stop=[stop]).invoke(TALK)
        assert cut.content == whole[: whole.index(stop)]

    def test_client(self, stage):
        client = SecretAIClient(host=stage.agent_url)
        options = {"num_predict": 8}
        answer = client.chat(model=stage.model, messages=QUESTION, options=options)
        assert answer.message.content and answer.done and answer.eval_count <= 8
        assert answer.total_duration > 0
        pieces = list(client.chat(model=stage.model, messages=QUESTION, options=options, stream=True))
        assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        told = client.generate(model=stage.model, prompt="What is a receipt?", options=options)
        assert told.response and told.done
        assert [entry.model for entry in client.list().models] == [stage.model]
        assert client.show(stage.model)

    def test_async_client(self, stage):
        async def talk():
            client = SecretAIAsyncClient(host=stage.agent_url)
            return await client.chat(model=stage.model, messages=QUESTION, options={"num_predict": 4})

        assert asyncio.run(talk()).message.content


@tool
def weather(city: str) -> str:
    """The temperature in a city."""
    return {"Paris": "18 C", "Rome": "24 C"}[city]


class Place(BaseModel):
    """A place."""

    city: str


class TestToolsAndFormats:
    def test_tools(self, actor):
        chat = actor.bind_tools([weather])
        answer = chat.invoke("Weather?")
        assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
            ("weather", {"city": "Paris"}),
            ("weather", {"city": "Rome"}),
        ]
        results = [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
        assert chat.invoke([HumanMessage("Weather?"), answer, *results]).content == "Results: 18 C, 24 C."

    def test_structured_output(self, actor, scripted):
        place = actor.with_structured_output(Place, method="json_schema").invoke("Where?")
        assert place == Place(city="Paris")
        asked = scripted.upstream.requests[-1]["response_format"]
        assert asked["json_schema"]["schema"]["properties"]["city"]["type"] == "string"


class TestMoney:
    def test_a_stream_ends_with_its_receipt(self, user, scripted, scripted_session):
        """The last object has it as its last field; the response hash covers all bytes before."""
        client = SecretAIClient(host=scripted.url, api_key=scripted_session.api_key)
        body = {"model": upstream.MODEL, "messages": QUESTION}
        with client._client.stream("POST", "/api/chat", json=body) as response:
            received, request = response.read(), response.request.content
        answered, told = received.rsplit(b',"secret_ai":', 1)
        proof = Proof.read(json.loads(told.rstrip(b"\n").removesuffix(b"}")))
        proof.verify(user, scripted_session, request, answered)
        assert proof.evidence.units[0] == upstream.PROMPT_TOKENS

    def test_a_plain_answer_has_it_in_its_headers(self, user, scripted, scripted_session):
        client = SecretAIClient(host=scripted.url, api_key=scripted_session.api_key)
        body = {"model": upstream.MODEL, "messages": QUESTION, "stream": False}
        response = client._client.post("/api/chat", json=body)
        proof = Proof.of_headers(response.headers)
        proof.verify(user, scripted_session, response.request.content, response.content)

    def test_billing_pays_what_the_sdk_was_told(self, stage, user, monkeypatch):
        session = open_session(user, cap=200_000)
        monkeypatch.setenv("SECRET_AI_API_KEY", session.api_key)
        told = [found(model=stage.model, num_predict=8).invoke(TALK).usage_metadata for _ in range(2)]
        used = [sum(usage[name] for usage in told) for name in ("input_tokens", "output_tokens")]
        settle(user, session, used)

    def test_a_stream_that_nobody_reads_to_its_end(self, user, scripted, monkeypatch):
        session = open_session(user, model=scripted.model, cap=200_000)
        monkeypatch.setenv("SECRET_AI_API_KEY", session.api_key)
        chunks = ChatSecret(base_url=scripted.url, model=scripted.model).stream("Go on, endless")
        assert [next(chunks).content for _ in range(3)] == ["on "] * 3
        chunks.close()
        prompt, output = counted(user, session)
        assert prompt > 0 and 3 <= output < upstream.WORDS // 2
        settle(user, session, [prompt, output])

    def test_no_money_left(self, stage, user, monkeypatch):
        session = open_session(user, cap=3_000)
        monkeypatch.setenv("SECRET_AI_API_KEY", session.api_key)
        chat = found(model=stage.model, num_predict=16)
        with pytest.raises(ResponseError, match="cap") as refused:
            for _ in range(20):
                chat.invoke(TALK)
        assert refused.value.status_code == 402

    def test_session_closed(self, stage, user, monkeypatch):
        session = open_session(user, cap=3_000)
        user.execute(stage.billing, {"close_session": {"session_id": session.id}})
        monkeypatch.setenv("SECRET_AI_API_KEY", session.api_key)
        with pytest.raises(ResponseError, match="not open") as refused:
            found(model=stage.model).invoke(TALK)
        assert refused.value.status_code == 402


class TestErrors:
    def refused(self, chat, status):
        with pytest.raises(ResponseError) as refused:
            chat.invoke(TALK)
        assert refused.value.status_code == status
        return refused.value.error

    def test_no_key(self, stage):
        with pytest.raises(SecretAIAPIKeyMissingError):
            found(model=stage.model)

    def test_wrong_key(self, stage, monkeypatch):
        monkeypatch.setenv("SECRET_AI_API_KEY", "sk-nonsense")
        assert "key" in self.refused(found(model=stage.model), 401)

    def test_key_for_another_worker(self, stage, scripted_session, monkeypatch):
        monkeypatch.setenv("SECRET_AI_API_KEY", scripted_session.api_key)
        assert "another worker" in self.refused(found(model=stage.model), 403)

    def test_unknown_model(self, stage, key):
        assert "no-such-model" in self.refused(ChatSecret(base_url=stage.agent_url, model="no-such-model"), 404)

    def test_bad_option(self, stage, key):
        assert "temperature" in self.refused(found(model=stage.model, temperature=9.0), 400)

    def test_images_are_not_offered(self, stage, key):
        image = {"type": "image_url", "image_url": "data:image/png;base64,iVBORw0KGgo="}
        with pytest.raises(ResponseError, match="images") as refused:
            found(model=stage.model).invoke([HumanMessage([{"type": "text", "text": "What is it?"}, image])])
        assert refused.value.status_code == 400

    def test_models_are_not_pulled(self, stage, key):
        client = SecretAIClient(host=stage.agent_url)
        with pytest.raises(ResponseError) as refused:
            client.pull("llama3")
        assert refused.value.status_code in (404, 501) and refused.value.error

    @pytest.mark.parametrize("word, status", [("throttled", 429), ("unprocessable", 422), ("broken", 502)])
    def test_engine_refuses(self, actor, word, status):
        with pytest.raises(ResponseError) as refused:
            actor.invoke(word)
        assert refused.value.status_code == status

    def test_plain_client_retries_and_says_why(self, stage):
        client = SecretAIClient(host=stage.agent_url, api_key="sk-nonsense")
        with pytest.raises(SecretAIRetryExhaustedError) as refused:
            client.chat(model=stage.model, messages=QUESTION)
        assert "401" in str(refused.value.original_error)

    def test_no_such_registry(self, stage, monkeypatch):
        monkeypatch.setenv("SECRET_WORKER_SMART_CONTRACT", stage.accounts["user"]["address"])
        with pytest.raises(SecretAINetworkError):
            Secret().get_models()
