// Runs after `trunk build --release` (see Trunk.toml). Shortens the names under which the WebAssembly imports
// functions, and minifies the JavaScript that has them. trunk's own minifier cannot parse that code, which
// wasm-bindgen writes.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = process.env.TRUNK_STAGING_DIR;
const files = readdirSync(dist);
const wasmName = files.find((name) => name.endsWith("_bg.wasm"));
const jsName = files.find((name) => name.endsWith(".js"));
const wasm = readFileSync(join(dist, wasmName));
let js = readFileSync(join(dist, jsName), "utf8");

// The module is a magic number and a version, then sections: an ID, a size, and the contents. Numbers are in
// LEB128 (https://webassembly.github.io/spec/core/binary/modules.html).
let at = 8;
function number() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = wasm[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
}
function name() {
  const length = number();
  return wasm.toString("utf8", at, (at += length));
}
function leb128(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
const named = (text) => Buffer.concat([leb128(Buffer.byteLength(text)), Buffer.from(text)]);

/** What kind of item is imported, and its type: skipped, and copied as it is. */
function description() {
  const start = at;
  const kind = wasm[at++];
  if (kind === 0) number();
  else throw new Error(`shrink.mjs: an import of kind ${kind}; wasm-bindgen imports functions only`);
  return wasm.subarray(start, at);
}

const short = new Map();
const sections = [wasm.subarray(0, at)];
while (at < wasm.length) {
  const start = at;
  const id = wasm[at++];
  const size = number();
  const end = at + size;
  if (id === 2) {
    const count = number();
    const imports = [leb128(count)];
    for (let i = 0; i < count; i++) {
      const [module, item] = [name(), name()];
      if (!short.has(item)) short.set(item, short.size.toString(36));
      imports.push(named(module), named(short.get(item)), description());
    }
    const contents = Buffer.concat(imports);
    sections.push(Buffer.from([id]), leb128(contents.length), contents);
  } else {
    sections.push(wasm.subarray(start, end));
  }
  at = end;
}

// The names of files contain hashes of their contents, because browsers keep the files for ever.
let html = readFileSync(join(dist, "index.html"), "utf8");
function replace(before, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  const after = before.replace(/[0-9a-f]{16}/, hash);
  rmSync(join(dist, before));
  writeFileSync(join(dist, after), contents);
  html = html.replaceAll(before, after);
  return after;
}
const newName = replace(wasmName, Buffer.concat(sections));

// Each import is a property of an object in the JavaScript.
js = js.replaceAll(wasmName, newName).replace(/^( +)(\w+):/gm, (property, indent, item) =>
  short.has(item) ? `${indent}"${short.get(item)}":` : property,
);
const options = ["--minify", "--format=esm", "--log-level=warning"];
js = execFileSync("esbuild", options, { input: js, encoding: "utf8" });
replace(jsName, js);
writeFileSync(join(dist, "index.html"), html);
