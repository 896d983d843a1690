// Renames what a WebAssembly module imports.
//
// The module is a magic number and a version, then sections: an ID, a size, and the contents. Numbers are in
// LEB128 (https://webassembly.github.io/spec/core/binary/modules.html).

const IMPORTS = 2;

/** The module `wasm`, with the name `rename(module, name)` for each function that it imports from `module`. */
export function renameImports(wasm, rename) {
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
  /** What kind of item is imported, and its type: skipped, and copied as it is. */
  function description() {
    const start = at;
    const kind = wasm[at++];
    if (kind === 0) number();
    else throw new Error(`imports.mjs: an import of kind ${kind}; wasm-bindgen imports functions only`);
    return wasm.subarray(start, at);
  }

  const sections = [wasm.subarray(0, at)];
  while (at < wasm.length) {
    const start = at;
    const id = wasm[at++];
    const size = number();
    const end = at + size;
    if (id === IMPORTS) {
      const count = number();
      const imports = [leb128(count)];
      for (let i = 0; i < count; i++) {
        const [module, item] = [name(), name()];
        imports.push(named(module), named(rename(module, item)), description());
      }
      const contents = Buffer.concat(imports);
      sections.push(Buffer.from([id]), leb128(contents.length), contents);
    } else {
      sections.push(wasm.subarray(start, end));
    }
    at = end;
  }
  return Buffer.concat(sections);
}

function leb128(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

function named(text) {
  return Buffer.concat([leb128(Buffer.byteLength(text)), Buffer.from(text)]);
}
