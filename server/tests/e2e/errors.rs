//! What other tests rely on: an error of the page is seen, in each browser.

use super::browser::{Browser, Engine};
use super::{open, serve};

/// The head of a page with a policy. In chunks, so that it does not name the length.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\
     content-security-policy: script-src 'nonce-known'; style-src 'self'\r\n\r\n";

/// `plant` throws an error that nothing catches, rejects a promise, and adds a script and a style that the
/// policy blocks. The same happens while the page is loaded.
const PAGE: &str = "<!DOCTYPE html><title>Errors</title>
    <script nonce=known>
        window.plant = when => {
            setTimeout(() => { throw Error('error ' + when) });
            Promise.reject(Error('rejection ' + when));
            for (const name of ['script', 'style'])
                document.head.append(Object.assign(document.createElement(name), { textContent: '1' }));
            setTimeout(() => setTimeout(() => document.title = when));
        };
        plant('early');
    </script>";

#[tokio::test]
async fn errors_rejections_and_violations_of_the_policy_are_recorded() {
    let page = |_| format!("{:x}\r\n{PAGE}\r\n0\r\n\r\n", PAGE.len());
    let origin = serve(HEAD, page, 1).await;
    let browser = Browser::start().await;
    browser.goto(&origin).await;
    browser.until("document.title === 'early'").await;
    // WebKit's driver has no way to listen before the page is loaded.
    if browser.engine() != Engine::WebKit {
        assert_planted(&browser, "early").await;
    }
    browser.value("void plant('late')").await;
    browser.until("document.title === 'late'").await;
    assert_planted(&browser, "late").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

async fn assert_planted(browser: &Browser, when: &str) {
    let errors = browser.console_errors().await;
    let [error, rejection] = ["error", "rejection"].map(|what| format!("{what} {when}"));
    for planted in [&*error, &rejection, "script-src", "style-src"] {
        let count = errors
            .iter()
            .filter(|error| error.contains(planted))
            .count();
        assert_eq!(count, 1, "{planted} in {errors:#?}");
    }
    assert_eq!(errors.len(), 4, "{errors:#?}");
}

#[tokio::test]
async fn the_policy_of_the_page_blocks_a_script_that_is_added() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
    browser
        .value(
            "document.head.append(Object.assign(document.createElement('script'), { text: '1' }))",
        )
        .await;
    let errors = browser.console_errors().await.join("\n").to_lowercase();
    assert!(errors.contains("script-src"), "{errors}");
}
