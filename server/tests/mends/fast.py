"""Faults and their mends in FastAPI and Starlette: /MISTAKE/fault and /MISTAKE/mend."""

import asyncio
import json
import re
import sys
import textwrap

from fastapi import FastAPI, Header
from fastapi.middleware.cors import CORSMiddleware
from starlette.responses import StreamingResponse

app = FastAPI()
text = "a\nb\n"
data = {"a": 1}


def stream(frame):
    """An event stream that repeats a frame, 100 ms apart."""

    async def events():
        while True:
            yield frame
            await asyncio.sleep(0.1)

    return StreamingResponse(events(), media_type="text/event-stream")


frame = "data: a\n\n"
FRAMES = {
    "literal-escapes": (str(frame.encode()), frame),
    "no-blank-line": ("data: text\n", f"data: {'text'}\n\n"),
    "ndjson": (json.dumps(data) + "\n", f"data: {json.dumps(data)}\n\n"),
    "bare-json": (json.dumps(data) + "\n\n", f"data: {json.dumps(data)}\n\n"),
    "unprefixed-lines": (
        f"data: {text}\n",
        ''.join(f'data: {line}\n' for line in re.split('\r\n|\r|\n', text)) + '\n',
    ),
    "indented": (
        """
        data: a

        """,
        textwrap.dedent("""
        data: a

        """),
    ),
    "not-utf-8": ("data: é\n\n".encode("latin-1"), "data: é\n\n".encode("utf-8")),
    "bom-inside": (
        "data: a\n\n".encode("utf-8-sig"),
        "data: a\n\n".encode(encoding="utf-8"),
    ),
}


@app.get("/wrong-type/fault")
async def without_type():
    return StreamingResponse(iter(["data: a\n\n"]))


@app.get("/wrong-type/mend")
async def with_type():
    def events():
        yield "data: a\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def after(last):
    return stream("".join(f"id: {n}\ndata: a\n\n" for n in range(last + 1, last + 4)))


@app.get("/ids-restarted/fault")
async def from_the_beginning():
    return after(-1)


@app.get("/ids-restarted/mend")
async def resumed(last_event_id: str | None = Header(None)):
    return after(int(last_event_id or -1))


# Applications of their own, by path.
APPS = {}


async def chosen(scope, receive, send):
    await APPS.get(scope.get("path"), app)(scope, receive, send)


def allowed(path, **rules):
    """An application of its own at a path, with rules for other origins."""
    inner = FastAPI()
    if rules:
        inner.add_middleware(CORSMiddleware, **rules)

    @inner.get(path)
    async def events():
        return stream("data: a\n\n")

    APPS[path] = inner


allowed("/cors-missing/fault")
allowed("/cors-missing/mend", allow_origins=["https://app.example"])
allowed("/cors-star/fault", allow_origins=["*"])
allowed("/cors-star/mend", allow_origins=["https://app.example"], allow_credentials=True)


@app.get("/{mistake}/{path}")
async def frame(mistake: str, path: str):
    return stream(FRAMES[mistake][path == "mend"])


if __name__ == "__main__":
    import socket

    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(chosen, log_level="error")
    sys.exit(uvicorn.Server(config).run(sockets=[listener]))
