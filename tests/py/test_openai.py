"""The package `openai` against the agent: models, chat, streams, tools."""

import asyncio
import json
import subprocess

import openai
import pytest
from openai import AsyncOpenAI

import upstream
from chat import QUESTION, ask, client_of, question


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
