"""Receipts that the package `openai` gets, and what they cost."""

import asyncio
import json

import pytest
from cryptography.exceptions import InvalidSignature
from openai import AsyncOpenAI

import upstream
from chat import QUESTION, ask, client_of, proven, question
from receipts import Proof
from sessions import counted, open_session, settle


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
        worker = user.query(stage.registry, {"worker": {"worker_id": session.worker_id}})
        with pytest.raises(InvalidSignature):
            proof.receipt.verify(stage, worker["receipt_pk"])

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
        prompt, output = counted(user, session)
        assert prompt > 0 and 5 <= output < upstream.WORDS // 2
        settle(user, session, [prompt, output])
        _, proof, _ = proven(client, **question("Where were we?"))
        assert proof.receipt.seq == 2
        assert proof.receipt.counters == [prompt + upstream.PROMPT_TOKENS, output + 5]
