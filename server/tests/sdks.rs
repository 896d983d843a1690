//! The answers of language models that the generator plays, read by the SDKs of their APIs: each makes of the
//! stream what the query asks for. `make test-e2e` installs them from npm and PyPI.

mod raw;

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};

use raw::{PATIENCE, Server};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Node,
    Python,
}

/// The SDKs, and what each reports as the reason of the end: of a text, and of calls of tools.
const SDKS: [(Program, &str, &str, &str); 9] = [
    (Program::Node, "openai", "stop", "tool_calls"),
    (Program::Node, "openai-responses", "completed", "completed"),
    (Program::Node, "anthropic", "end_turn", "tool_use"),
    (Program::Node, "gemini", "STOP", "STOP"),
    (Program::Node, "ai-sdk", "stop", "tool-calls"),
    (Program::Node, "ag-ui", "RUN_FINISHED", "RUN_FINISHED"),
    (Program::Python, "openai", "stop", "tool_calls"),
    (
        Program::Python,
        "openai-responses",
        "completed",
        "completed",
    ),
    (Program::Python, "anthropic", "end_turn", "tool_use"),
];

/// What the answers say: characters of one to four bytes, escapes of JSON, line breaks of Unicode. Three
/// pieces, of which one is half of them, rounded down.
const TEXT: &str = "Hé \"\\ \u{2028}🦀\n温度";

/// What the SDK of `api` makes of the stream that `query` asks for.
async fn read(server: &Server, program: Program, api: &str, query: &str) -> Value {
    let text: String = form_urlencoded::byte_serialize(TEXT.as_bytes()).collect();
    let url = format!(
        "http://{}/stream?data={api}&interval=1ms&text={text}&{query}",
        server.address
    );
    let mut command = match program {
        Program::Node => {
            let mut command = Command::new("node");
            command.arg(folder("target/clients/node/answers.mjs"));
            command
        }
        Program::Python => {
            let mut command = Command::new(folder("target/clients/python/bin/python"));
            command.arg(folder("server/tests/clients/answers.py"));
            command
        }
    };
    let running = command.args([api, &url]).kill_on_drop(true).output();
    let output = timeout(PATIENCE * 3, running)
        .await
        .unwrap_or_else(|_| panic!("{program:?} {api} does not end: {query}"))
        .unwrap_or_else(|error| panic!("{program:?} {api}: {error}"));
    assert!(
        output.status.success(),
        "{program:?} {api} {query}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn each_sdk_makes_of_an_answer_what_was_asked_for() {
    let server = Server::start().await;
    for (program, api, stop, tool_stop) in SDKS {
        let call = json!(["get_weather", r#"{"city":"Zürich"}"#]);
        // The pieces of the parts: 6 of the reasoning, 3 of the text, 3 of each call.
        let whole = "parts=reasoning,text,tool,tool,usage";
        let expected = json!({
            "reasoning": "A stream suits this best.",
            "texts": [TEXT],
            "tools": [call, call],
            "finish": tool_stop,
            "usage": [25, 15],
        });
        let answer = read(&server, program, api, whole).await;
        assert_eq!(answer, expected, "{program:?} {api}");

        // Anthropic's API always reports its usage, and its SDKs need it.
        let (parts, usage) = match api {
            "anthropic" => ("text,usage", json!([25, 3])),
            _ => ("text", Value::Null),
        };
        let plain = json!({
            "reasoning": "", "texts": [TEXT], "tools": [], "finish": stop, "usage": usage,
        });
        let mut answer = read(&server, program, api, &format!("parts={parts}")).await;
        // Some SDKs have null and others nothing.
        let answer = answer.as_object_mut().expect("an object");
        answer.entry("usage").or_insert(Value::Null);
        assert_eq!(Value::from(answer.clone()), plain, "{program:?} {api}");

        if ["openai", "gemini"].contains(&api) {
            let answer = read(&server, program, api, "choices=3").await;
            let texts = json!([TEXT, format!("(2) {TEXT}"), format!("(3) {TEXT}")]);
            assert_eq!(answer["texts"], texts, "{program:?} {api}");
            assert_eq!(answer["usage"], json!([25, 9]), "{program:?} {api}");
        }
    }
}

#[tokio::test]
async fn each_sdk_reports_an_error_in_mid_stream() {
    let server = Server::start().await;
    for (program, api, ..) in SDKS {
        let answer = read(&server, program, api, "parts=text,error").await;
        assert_eq!(
            answer["texts"],
            json!(["Hé"]),
            "{program:?} {api}: {answer}"
        );
        assert_eq!(answer["finish"], Value::Null, "{program:?} {api}: {answer}");
        let error = answer["error"].as_str().unwrap_or_default().to_lowercase();
        assert!(
            error.contains("error") || error.contains("overloaded"),
            "{program:?} {api}: {answer}"
        );
    }
}

#[tokio::test]
async fn no_sdk_takes_an_answer_that_is_cut_short_for_one_that_ended() {
    let server = Server::start().await;
    for (program, api, stop, _) in SDKS {
        // Within the text, whatever precedes it.
        let after = match api {
            "gemini" => 2,
            "openai" | "ag-ui" => 3,
            "ai-sdk" => 4,
            "anthropic" => 5,
            _ => 6,
        };
        let answer = read(&server, program, api, &format!("after={after}")).await;
        assert_ne!(answer["finish"], stop, "{program:?} {api}: {answer}");
        assert_ne!(
            answer["texts"],
            json!([TEXT]),
            "{program:?} {api}: {answer}"
        );
    }
}

/// A folder or file of the repository.
fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}
