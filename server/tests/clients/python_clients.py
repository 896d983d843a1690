"""Clients from PyPI: `python python_clients.py NAME BASE_URL` prints as JSON all that the client received."""

import json
import sys

import anthropic
import httpx
import httpx_sse
import openai

MESSAGES = [{"role": "user", "content": "What does a tap show?"}]


def openai_chat(base):
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="sk-a-secret")
    stream = client.chat.completions.create(
        model="a-model", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    return [chunk.to_dict() for chunk in stream]


def openai_responses(base):
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="sk-a-secret")
    with client.responses.stream(model="a-model", input=MESSAGES[0]["content"]) as stream:
        return [event.to_dict() for event in stream]


def anthropic_messages(base):
    client = anthropic.Anthropic(base_url=base, api_key="a-secret")
    with client.messages.stream(model="a-model", max_tokens=100, messages=MESSAGES) as stream:
        events = sum(1 for _ in stream)
        return {"final": stream.get_final_message().to_dict(), "events": events}


def httpx_events(base):
    with httpx.Client() as client:
        with httpx_sse.connect_sse(client, "GET", f"{base}/events") as source:
            return [[event.event, event.data, event.id, event.retry] for event in source.iter_sse()]


CLIENTS = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic_messages,
    "httpx-sse": httpx_events,
}

name, base = sys.argv[1:]
print(json.dumps(CLIENTS[name](base), sort_keys=True))
