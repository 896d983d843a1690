// The server that the project started from, except that each client has its own interval, which ends
// with the client.
import { createServer } from "node:http";

const head = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  connection: "keep-alive",
  "access-control-allow-origin": "*",
};

createServer((request, response) => {
  response.writeHead(200, head);
  if (request.url === "/flood") return flood(response);
  response.write("retry: 10000\n");
  response.write("event: connecttime\n");
  response.write("data: " + new Date() + "\n\n");
  response.write("data: " + new Date() + "\n\n");
  const interval = setInterval(() => response.write("data: " + new Date() + "\n\n"), 1000);
  request.on("close", () => clearInterval(interval));
}).listen(0, "127.0.0.1", function () {
  console.log(`http://127.0.0.1:${this.address().port}`);
});

// As fast as the client reads: events with 90 bytes of data, like those of the product.
function flood(response) {
  let number = 0;
  const more = () => {
    while (response.write("data: " + `${number++} `.padEnd(90, "x") + "\n\n"));
  };
  response.on("drain", more);
  more();
}
