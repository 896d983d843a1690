//! The errors of a page, as each browser reports them.

use fantoccini::Client;
use serde_json::json;

use super::{bidi::BiDi, engine::Vendor};

/// Where the errors of a page can be read.
pub(super) enum Console {
    /// ChromeDriver records the console from its start on.
    Recorded,
    /// Firefox reports each message as an event, from its start on.
    Reported(Box<BiDi>),
    /// WebKit's driver has nothing of the kind: the page listens, from when [`Console::listen`] is called.
    Listened,
}

/// The message after those that are read.
const END: &str = "the end of the messages";

impl Console {
    /// Has the page that was just opened listen for its errors, if nothing else reports them.
    pub(super) async fn listen(&self, client: &Client) {
        const SCRIPT: &str = "
            if (window.errors) return;
            window.errors = [];
            addEventListener('error', event => errors.push(String(event.message)));
            addEventListener('unhandledrejection', event => errors.push(String(event.reason)));
            addEventListener('securitypolicyviolation', event => errors.push(`${event.violatedDirective} ${event.blockedURI}`));";
        if let Self::Listened = self {
            let listening = client.execute(SCRIPT, Vec::new()).await;
            listening.expect("a page that runs scripts");
        }
    }

    /// The errors since the last call.
    pub(super) async fn errors(&self, client: &Client) -> Vec<String> {
        match self {
            Self::Recorded => recorded(client).await,
            Self::Reported(bidi) => reported(bidi, client).await,
            Self::Listened => {
                self.listen(client).await;
                // In a task of its own: a rejected promise is reported in one too.
                let script = "setTimeout(done => done(errors.splice(0)), 0, arguments[0])";
                let errors = client.execute_async(script, Vec::new()).await;
                serde_json::from_value(errors.expect("a list")).expect("a list of strings")
            }
        }
    }
}

async fn recorded(client: &Client) -> Vec<String> {
    let command = Vendor {
        path: "se/log",
        body: json!({ "type": "browser" }),
    };
    let log = client.issue_cmd(command).await;
    let log = log.expect("chromedriver records the console");
    let entries = log.as_array().cloned().unwrap_or_default();
    let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
    errors
        .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn reported(bidi: &BiDi, client: &Client) -> Vec<String> {
    // The messages of a page arrive in order, so those before this one are all that there are.
    let script =
        "setTimeout((done, end) => { console.info(end); done() }, 0, arguments[1], arguments[0])";
    let end = client.execute_async(script, vec![END.into()]).await;
    end.expect("a page that runs scripts");
    let mut errors = Vec::new();
    loop {
        let entry = bidi.event().await;
        let text = entry["text"].as_str().unwrap_or_default();
        if text == END {
            return errors;
        }
        if entry["level"] == "error" {
            errors.push(text.to_owned());
        }
    }
}
