"""An OpenAI-compatible server with a part to play: it stands where vLLM stands behind an agent.

What it does follows from the request: its tools, its response_format, or a word in the last message.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "scripted"
PROMPT_TOKENS = 11
# Words of an endless answer, and the pause between them.
WORDS, PAUSE_S = 2_000, 0.02
CALLS = [
    {"id": "call_1", "name": "weather", "arguments": '{"city": "Paris"}'},
    {"id": "call_2", "name": "weather", "arguments": '{"city": "Rome"}'},
]
REFUSALS = {"throttled": 429, "unprocessable": 422, "broken": 500}


class Upstream:
    """The running server; `requests` are the bodies it got."""

    def __init__(self):
        self.requests = []
        handler = type("Handler", (Script,), {"upstream": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


class Script(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = None

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 4_096}]})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.upstream.requests.append(request)
        words = str(request["messages"][-1]["content"]).split()
        refusal = next((REFUSALS[word] for word in words if word in REFUSALS), None)
        if refusal:
            self.answer(refusal, {"error": {"message": "the script says no"}})
        elif request.get("stream"):
            self.stream(deltas(request, "endless" in words))
        else:
            self.plain(request)

    def plain(self, request):
        message = {"role": "assistant", "content": "".join(text(request)) or None}
        if calls := tool_calls(request):
            message["tool_calls"] = [as_call(call) for call in calls]
        reason = "tool_calls" if calls else "stop"
        count = request.get("n") or 1
        choices = [{"index": i, "message": message, "finish_reason": reason} for i in range(count)]
        self.answer(200, {"id": "x", "object": "chat.completion", "choices": choices, "usage": usage(5 * count)})

    def stream(self, pieces):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        count = 0
        try:
            for delta, reason in pieces:
                count += 1
                self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
            self.event({"choices": [], "usage": usage(count)})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            # The agent has hung up, as it does when its own client has.
            pass
        self.close_connection = True

    def event(self, part):
        self.wfile.write(f"data: {json.dumps({'object': 'chat.completion.chunk', **part})}\n\n".encode())
        self.wfile.flush()

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def usage(completion_tokens):
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": completion_tokens}


def tool_calls(request):
    """Calls tools when it has some and no results yet."""
    has_results = any(message["role"] == "tool" for message in request["messages"])
    return CALLS if request.get("tools") and not has_results else []


def text(request):
    """Pieces of the answer's text."""
    results = [message["content"] for message in request["messages"] if message["role"] == "tool"]
    if results:
        return ["Results: ", ", ".join(results), "."]
    if tool_calls(request):
        return []
    if request.get("response_format"):
        return ['{"city": ', '"Paris"}']
    return ["All ", "is ", "said."]


def as_call(call):
    return {"id": call["id"], "type": "function", "function": {k: call[k] for k in ("name", "arguments")}}


def deltas(request, endless):
    """Pieces of a streamed answer with their finish reasons; of a call first its name, then the
    arguments in two parts."""
    if endless:
        for _ in range(WORDS):
            time.sleep(PAUSE_S)
            yield {"content": "on "}, None
    for index, call in enumerate(tool_calls(request)):
        head = as_call({**call, "arguments": ""})
        yield {"role": "assistant", "tool_calls": [{"index": index, **head}]}, None
        middle = len(call["arguments"]) // 2
        for part in (call["arguments"][:middle], call["arguments"][middle:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}, None
    for piece in text(request):
        yield {"content": piece}, None
    yield {}, "tool_calls" if tool_calls(request) else "stop"
