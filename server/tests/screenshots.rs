//! Takes the pictures in `docs/`: `make screenshots`. Not a test: it is a test target because cargo
//! gives those the path of the built binary.

mod browser;

use std::path::Path;

use browser::{Browser, Server};

#[tokio::main]
async fn main() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    std::fs::create_dir_all(&docs).expect("the checkout is writable");
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (width, height) in [(360, 640), (390, 844), (1280, 640), (2560, 1280)] {
        for theme in ["light", "dark"] {
            browser.resize(width, height).await;
            browser.goto(&server.origin).await;
            browser
                .value(&format!(
                    "localStorage.setItem('sse-scope-theme', '{theme}')"
                ))
                .await;
            browser.client.refresh().await.expect("the page reloads");
            browser.until("page.rows().length > 5").await;
            if width > 390 {
                browser.value("page.events()[1].click()").await;
                browser.until("page.detail()").await;
            }
            let picture = browser.client.screenshot().await.expect("a picture");
            let file = docs.join(format!("scope-{width}-{theme}.png"));
            std::fs::write(&file, picture).expect("the checkout is writable");
            println!("{}", file.file_name().unwrap_or_default().display());
        }
    }
}
