"""The SDKs of the APIs whose answers the generator plays: `python answers.py API URL` prints as JSON what the SDK
makes of the stream at the URL."""

import json
import sys

import anthropic
import httpx2
import openai

MESSAGES = [{"role": "user", "content": "How does a page learn of events?"}]


def http_client(url):
    """The SDKs append paths to a base URL; the generator has one path."""

    def redirect(request):
        request.url = httpx2.URL(url)

    return httpx2.Client(event_hooks={"request": [redirect]})


def openai_chat(url, answer):
    client = openai.OpenAI(base_url=url, api_key="a-secret", max_retries=0, http_client=http_client(url))
    answer["reasoning"] = ""
    with client.chat.completions.stream(model="a-model", messages=MESSAGES) as stream:
        for event in stream:
            if event.type == "chunk":
                for choice in event.chunk.choices:
                    if choice.index == 0:
                        answer["reasoning"] += getattr(choice.delta, "reasoning_content", "")
            if event.type == "content.delta":
                answer["texts"] = [event.snapshot]
        final = stream.get_final_completion()
    answer["texts"] = [choice.message.content for choice in final.choices]
    calls = final.choices[0].message.tool_calls or []
    answer["tools"] = [[call.function.name, call.function.arguments] for call in calls]
    answer["finish"] = final.choices[0].finish_reason
    answer["usage"] = final.usage and [final.usage.prompt_tokens, final.usage.completion_tokens]


def openai_responses(url, answer):
    client = openai.OpenAI(base_url=url, api_key="a-secret", max_retries=0, http_client=http_client(url))
    with client.responses.stream(model="a-model", input=MESSAGES[0]["content"]) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                answer["texts"] = [event.snapshot]
            if event.type == "error":
                # An event for this SDK, not an exception.
                answer["error"] = event.message
                return
        final = stream.get_final_response()
    items = {kind: [item for item in final.output if item.type == kind] for kind in ("reasoning", "function_call")}
    answer["texts"] = [final.output_text]
    answer["reasoning"] = "".join(item.summary[0].text for item in items["reasoning"])
    answer["tools"] = [[call.name, call.arguments] for call in items["function_call"]]
    answer["finish"] = final.status
    answer["usage"] = final.usage and [final.usage.input_tokens, final.usage.output_tokens]


def anthropic_messages(url, answer):
    client = anthropic.Anthropic(base_url=url, api_key="a-secret", max_retries=0, http_client=http_client(url))
    with client.messages.stream(model="a-model", max_tokens=100, messages=MESSAGES) as stream:
        for event in stream:
            if event.type == "text":
                answer["texts"] = [event.snapshot]
        final = stream.get_final_message()
    blocks = {kind: [block for block in final.content if block.type == kind] for kind in ("text", "thinking", "tool_use")}
    answer["texts"] = ["".join(block.text for block in blocks["text"])]
    answer["reasoning"] = "".join(block.thinking for block in blocks["thinking"])
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    answer["tools"] = [[call.name, json.dumps(call.input, **compact)] for call in blocks["tool_use"]]
    answer["finish"] = final.stop_reason
    answer["usage"] = [final.usage.input_tokens, final.usage.output_tokens]


SDKS = {
    "openai": openai_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic_messages,
}

api, url = sys.argv[1:]
answer = {}
try:
    SDKS[api](url, answer)
except Exception as error:
    # What was assembled until then, and the error.
    answer["error"] = f"{error} {error.__cause__ or ''}"
print(json.dumps(answer))
