"""Questions put with the package `openai`."""

from openai import OpenAI

import upstream
from receipts import Proof

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
