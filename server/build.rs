//! Embeds the built page (`dist/`, made by trunk) in the binary, and `docs/faults.md` as a page: each file as it
//! is, and compressed with brotli and gzip, so that serving it takes no time. A release has the highest levels.
//!
//! Without a built page the server builds as well, for `cargo test` and for work on the stream
//! alone: `GET /` then explains how to build the page.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

fn main() {
    let root = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("..");
    let dist = root.join("dist");
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
        assets += &embed(&out, &raw, &format!("/{name}"), content_type(name));
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
    faults(&root, &out);
}

/// Embeds `docs/faults.md` as a page, and its sheet.
fn faults(root: &Path, out: &Path) {
    let read = |path: &str| {
        let path = root.join(path);
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let page = faults_page(&read("docs/faults.md"));
    let sheet = read("style/tokens.css") + &read("style/faults.css");
    let mut code = "static FAULTS: [Asset; 2] = [\n".to_owned();
    for (path, text) in [("/faults", page), ("/faults.css", sheet)] {
        let (file, content_type) = match path {
            "/faults" => (out.join("faults.html"), "text/html; charset=utf-8"),
            _ => (out.join("faults.css"), "text/css; charset=utf-8"),
        };
        fs::write(&file, text).expect("OUT_DIR is writable");
        code += &embed(out, &file, path, content_type);
    }
    fs::write(out.join("faults.rs"), code + "];\n").expect("OUT_DIR is writable");
}

/// The document as a page: with a list of its sections, links that play faults on the server that serves it, and
/// no pictures, because the server does not have them.
fn faults_page(document: &str) -> String {
    let document = document.replace("](http://127.0.0.1:8844/", "](/");
    let mut contents = String::new();
    let mut anchor = String::new();
    // The heading that is read, of a section with an anchor.
    let mut heading = None;
    let mut is_picture = false;
    let events = Parser::new(&document).filter(|event| {
        match event {
            Event::Start(Tag::Image { .. }) => is_picture = true,
            Event::End(TagEnd::Image) => {
                is_picture = false;
                return false;
            }
            Event::Html(tag) | Event::InlineHtml(tag) if tag.starts_with("<a id=") => {
                anchor = tag.split('"').nth(1).unwrap_or_default().to_owned();
            }
            Event::Start(Tag::Heading { .. }) if !anchor.is_empty() => heading = Some(Vec::new()),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(texts) = heading.take() {
                    let mut title = String::new();
                    html::push_html(&mut title, texts.into_iter());
                    contents += &format!("<li><a href=\"#{anchor}\">{title}</a></li>\n");
                    anchor.clear();
                }
            }
            Event::Text(_) => heading
                .iter_mut()
                .for_each(|texts| texts.push(event.clone())),
            _ => {}
        }
        !is_picture
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Faults of event streams - SSE Scope</title>\n\
         <link rel=\"icon\" href=\"/favicon.ico\">\n<link rel=\"stylesheet\" href=\"/faults.css\">\n\
         <main>\n{body}</main>\n\
         <nav aria-label=\"Contents\"><a href=\"/\">SSE Scope</a>\n<ul>\n{contents}</ul></nav>\n</html>\n"
    )
}

/// The code of an `Asset` with the content of `file`, which is also compressed.
fn embed(out: &Path, file: &Path, path: &str, content_type: &str) -> String {
    let bytes = fs::read(file).expect("the file is there");
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.expect("names of files are in ASCII");
    let brotli = out.join(format!("{name}.br"));
    let gzip = out.join(format!("{name}.gz"));
    fs::write(&brotli, compress_brotli(&bytes)).expect("OUT_DIR is writable");
    fs::write(&gzip, compress_gzip(&bytes)).expect("OUT_DIR is writable");
    format!(
        "    Asset {{ path: {path:?}, content_type: {content_type:?}, identity: include_bytes!({file:?}), \
         brotli: include_bytes!({brotli:?}), gzip: include_bytes!({gzip:?}) }},\n"
    )
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
