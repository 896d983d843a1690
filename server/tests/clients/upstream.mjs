// The server that the clients talk to. It prints the port that it listens on.
//
// The streams of the providers have the shapes of their public references, with fixed names and times, so that
// a client receives the same each time:
// OpenAI: https://platform.openai.com/docs/api-reference/chat-streaming and …/responses-streaming
// Anthropic: https://docs.anthropic.com/en/docs/build-with-claude/streaming

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip, constants } from "node:zlib";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { WebSocketServer } from "ws";
import { z } from "zod";

const WORDS = ["A", " tap", " shows", " what", " a", " client", " receives", ": ", "día", " 🦀", "."];
/** Long enough that each event is a write of its own. */
const PAUSE_MS = 3;

const routes = {
  "POST /v1/chat/completions": (request, response) => play(response, chatCompletion()),
  "POST /v1/responses": (request, response) => play(response, openaiResponse()),
  "POST /v1/messages": (request, response) => play(response, anthropicMessage()),
  "GET /events": (request, response) => play(response, numbered(1, 20)),
  "POST /events": async (request, response) => {
    const body = await text(request);
    play(response, [`event: echo\ndata: ${body}\n\n`, ...numbered(1, 3)]);
  },
  // Ends after five events: a client that reconnects with the last event ID gets the next five, until 15.
  "GET /resume": (request, response) => {
    const last = Number(request.headers["last-event-id"] ?? 0);
    if (last >= 15) return response.writeHead(204).end();
    play(response, ["retry: 20\n\n", ...numbered(last + 1, last + 5)]);
  },
  "GET /gzip": (request, response) => {
    const gzip = createGzip();
    head(response, { "Content-Encoding": "gzip" });
    gzip.pipe(response);
    (async () => {
      for (const event of numbered(1, 20)) {
        gzip.write(event);
        await new Promise((done) => gzip.flush(constants.Z_SYNC_FLUSH, done));
        await sleep(PAUSE_MS);
      }
      gzip.end();
    })();
  },
  // The request as it arrived.
  "POST /request": async (request, response) => {
    const body = await text(request);
    const { method, url, httpVersion, rawHeaders, rawTrailers } = request;
    response.end(JSON.stringify({ method, url, httpVersion, rawHeaders, body, rawTrailers }));
  },
  "GET /early-hints": (request, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    head(response, { Trailer: "X-Checksum" });
    response.write("data: after a hint\n\n");
    response.addTrailers({ "X-Checksum": "2a" });
    response.end();
  },
  "POST /mcp": mcp,
  "GET /mcp": mcp,
  "DELETE /mcp": mcp,
};

const server = createServer(async (request, response) => {
  // The same bytes each time.
  response.sendDate = false;
  const { pathname } = new URL(request.url, "http://localhost");
  const route = routes[`${request.method} ${pathname}`];
  if (route) return route(request, response);
  response.writeHead(404).end();
});

new WebSocketServer({ server, path: "/socket" }).on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});

function head(response, headers = {}) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache", ...headers });
}

/** Sends each event as a write of its own. */
async function play(response, events) {
  head(response);
  for (const event of events) {
    response.write(event);
    await sleep(PAUSE_MS);
  }
  response.end();
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function numbered(first, last) {
  return Array.from({ length: last - first + 1 }, (_, n) => `id: ${first + n}\ndata: event ${first + n}\n\n`);
}

function chatCompletion() {
  const chunk = (choices, more) =>
    `data: ${JSON.stringify({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1700000000,
      model: "a-model",
      system_fingerprint: "fp_1",
      choices,
      ...more,
    })}\n\n`;
  const choice = (delta, finish_reason = null) => [{ index: 0, delta, logprobs: null, finish_reason }];
  const call = (more) => choice({ tool_calls: [{ index: 0, ...more }] });
  return [
    chunk(choice({ role: "assistant", content: "", refusal: null })),
    ...WORDS.map((content) => chunk(choice({ content }))),
    chunk(call({ id: "call_1", type: "function", function: { name: "look", arguments: "" } })),
    ...['{"at"', ':"the', ' tap"}'].map((part) => chunk(call({ function: { arguments: part } }))),
    chunk(choice({}, "tool_calls")),
    chunk([], { usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 } }),
    "data: [DONE]\n\n",
  ];
}

function openaiResponse() {
  let sequence_number = 0;
  const event = (type, more) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...more })}\n\n`;
  const response = (status, output, usage = null) => ({
    response: {
      id: "resp_1",
      object: "response",
      created_at: 1700000000,
      status,
      error: null,
      incomplete_details: null,
      instructions: null,
      metadata: {},
      model: "a-model",
      output,
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: "auto",
      tools: [],
      top_p: 1,
      usage,
    },
  });
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const part = (text) => ({ type: "output_text", text, annotations: [] });
  const item = (status, content) => ({ id: "msg_1", type: "message", role: "assistant", status, content });
  const whole = WORDS.join("");
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 12,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 21,
  };
  return [
    event("response.created", response("in_progress", [])),
    event("response.in_progress", response("in_progress", [])),
    event("response.output_item.added", { output_index: 0, item: item("in_progress", []) }),
    event("response.content_part.added", { ...at, part: part("") }),
    ...WORDS.map((delta) => event("response.output_text.delta", { ...at, delta, logprobs: [] })),
    event("response.output_text.done", { ...at, text: whole, logprobs: [] }),
    event("response.content_part.done", { ...at, part: part(whole) }),
    event("response.output_item.done", { output_index: 0, item: item("completed", [part(whole)]) }),
    event("response.completed", response("completed", [item("completed", [part(whole)])], usage)),
  ];
}

function anthropicMessage() {
  const event = (type, more) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const delta = (index, delta) => event("content_block_delta", { index, delta });
  return [
    event("message_start", {
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "a-model",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 9, output_tokens: 1 },
      },
    }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    event("ping"),
    ...WORDS.map((text) => delta(0, { type: "text_delta", text })),
    event("content_block_stop", { index: 0 }),
    event("content_block_start", {
      index: 1,
      content_block: { type: "tool_use", id: "toolu_1", name: "look", input: {} },
    }),
    ...['{"at"', ':"the', ' tap"}'].map((partial_json) => delta(1, { type: "input_json_delta", partial_json })),
    event("content_block_stop", { index: 1 }),
    event("message_delta", {
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: { output_tokens: 12 },
    }),
    event("message_stop"),
  ];
}

// --- Model Context Protocol: a tool that reports its progress ------------------------------------

const sessions = new Map();

async function mcp(request, response) {
  const id = request.headers["mcp-session-id"];
  let transport = sessions.get(id);
  if (!transport) {
    // The same name for each session: a client has ended its own before the next begins one.
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => "session-1",
      onsessioninitialized: (name) => sessions.set(name, transport),
      onsessionclosed: (name) => sessions.delete(name),
    });
    const server = new McpServer({ name: "upstream", version: "1.0.0" });
    server.registerTool(
      "count",
      { description: "Counts, and reports each number.", inputSchema: { to: z.number() } },
      async ({ to }, { sendNotification, _meta }) => {
        for (let progress = 1; progress <= to; progress++) {
          await sendNotification({
            method: "notifications/progress",
            params: { progressToken: _meta.progressToken, progress, total: to },
          });
        }
        return { content: [{ type: "text", text: `counted to ${to}` }] };
      },
    );
    await server.connect(transport);
  }
  await transport.handleRequest(request, response);
}

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
// The test that started this process closes its input, also when it fails.
process.stdin.resume().on("end", () => process.exit());
