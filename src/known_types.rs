//! The event types of services that many people watch. Pure.
//!
//! An `EventSource` delivers only events of the types that it is subscribed to, so the page subscribes to
//! these types too. Not here are services whose events all have the type `message`, such as Wikimedia
//! EventStreams and Home Assistant, and those whose publishers choose the types, such as Mercure.

/// Event types, separated by spaces, with what they begin with.
const KNOWN: [(&str, &str); 2] = [
    (
        // OpenAI, Responses API: https://platform.openai.com/docs/api-reference/responses-streaming
        "response.",
        "created queued in_progress completed failed incomplete \
         output_item.added output_item.done content_part.added content_part.done \
         output_text.delta output_text.done output_text.annotation.added \
         refusal.delta refusal.done reasoning_text.delta reasoning_text.done \
         reasoning_summary_part.added reasoning_summary_part.done \
         reasoning_summary_text.delta reasoning_summary_text.done \
         function_call_arguments.delta function_call_arguments.done \
         custom_tool_call_input.delta custom_tool_call_input.done \
         file_search_call.in_progress file_search_call.searching file_search_call.completed \
         web_search_call.in_progress web_search_call.searching web_search_call.completed \
         code_interpreter_call.in_progress code_interpreter_call.interpreting \
         code_interpreter_call.completed \
         code_interpreter_call_code.delta code_interpreter_call_code.done \
         image_generation_call.in_progress image_generation_call.generating \
         image_generation_call.partial_image image_generation_call.completed \
         mcp_call.in_progress mcp_call.completed mcp_call.failed \
         mcp_call_arguments.delta mcp_call_arguments.done \
         mcp_list_tools.in_progress mcp_list_tools.completed mcp_list_tools.failed",
    ),
    (
        "",
        concat!(
            // Anthropic, Messages API: https://docs.anthropic.com/en/docs/build-with-claude/streaming
            "message_start content_block_start content_block_delta content_block_stop message_delta \
             message_stop ping ",
            // Model Context Protocol, HTTP with SSE:
            // https://modelcontextprotocol.io/specification/2024-11-05/basic/transports
            "endpoint ",
            // LaunchDarkly: https://github.com/launchdarkly/ld-relay/blob/v8/docs/endpoints.md
            "put patch delete ",
            // Firebase, Realtime Database, beside put and patch:
            // https://firebase.google.com/docs/reference/rest/database#section-streaming
            "keep-alive cancel auth_revoked ",
            // Mastodon, beside delete: https://docs.joinmastodon.org/methods/streaming/#events
            "update notification status.update filters_changed conversation announcement \
             announcement.reaction announcement.delete encrypted_message notifications_merged ",
            // ESPHome, beside ping: https://esphome.io/web-api/
            "state log ",
            // Datastar: https://data-star.dev/reference/sse_events
            "datastar-patch-elements datastar-patch-signals ",
            // Marathon: https://mesosphere.github.io/marathon/docs/event-bus.html
            "event_stream_attached event_stream_detached status_update_event deployment_info \
             deployment_success deployment_failed",
        ),
    ),
];

/// How many types are known.
pub(crate) fn count() -> usize {
    KNOWN
        .iter()
        .map(|(_, names)| names.split(' ').count())
        .sum()
}

/// `asked`, and the known types that are not among them.
pub(crate) fn with_known(asked: &[String]) -> Vec<String> {
    let mut types = asked.to_vec();
    for (prefix, names) in KNOWN {
        for name in names.split(' ') {
            let name = [prefix, name].concat();
            if !asked.contains(&name) {
                types.push(name);
            }
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_type_is_there_once_and_is_a_name() {
        let types = with_known(&[]);
        assert_eq!(types.len(), count());
        for (at, name) in types.iter().enumerate() {
            assert!(!name.is_empty() && !name.ends_with('.'), "{name:?}");
            assert!(!types[..at].contains(name), "{name} twice");
        }
        for name in ["response.output_text.delta", "endpoint", "auth_revoked"] {
            assert!(types.iter().any(|known| known == name), "{name}");
        }
        // An EventSource is subscribed to these anyway.
        for name in ["message", "open", "error"] {
            assert!(!types.iter().any(|known| known == name), "{name}");
        }
    }

    #[test]
    fn what_was_asked_stands_first_and_is_not_repeated() {
        let types = with_known(&["ping".to_owned(), "own".to_owned()]);
        assert_eq!(types[..2], ["ping", "own"]);
        assert_eq!(types.len(), count() + 1);
    }
}
