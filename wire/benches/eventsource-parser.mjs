// Times npm's eventsource-parser on a file: node eventsource-parser.mjs FILE CHUNK
// Prints the median MB/s of parsing only: the chunks are decoded before the clock starts.
import { readFileSync } from "node:fs";
import { createParser } from "eventsource-parser";

const text = readFileSync(process.argv[2], "utf8");
const size = Number(process.argv[3]);
const chunks = [];
for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));

const seconds = [];
for (let run = 0; run < 5; run++) {
  let length = 0;
  const start = process.hrtime.bigint();
  const parser = createParser({ onEvent: (event) => (length += event.data.length) });
  for (const chunk of chunks) parser.feed(chunk);
  seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
}
seconds.sort((a, b) => a - b);
console.log(text.length / seconds[2] / 1e6);
