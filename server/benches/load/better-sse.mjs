// npm's better-sse: each client has a session and an interval.
import { createServer } from "node:http";
import { createSession } from "better-sse";

createServer(async (request, response) => {
  // Dates as text rather than JSON, so that the bytes equal those of the other servers.
  const session = await createSession(request, response, { serializer: String });
  session.push(new Date());
  const interval = setInterval(() => session.push(new Date()), 1000);
  session.on("disconnected", () => clearInterval(interval));
}).listen(0, "127.0.0.1", function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
