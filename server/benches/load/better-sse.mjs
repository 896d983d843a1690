// npm's better-sse, a session for each client with an interval of its own.
import { createServer } from "node:http";
import { createSession } from "better-sse";

createServer(async (request, response) => {
  // Dates are no JSON here, so that the bytes are those of the others.
  const session = await createSession(request, response, { serializer: String });
  session.push(new Date());
  const interval = setInterval(() => session.push(new Date()), 1000);
  session.on("disconnected", () => clearInterval(interval));
}).listen(0, "127.0.0.1", function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
