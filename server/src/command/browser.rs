//! Opens the browser.

use std::{io, thread, time::Duration};

/// For how long a launcher that fails is noticed, and the next one tried. One that still runs has
/// become, or waits for, the browser.
const FAILS_WITHIN: Duration = Duration::from_secs(5);

/// Opens `address` in the user's browser: by `xdg-open` or another launcher of the desktop, which knows the
/// variable BROWSER; on macOS by `open`. Returns at once; if no launcher works, stderr gets a sentence.
pub(crate) fn open(address: String) {
    // A thread of its own, because tokio waits at shutdown for the blocking tasks that it runs.
    let opening = thread::Builder::new()
        .name("browser".into())
        .spawn(move || report(launch(&address)));
    report(opening.map(|_| ()));
}

fn launch(address: &str) -> io::Result<()> {
    open::that_detached_with_timeout(address, FAILS_WITHIN)
}

fn report(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "no launcher opened the browser");
        eprintln!(
            "sse-scope-server: No browser could be opened here. Open the address above yourself; the server runs on."
        );
    }
}
