//! Embeds the built page (`dist/`, made by trunk) in the binary: each file as it is, and compressed
//! with brotli and gzip, so that serving it takes no time. A release has the highest levels.
//!
//! Without a built page the server builds as well, for `cargo test` and for work on the stream
//! alone: `GET /` then explains how to build the page.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

fn main() {
    let dist = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../dist");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut files: Vec<PathBuf> = match fs::read_dir(&dist) {
        Ok(entries) => entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .collect(),
        Err(_) => Vec::new(),
    };
    files.sort();

    let mut index = "None".to_owned();
    let mut assets = String::new();
    for file in &files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("trunk names files in ASCII");
        let raw = file.canonicalize().expect("the file was listed");
        if name == "index.html" {
            index = format!("Some(include_str!({raw:?}))");
            continue;
        }
        let bytes = fs::read(file).expect("the file was listed");
        let brotli = out.join(format!("{name}.br"));
        let gzip = out.join(format!("{name}.gz"));
        fs::write(&brotli, compress_brotli(&bytes)).expect("OUT_DIR is writable");
        fs::write(&gzip, compress_gzip(&bytes)).expect("OUT_DIR is writable");
        assets += &format!(
            "    Asset {{ path: \"/{name}\", content_type: {:?}, identity: include_bytes!({raw:?}), \
             brotli: include_bytes!({brotli:?}), gzip: include_bytes!({gzip:?}) }},\n",
            content_type(name),
        );
    }
    if index == "None" {
        assets.clear();
        // Tests and work on the stream alone are debug builds, which need no page.
        if is_release() {
            println!(
                "cargo::warning=the page is not built: this server will have the event stream only. \
                 To have both, run `make dist/index.html` in the source first, and then this command again"
            );
        }
    }
    let code = format!(
        "static INDEX: Option<&str> = {index};\nstatic ASSETS: &[Asset] = &[\n{assets}];\n"
    );
    fs::write(out.join("assets.rs"), code).expect("OUT_DIR is writable");
}

fn content_type(name: &str) -> &'static str {
    // Without the exact type a browser runs no module, and compiles no WebAssembly while it loads.
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => panic!("dist/{name}: add the content type of this kind of file to server/build.rs"),
    }
}

/// Whether this is a release: the highest levels take a minute for the page of a debug build.
fn is_release() -> bool {
    env::var_os("PROFILE").is_some_and(|profile| profile == "release")
}

fn compress_brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: if is_release() { 11 } else { 1 },
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params).expect("writing to memory");
    compressed
}

fn compress_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::new(),
        if is_release() {
            flate2::Compression::best()
        } else {
            flate2::Compression::fast()
        },
    );
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}
