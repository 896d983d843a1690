// Runs after `trunk build --release` (see Trunk.toml), and replaces the program in its output: what the page
// needs first, and a WebAssembly module for each part that is loaded when it is first used (src/part.rs). trunk
// writes one module only. The steps are those of cargo-leptos: split, wasm-bindgen, wasm-opt.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { renameImports } from "./imports.mjs";

const NAME = "sse-scope";
const LOADER = "__wasm_split.js";

// -O2 and not -Oz: what it repeats is compressed well. The lowest kilobyte of memory is the end of the stack.
// Leptos links wasm-streams for server functions; what it exports is not called. Functions alike have names
// alike, and are better compressed side by side. docs/design.md has the figures.
const OPTIMIZE = [
  "-O2",
  "--low-memory-unused",
  "--one-caller-inline-max-function-size=20",
  "--optimize-added-constants-propagate",
  "--coalesce-locals-learning",
  "--reorder-locals",
  "--remove-exports=*ntounderlying*",
  "--remove-unused-module-elements",
  "--reorder-functions-by-name",
];

const dist = process.env.TRUNK_STAGING_DIR;
const replaced = readdirSync(dist).filter((name) => name.startsWith(NAME));
const metadata = run("cargo", ["metadata", "--format-version=1", "--no-deps"]);
const target = JSON.parse(metadata).target_directory;
const compiled = join(target, "wasm32-unknown-unknown", "page", `${NAME}.wasm`);
const work = join(target, "bundle");
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

/** The output of a command. Its warnings are shown only if it fails: wasm-opt has one for each name section. */
function run(command, options) {
  return execFileSync(command, options, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

run("wasm-split-cli", ["--out-name", NAME, compiled, work]);
const parts = readdirSync(work).filter((name) => name.endsWith(".wasm") && name !== `${NAME}.wasm`);
run("wasm-bindgen", [
  ...["--target=web", "--no-typescript", "--keep-lld-exports", `--out-dir=${work}`, `--out-name=${NAME}`],
  join(work, `${NAME}.wasm`),
]);

/** The WebAssembly of a file, optimised. */
function optimized(name) {
  const output = join(work, `optimized_${name}`);
  run("wasm-opt", [...OPTIMIZE, join(work, name), "-o", output]);
  return readFileSync(output);
}

// The names of files contain hashes of their contents, because browsers keep the files for ever.
function write(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  const hashed = name.replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(join(dist, hashed), contents);
  return hashed;
}

// wasm-bindgen names each import after a function and a hash. Each is a property of an object in the JavaScript.
const short = new Map();
function shorten(module, item) {
  if (module === `./${LOADER}`) return item;
  if (!short.has(item)) short.set(item, short.size.toString(36));
  return short.get(item);
}
const main = renameImports(optimized(`${NAME}_bg.wasm`), shorten);
const glue = join(work, `${NAME}.js`);
const renamed = readFileSync(glue, "utf8").replace(/^( +)(\w+):/gm, (property, indent, item) =>
  short.has(item) ? `${indent}"${short.get(item)}":` : property,
);
writeFileSync(glue, renamed);

// Both scripts become one. trunk's own minifier cannot parse what wasm-bindgen writes.
let js = run("esbuild", [glue, "--bundle", "--minify", "--format=esm"]);
for (const part of parts) {
  js = js.replaceAll(part, write(part, optimized(part)));
}
const mainName = write(`${NAME}_bg.wasm`, main);
js = js.replaceAll(`${NAME}_bg.wasm`, mainName);
const jsName = write(`${NAME}.js`, js);

// In place of trunk's.
let html = readFileSync(join(dist, "index.html"), "utf8");
for (const name of replaced) {
  html = html.replaceAll(name, name.endsWith(".js") ? jsName : mainName);
  rmSync(join(dist, name));
}
writeFileSync(join(dist, "index.html"), html);

/** The size of files as the server sends them. */
function size(names) {
  const sizes = names.map((name) => brotliCompressSync(readFileSync(join(dist, name))).length);
  return `${(sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1)} kB`;
}
const [later, first] = [true, false].map((is) => readdirSync(dist).filter((name) => /^(split|chunk)_/.test(name) === is));
console.log(`== The page: ${size(first)} at first, and when they are used: ${later.map((name) => `${name.split("-")[0]} ${size([name])}`).join(", ")}`);
