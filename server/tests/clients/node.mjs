// Clients from npm: `node node.mjs NAME BASE_URL` prints as JSON all that the client received.

import Anthropic from "@anthropic-ai/sdk";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { EventSource } from "eventsource";
import OpenAI from "openai";
import { WebSocket } from "ws";

const messages = [{ role: "user", content: "What does a tap show?" }];

async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

const clients = {
  async "openai-chat"(base) {
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "sk-a-secret" });
    return all(
      await client.chat.completions.create({
        model: "a-model",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
  },

  async "openai-responses"(base) {
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "sk-a-secret" });
    return all(await client.responses.create({ model: "a-model", input: messages[0].content, stream: true }));
  },

  async anthropic(base) {
    const client = new Anthropic({ baseURL: base, apiKey: "a-secret" });
    const stream = client.messages.stream({ model: "a-model", max_tokens: 100, messages });
    const events = [];
    stream.on("streamEvent", (event) => events.push(event));
    return { final: await stream.finalMessage(), events: events.length };
  },

  // Reconnects twice, with the last event ID, until the server answers 204.
  eventsource(base) {
    return new Promise((done) => {
      const received = [];
      // Its timer does not keep the program running.
      const running = setInterval(() => {}, 1_000);
      const source = new EventSource(`${base}/resume`);
      source.onmessage = ({ data, lastEventId }) => received.push([data, lastEventId]);
      source.onerror = ({ code }) => {
        if (code !== 204) return;
        clearInterval(running);
        done(received);
      };
    });
  },

  async "fetch-event-source"(base) {
    // Made for browsers.
    globalThis.window = globalThis;
    globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
    const received = [];
    await fetchEventSource(`${base}/events`, {
      method: "POST",
      body: "asked by POST",
      onmessage: (message) => received.push(message),
    });
    return received;
  },

  async mcp(base) {
    const transport = new StreamableHTTPClientTransport(new URL(`${base}/mcp`));
    const client = new Client({ name: "client", version: "1.0.0" });
    await client.connect(transport);
    const tools = await client.listTools();
    const progress = [];
    const result = await client.callTool({ name: "count", arguments: { to: 5 } }, undefined, {
      onprogress: (report) => progress.push(report),
    });
    await transport.terminateSession();
    await client.close();
    return { tools, progress, result };
  },

  websocket(base) {
    return new Promise((done, fail) => {
      const received = [];
      const socket = new WebSocket(`${base}/socket`);
      socket.on("open", () => {
        socket.send("text");
        socket.send(Buffer.from([0, 255, 10]));
        socket.send("x".repeat(100_000));
      });
      socket.on("message", (data) => {
        received.push(data.toString("base64"));
        if (received.length === 3) socket.close(1000, "enough");
      });
      socket.on("close", (code, reason) => done({ received, code, reason: reason.toString() }));
      socket.on("error", fail);
    });
  },
};

const [name, base] = process.argv.slice(2);
console.log(JSON.stringify(await clients[name](base)));
