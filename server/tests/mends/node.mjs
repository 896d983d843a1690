// Faults and their mends in Express and Vite: /MISTAKE/fault and /MISTAKE/mend. Prints the ports of both.

import zlib from "node:zlib";
import compression from "compression";
import cors from "cors";
import express from "express";
import { createServer } from "vite";

const app = express();
const STREAM = { "Content-Type": "text/event-stream" };
const text = "a\nb";
const object = { a: 1 };

/** Two routes: each writes by its function, three times, 100 ms apart, and stays open. */
const route = (mistake, fault, mend) => {
  for (const [path, write] of Object.entries({ fault, mend }))
    app.get(`/${mistake}/${path}`, (req, res) => {
      res.writeHead(200, STREAM);
      write(res);
      const timer = setInterval(() => write(res), 100);
      res.on("close", () => clearInterval(timer));
    });
};

route("no-blank-line", (res) => res.write("data: text\n"), (res) => res.write(`data: ${"text"}\n\n`));
route("ndjson", (res) => res.write(JSON.stringify(object) + "\n"), (res) => res.write(`data: ${JSON.stringify(object)}\n\n`));
route("bare-json", (res) => res.write(JSON.stringify(object) + "\n\n"), (res) => res.write(`data: ${JSON.stringify(object)}\n\n`));
route(
  "unprefixed-lines",
  (res) => res.write(`data: ${text}\n\n`),
  (res) => res.write(text.split(/\r\n|\r|\n/).map(line => `data: ${line}\n`).join('') + '\n'),
);

app.get("/wrong-type/fault", (req, res) => res.type("text").send("data: a\n\n"));
app.get("/wrong-type/mend", (req, res) => {
  res.set('Content-Type', 'text/event-stream');
  res.write("data: a\n\n");
});
app.get("/missing-type/fault", (req, res) => res.write("data: a\n\n"));
app.get("/missing-type/mend", (req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write("data: a\n\n");
});

app.get("/no-answer-in-time/fault", (req, res) => res.set(STREAM));
app.get("/no-answer-in-time/mend", (req, res) => {
  res.set(STREAM);
  res.flushHeaders();
});

for (const path of ["fault", "mend"])
  app.get(`/ids-restarted/${path}`, (req, res) => {
    const last = path === "fault" ? -1 : Number(req.get('Last-Event-ID') ?? -1);
    res.writeHead(200, STREAM);
    for (let n = last + 1; n < last + 4; n += 1) res.write(`id: ${n}\ndata: a\n\n`);
  });

app.get("/silent/fault", (req, res) => res.writeHead(200, STREAM).flushHeaders());
app.get("/silent/mend", (req, res) => {
  res.writeHead(200, STREAM).flushHeaders();
  // Every 15 s in the documentation.
  const timer = setInterval(() => res.write(':\n\n'), 150);
  res.on("close", () => clearInterval(timer));
});

// Each mend is for its own path here, where an application has it before all routes.
app.use("/cors-missing/mend", cors());
app.use("/cors-star/fault", cors());
app.use("/cors-star/mend", cors({ origin: 'https://app.example', credentials: true }));
app.get(["/cors-missing/:path", "/cors-star/:path"], (req, res) => res.set(STREAM).flushHeaders());
app.get("/cors-on-error/fault", (req, res) => res.status(500).end());
app.use("/cors-on-error/mend", cors());
app.get("/cors-on-error/mend", (req, res) => res.status(500).end());

// Compression holds events back until it is told to flush.
for (const path of ["fault", "mend"])
  app.get(`/buffered/${path}`, compression(), (req, res) => {
    res.writeHead(200, STREAM);
    const write = () => {
      res.write("data: a\n\n");
      if (path === "mend") res.flush();
    };
    write();
    const timer = setInterval(write, 100);
    res.on("close", () => clearInterval(timer));
  });

// The same by Node alone.
for (const [path, options] of Object.entries({ fault: {}, mend: { flush: zlib.constants.Z_SYNC_FLUSH } }))
  app.get(`/not-flushed/${path}`, (req, res) => {
    res.writeHead(200, { ...STREAM, "Content-Encoding": "gzip" });
    const gzip = zlib.createGzip(options);
    gzip.pipe(res);
    const timer = setInterval(() => gzip.write("data: a\n\n"), 100);
    res.on("close", () => clearInterval(timer));
  });

// For proxies that add a header of their own.
app.get("/allowed", cors(), (req, res) => res.set(STREAM).flushHeaders());
app.get("/failed", (req, res) => res.status(500).end());

// For proxies, which know servers by their paths: an event each 100 ms. Without x-accel-buffering, unless the query asks for it.
app.get("/events{/:name}", (req, res) => {
  if (req.query.accel) res.set("x-accel-buffering", "no");
  res.set(STREAM);
  res.write("data: a\n\n");
  if (req.query.once) return;
  const timer = setInterval(() => res.write("data: a\n\n"), 100);
  res.on("close", () => clearInterval(timer));
});

// The mend is a filter by path: the same handler, which compresses at one path only.
app.use(compression({ filter: (req, res) => req.path !== '/gzip-unmarked/mend' && compression.filter(req, res) }));
app.get("/gzip-unmarked/:path", (req, res) => {
  res.writeHead(200, STREAM);
  res.write("data: a\n\n".repeat(200));
  res.flush?.();
});

const server = app.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  const vite = async (proxy) => {
    const server = await createServer({
      configFile: false,
      root: process.argv[2],
      logLevel: "silent",
      server: { host: "127.0.0.1", port: 0, strictPort: false, proxy, ws: false, watch: null },
    });
    await server.listen();
    return server.httpServer.address().port;
  };
  const without = await vite(undefined);
  const withProxy = await vite({ '/events': `http://127.0.0.1:${port}` });
  console.log(port, without, withProxy);
});
// It ends with the process that started it.
process.stdin.on("end", () => process.exit()).resume();
