// The SDKs of the APIs whose answers the generator plays: `node answers.mjs API URL` prints as JSON what the
// SDK makes of the stream at the URL.

const [api, url] = process.argv.slice(2);

// The SDKs append paths to a base URL; the generator has one path.
const options = { apiKey: "a-secret", baseURL: url, maxRetries: 0, fetch: (_, init) => fetch(url, init) };
const messages = [{ role: "user", content: "How does a page learn of events?" }];

// Each loads its own package: all of them take a second.
const sdks = {
  async openai(answer) {
    const { OpenAI } = await import("openai");
    const stream = new OpenAI(options).chat.completions.stream({ model: "a-model", messages });
    answer.reasoning = "";
    stream.on("chunk", (chunk) => {
      const first = chunk.choices.find((choice) => choice.index === 0);
      // Not a member of OpenAI's own API, so that the SDK does not join it.
      answer.reasoning += first?.delta.reasoning_content ?? "";
    });
    stream.on("content", (_, text) => {
      answer.texts = [text];
    });
    const { choices, usage } = await stream.finalChatCompletion();
    answer.texts = choices.map((choice) => choice.message.content);
    answer.tools = (choices[0].message.tool_calls ?? []).map((call) => [call.function.name, call.function.arguments]);
    answer.finish = choices[0].finish_reason;
    answer.usage = usage && [usage.prompt_tokens, usage.completion_tokens];
  },

  async "openai-responses"(answer) {
    const { OpenAI } = await import("openai");
    const stream = new OpenAI(options).responses.stream({ model: "a-model", input: messages[0].content });
    stream.on("response.output_text.delta", ({ snapshot }) => {
      answer.texts = [snapshot];
    });
    const { output, output_text, status, usage } = await stream.finalResponse();
    const items = (type) => output.filter((item) => item.type === type);
    answer.texts = [output_text];
    answer.reasoning = items("reasoning")
      .map((item) => item.summary[0].text)
      .join("");
    answer.tools = items("function_call").map((call) => [call.name, call.arguments]);
    answer.finish = status;
    answer.usage = usage && [usage.input_tokens, usage.output_tokens];
  },

  async anthropic(answer) {
    const { Anthropic } = await import("@anthropic-ai/sdk");
    const stream = new Anthropic(options).messages.stream({ model: "a-model", max_tokens: 100, messages });
    stream.on("text", (_, snapshot) => {
      answer.texts = [snapshot];
    });
    const { content, stop_reason, usage } = await stream.finalMessage();
    const blocks = (type) => content.filter((block) => block.type === type);
    answer.texts = [
      blocks("text")
        .map((block) => block.text)
        .join(""),
    ];
    answer.reasoning = blocks("thinking")
      .map((block) => block.thinking)
      .join("");
    answer.tools = blocks("tool_use").map((call) => [call.name, JSON.stringify(call.input)]);
    answer.finish = stop_reason;
    answer.usage = [usage.input_tokens, usage.output_tokens];
  },

  async gemini(answer) {
    const { GoogleGenAI } = await import("@google/genai");
    const httpOptions = { baseUrl: url, fetch: options.fetch };
    const client = new GoogleGenAI({ apiKey: "a-secret", httpOptions });
    const chunks = await client.models.generateContentStream({ model: "a-model", contents: messages[0].content });
    Object.assign(answer, { texts: [], reasoning: "", tools: [] });
    for await (const { candidates, usageMetadata: usage } of chunks) {
      for (const { content, finishReason, index } of candidates) {
        const parts = content.parts;
        const text = parts.map((part) => (part.thought ? "" : (part.text ?? ""))).join("");
        answer.texts[index] = (answer.texts[index] ?? "") + text;
        answer.finish = finishReason ?? null;
        if (index > 0) continue;
        answer.reasoning += parts.map((part) => (part.thought ? part.text : "")).join("");
        for (const { functionCall: call } of parts) {
          if (call) answer.tools.push([call.name, JSON.stringify(call.args)]);
        }
      }
      answer.usage = usage && [usage.promptTokenCount, usage.totalTokenCount - usage.promptTokenCount];
    }
  },

  async "ai-sdk"(answer) {
    const { DefaultChatTransport, readUIMessageStream } = await import("ai");
    const transport = new DefaultChatTransport({ api: url });
    const chunks = await transport.sendMessages({
      trigger: "submit-message",
      chatId: "a-chat",
      messages: [{ id: "1", role: "user", parts: [{ type: "text", text: messages[0].content }] }],
    });
    const finish = new TransformStream({
      transform(chunk, controller) {
        if (chunk.type === "finish") answer.finish = chunk.finishReason;
        controller.enqueue(chunk);
      },
    });
    const stream = chunks.pipeThrough(finish);
    for await (const { parts, metadata } of readUIMessageStream({ stream, terminateOnError: true })) {
      const joined = (type) =>
        parts
          .filter((part) => part.type === type)
          .map((part) => part.text)
          .join("");
      answer.texts = [joined("text")];
      answer.reasoning = joined("reasoning");
      answer.tools = parts
        .filter((part) => part.state === "input-available")
        .map((part) => [part.type.replace("tool-", ""), JSON.stringify(part.input)]);
      const usage = metadata?.totalUsage;
      answer.usage = usage && [usage.inputTokens, usage.outputTokens];
    }
  },

  async "ag-ui"(answer) {
    const { HttpAgent } = await import("@ag-ui/client");
    // When a connection breaks, the SDK rejects a promise that it hands to nobody, besides the one of the run.
    process.on("unhandledRejection", () => {});
    const agent = new HttpAgent({ url, initialMessages: [{ id: "1", ...messages[0] }] });
    let failed;
    const { newMessages } = await agent.runAgent(
      {},
      {
        onTextMessageContentEvent({ event, textMessageBuffer }) {
          answer.texts = [textMessageBuffer + event.delta];
        },
        onRunFinishedEvent({ event }) {
          const usage = event.usage?.[0];
          answer.usage = usage && [usage.inputTokens, usage.outputTokens];
          answer.finish = event.type;
        },
        onRunErrorEvent({ event }) {
          failed = new Error(event.message);
        },
      },
    );
    if (failed) throw failed;
    const joined = (role) =>
      newMessages
        .filter((message) => message.role === role)
        .map((message) => message.content ?? "")
        .join("");
    answer.texts = [joined("assistant")];
    answer.reasoning = joined("reasoning");
    answer.tools = newMessages
      .flatMap((message) => message.toolCalls ?? [])
      .map((call) => [call.function.name, call.function.arguments]);
  },
};

const answer = {};
try {
  await sdks[api](answer);
} catch (error) {
  // What was assembled until then, and the error.
  answer.error = error.message;
}
console.log(JSON.stringify(answer));
