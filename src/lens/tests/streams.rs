//! Streams of each shape, with the pieces that the references print.

use super::*;
use crate::json::Progress;

/// <https://platform.openai.com/docs/api-reference/chat-streaming>
fn chat() -> String {
    let chunk = |choices: &str, more: &str| {
        format!(
            r#"{{"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini","system_fingerprint":"fp_44709d6fcb","choices":[{choices}]{more}}}"#
        )
    };
    let delta = |delta: &str, reason: &str| {
        chunk(
            &format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}"#),
            r#","usage":null"#,
        )
    };
    events(&[
        &delta(
            r#"{"role":"assistant","content":"","refusal":null}"#,
            "null",
        ),
        &delta(r#"{"content":"Hello"}"#, "null"),
        &delta(r#"{"content":" \u00e4\"\n"}"#, "null"),
        &delta("{}", r#""stop""#),
        &chunk(
            "",
            r#","usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"completion_tokens_details":{"reasoning_tokens":0}}"#,
        ),
        "[DONE]",
    ])
}

/// <https://docs.anthropic.com/en/docs/build-with-claude/streaming>
fn anthropic() -> String {
    typed(&[
        r#"{"type":"message_start","message":{"id":"msg_014p7gG3wDgGV9EUtLvnow3U","type":"message","role":"assistant","model":"claude-sonnet-4-20250514","stop_sequence":null,"usage":{"input_tokens":472,"output_tokens":2},"content":[],"stop_reason":null}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"I need the weather."}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Okay, let's check."}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","name":"get_weather","input":{}}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":" \"San Francisco, CA\"}"}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}"#,
        r#"{"type":"message_stop"}"#,
    ])
}

/// <https://platform.openai.com/docs/api-reference/responses-streaming>
fn responses() -> String {
    typed(&[
        r#"{"type":"response.created","response":{"id":"resp_67c9","object":"response","created_at":1741290958,"status":"in_progress","error":null,"model":"gpt-4o-2024-08-06","output":[],"usage":null}}"#,
        r#"{"type":"response.in_progress","response":{"id":"resp_67c9","status":"in_progress","output":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
        r#"{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Greet."}"#,
        r#"{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":0,"text":"Greet."}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Greet."}]}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_67c9","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
        r#"{"type":"response.content_part.added","item_id":"msg_67c9","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
        r#"{"type":"response.output_text.delta","item_id":"msg_67c9","output_index":1,"content_index":0,"delta":"Hi"}"#,
        r#"{"type":"response.output_text.delta","item_id":"msg_67c9","output_index":1,"content_index":0,"delta":" there!"}"#,
        r#"{"type":"response.output_text.done","item_id":"msg_67c9","output_index":1,"content_index":0,"text":"Hi there!"}"#,
        r#"{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"{\"location\":\"Paris\"}"}"#,
        r#"{"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":2,"arguments":"{\"location\":\"Paris\"}"}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"location\":\"Paris\"}","status":"completed"}}"#,
        r#"{"type":"response.completed","response":{"id":"resp_67c9","status":"completed","model":"gpt-4o-2024-08-06","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Greet."}]},{"id":"msg_67c9","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi there!","annotations":[]}]}],"usage":{"input_tokens":37,"output_tokens":11,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":48}}}"#,
    ])
}

/// <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>
fn gemini() -> String {
    events(&[
        r#"{"candidates": [{"content": {"parts": [{"text": "**Greeting**","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 4,"totalTokenCount": 30,"thoughtsTokenCount": 26},"modelVersion": "gemini-2.5-flash","responseId": "r1"}"#,
        r#"{"candidates": [{"content": {"parts": [{"text": "Hello"}],"role": "model"},"index": 0}],"modelVersion": "gemini-2.5-flash","responseId": "r1"}"#,
        r#"{"candidates": [{"content": {"parts": [{"text": " there"},{"functionCall": {"name": "now","args": {"zone": "UTC"}},"thoughtSignature": "x"},{"text": "!"}],"role": "model"},"finishReason": "STOP","index": 0,"citationMetadata":{"citationSources":[{"uri":"https://example.com/a"}]}}],"usageMetadata": {"promptTokenCount": 4,"candidatesTokenCount": 10,"totalTokenCount": 40},"modelVersion": "gemini-2.5-flash","responseId": "r1"}"#,
    ])
}

/// <https://docs.cohere.com/v2/docs/streaming>
fn cohere() -> String {
    typed(&[
        r#"{"id":"29f14a5a","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
        r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will look."}}}"#,
        r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"get_weather_1","type":"function","function":{"name":"get_weather","arguments":""}}}}}"#,
        r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"location\": \"Madrid\"}"}}}}}"#,
        r#"{"type":"tool-call-end","index":0}"#,
        r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"LLMs"}}}}"#,
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":" are"}}}}"#,
        r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":14,"end":29,"text":"gym memberships","sources":[]}}}}"#,
        r#"{"type":"citation-end","index":0}"#,
        r#"{"type":"content-end","index":0}"#,
        r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":5,"output_tokens":418},"tokens":{"input_tokens":71,"output_tokens":420}}}}"#,
    ])
}

/// <https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol>
fn ai_sdk() -> String {
    events(&[
        r#"{"type":"start","messageId":"msg_1"}"#,
        r#"{"type":"start-step"}"#,
        r#"{"type":"reasoning-start","id":"0"}"#,
        r#"{"type":"reasoning-delta","id":"0","delta":"Look it up."}"#,
        r#"{"type":"reasoning-end","id":"0"}"#,
        r#"{"type":"tool-input-start","toolCallId":"call_1","toolName":"getWeather"}"#,
        r#"{"type":"tool-input-delta","toolCallId":"call_1","inputTextDelta":"{\"city\":\"SF\"}"}"#,
        r#"{"type":"tool-input-available","toolCallId":"call_1","toolName":"getWeather","input":{"city":"SF"}}"#,
        r#"{"type":"tool-output-available","toolCallId":"call_1","output":{"weather":"sunny"}}"#,
        r#"{"type":"finish-step"}"#,
        r#"{"type":"start-step"}"#,
        r#"{"type":"text-start","id":"0"}"#,
        r#"{"type":"text-delta","id":"0","delta":"It is "}"#,
        r#"{"type":"text-delta","id":"0","delta":"sunny."}"#,
        r#"{"type":"text-end","id":"0"}"#,
        r#"{"type":"source-url","sourceId":"s1","url":"https://example.com"}"#,
        r#"{"type":"finish-step"}"#,
        r#"{"type":"finish","finishReason":"stop"}"#,
        "[DONE]",
    ])
}

/// <https://docs.ag-ui.com/concepts/events>
fn ag_ui() -> String {
    events(&[
        r#"{"type":"RUN_STARTED","threadId":"t","runId":"run_1"}"#,
        r#"{"type":"STEP_STARTED","stepName":"plan"}"#,
        r#"{"type":"REASONING_START","messageId":"r"}"#,
        r#"{"type":"REASONING_MESSAGE_START","messageId":"r","role":"reasoning"}"#,
        r#"{"type":"REASONING_MESSAGE_CONTENT","messageId":"r","delta":"Hm."}"#,
        r#"{"type":"REASONING_MESSAGE_END","messageId":"r"}"#,
        r#"{"type":"REASONING_END","messageId":"r"}"#,
        r#"{"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"}"#,
        r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hi"}"#,
        r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"!"}"#,
        r#"{"type":"TEXT_MESSAGE_END","messageId":"m"}"#,
        r#"{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"search"}"#,
        r#"{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{\"q\":"}"#,
        r#"{"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"1}"}"#,
        r#"{"type":"TOOL_CALL_END","toolCallId":"c"}"#,
        r#"{"type":"TOOL_CALL_RESULT","messageId":"m2","toolCallId":"c","content":"found"}"#,
        r#"{"type":"STEP_FINISHED","stepName":"plan"}"#,
        r#"{"type":"RUN_FINISHED","threadId":"t","runId":"run_1"}"#,
    ])
}

/// A stream of each shape.
pub(super) fn all() -> Vec<(Shape, String)> {
    vec![
        (Shape::Chat, chat()),
        (Shape::Responses, responses()),
        (Shape::Anthropic, anthropic()),
        (Shape::Gemini, gemini()),
        (Shape::Cohere, cohere()),
        (Shape::AiSdk, ai_sdk()),
        (Shape::AgUi, ag_ui()),
    ]
}

#[test]
fn each_shape_is_recognised_and_complete() {
    for (shape, stream) in all() {
        let answer = answer(&stream);
        assert_eq!(answer.shape, shape);
        assert!(matches!(answer.state(), State::Complete(_)), "{shape:?}");
        assert_ne!(answer.has_beginning, Some(false), "{shape:?}");
        assert!(is_answer(&log(&[&stream])), "{shape:?}");
        // Joined late, and cut off, at each event.
        let events: Vec<_> = stream.split_inclusive("\n\n").collect();
        for at in 1..events.len() {
            let mut journal = log(&events[..at]);
            journal.closed(9_000.0);
            let cut = lens(&journal);
            let first = cut.answers()[0].clone();
            assert_eq!(first.shape, shape);
            assert!(cut.unread().count() == 0);
            assert!(!matches!(first.state(), State::Growing), "{at}");
            let late = lens(&log(&events[at..]));
            for answer in late.answers() {
                assert_eq!(answer.shape, shape, "{at}");
                assert!(matches!(answer.state(), State::Complete(_)));
                assert_ne!(answer.has_beginning, Some(true));
            }
        }
    }
}

#[test]
fn chat_has_text_usage_and_a_reason() {
    let answer = answer(&chat());
    assert_eq!(parts(&answer), ["Text 0: Hello ä\"\n"]);
    assert_eq!(answer.model.as_deref(), Some("gpt-4o-mini"));
    assert_eq!(answer.finishes[0].reason, "stop");
    assert_eq!(
        usage(&answer),
        "prompt_tokens=9 completion_tokens=12 total_tokens=21 completion_tokens_details.reasoning_tokens=0"
    );
    // The opening is line 0.
    let pieces = &answer.parts[0].pieces;
    assert_eq!(pieces.lines(0..1).collect::<Vec<_>>(), [2]);
    assert_eq!(pieces.lines(4..7).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(pieces.range(3), 5..10);
    let timing = &answer.timing;
    assert_eq!(timing.after_opening(timing.first), Some(100.0));
    assert_eq!(timing.after_opening(timing.first_text), Some(200.0));
    assert_eq!((timing.events, timing.reads), (6, 6));
}

#[test]
fn what_others_add_to_chat_is_read() {
    let chunk = |delta: &str| format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
    let read = |deltas: &[&str]| {
        let chunks: Vec<_> = deltas.iter().map(|delta| chunk(delta)).collect();
        let chunks: Vec<_> = chunks.iter().map(|chunk| &**chunk).collect();
        answer(&events(&chunks))
    };
    // DeepSeek; vLLM by both names; Ollama with the role in each chunk.
    let answer = read(&[
        r#"{"role":"assistant","content":null,"reasoning_content":"Hm"}"#,
        r#"{"role":"assistant","content":"","reasoning":"m.","reasoning_content":"m."}"#,
        r#"{"role":"assistant","content":"Yes","reasoning_content":null}"#,
    ]);
    assert_eq!(parts(&answer), ["Reasoning 0: Hmm.", "Text 0: Yes"]);
    assert_eq!(
        answer.timing.first_text_after_reasoning(),
        answer.timing.first_text
    );
    // Mistral.
    let answer = read(&[
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]}]}"#,
        r#"{"content":[{"type":"text","text":"Yes"}]}"#,
        r#"{"content":"!"}"#,
    ]);
    assert_eq!(parts(&answer), ["Reasoning 0: Hm.", "Text 0: Yes!"]);
    // Tool calls: several, in pieces, and by a server that numbers each call 0.
    let answer = read(&[
        r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"#,
        r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"h","arguments":"{\"y\""}}]}"#,
    ]);
    assert_eq!(
        parts(&answer),
        [
            r#"Tool call 0 f: {"x":1}"#,
            "Tool call 0 g: {}",
            r#"Tool call 0 h: {"y""#
        ]
    );
    let progress: Vec<_> = answer.parts.iter().map(|part| part.progress()).collect();
    assert_eq!(
        progress,
        [
            Some(Progress::Whole),
            Some(Progress::Whole),
            Some(Progress::Beginning)
        ]
    );
    // A refusal, and an older call of a function.
    let answer = read(&[
        r#"{"refusal":"I can't"}"#,
        r#"{"function_call":{"name":"f","arguments":"{"}}"#,
    ]);
    assert_eq!(parts(&answer), ["Refusal 0: I can't", "Tool call 0 f: {"]);
}

#[test]
fn choices_are_apart() {
    let stream = events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"length"}]}"#,
    ]);
    let answer = answer(&stream);
    assert_eq!(parts(&answer), ["Text 0: aA", "Text 1: bB"]);
    let reasons: Vec<_> = answer
        .finishes
        .iter()
        .map(|finish| (finish.choice, &*finish.reason))
        .collect();
    assert_eq!(reasons, [(1, "stop"), (0, "length")]);
    assert_eq!(answer.state(), State::Growing);
}

#[test]
fn anthropic_has_thinking_text_and_a_tool_call() {
    let answer = answer(&anthropic());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: I need the weather.",
            "Text 0: Okay, let's check.",
            r#"Tool call 0 get_weather: {"location": "San Francisco, CA"}"#
        ]
    );
    assert_eq!(answer.parts[2].progress(), Some(Progress::Whole));
    assert_eq!(usage(&answer), "input_tokens=472 output_tokens=89");
    assert_eq!(answer.finishes[0].reason, "tool_use");
    assert_eq!(answer.has_beginning, Some(true));
}

#[test]
fn an_error_in_mid_stream_is_no_end() {
    let events: Vec<_> = [
        r#"{"type":"message_start","message":{"id":"m","content":[]}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    ]
    .into();
    let answer = answer(&typed(&events));
    // The line before it is a note on the type “error”.
    assert_eq!(answer.state(), State::Failed(4));
    assert_eq!(answer.errors[0].text, "overloaded_error: Overloaded");
    assert_eq!(answer.usage, [], "absent, and not 0");
}

#[test]
fn responses_have_parts_once_though_they_are_repeated_as_wholes() {
    let answer = answer(&responses());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: Greet.",
            "Text 0: Hi there!",
            r#"Tool call 0 get_weather: {"location":"Paris"}"#
        ]
    );
    assert_eq!(answer.finishes[0].reason, "completed");
    // Joined so late that only the wholes arrive.
    let stream = responses();
    let last = stream.rfind("event: response.completed").expect("an end");
    let late = super::answer(&stream[last..]);
    assert_eq!(parts(&late), ["Reasoning 0: Greet.", "Text 0: Hi there!"]);
    assert_eq!(late.has_beginning, Some(false));
}

#[test]
fn gemini_has_thoughts_and_calls_in_their_order() {
    let answer = answer(&gemini());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: **Greeting**",
            "Text 0: Hello there",
            r#"Tool call 0 now: {"zone": "UTC"}"#,
            "Text 0: !"
        ]
    );
    assert_eq!(answer.citations[0].text, "https://example.com/a");
    assert!(usage(&answer).contains("candidatesTokenCount=10"));
    let blocked = events(&[r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{}}"#]);
    assert_eq!(super::answer(&blocked).finishes[0].reason, "SAFETY");
}

#[test]
fn cohere_ai_sdk_and_ag_ui_have_their_parts() {
    let answer = answer(&cohere());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: I will look.",
            r#"Tool call 0 get_weather: {"location": "Madrid"}"#,
            "Text 0: LLMs are"
        ]
    );
    assert_eq!(answer.citations[0].text, "gym memberships");
    let answer = super::answer(&ai_sdk());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: Look it up.",
            r#"Tool call 0 getWeather: {"city":"SF"}"#,
            r#"Result of a tool 0: {"weather":"sunny"}"#,
            "Text 0: It is sunny."
        ]
    );
    let answer = super::answer(&ag_ui());
    assert_eq!(
        parts(&answer),
        [
            "Reasoning 0: Hm.",
            "Text 0: Hi!",
            r#"Tool call 0 search: {"q":1}"#,
            "Result of a tool 0: found"
        ]
    );
}

#[test]
fn what_is_not_understood_is_counted_with_its_first_line() {
    let stream = events(&[
        r#"{"type":"RUN_STARTED","threadId":"t","runId":"r"}"#,
        r#"{"type":"STATE_DELTA","delta":[]}"#,
        "no JSON",
        r#"{"type":"STATE_DELTA","delta":[]}"#,
    ]);
    let lens = lens(&log(&[&stream]));
    let unread: Vec<_> = lens
        .unread()
        .kinds()
        .map(|kind| (&*kind.what, kind.count, kind.line))
        .collect();
    assert_eq!(unread, [("STATE_DELTA", 2, 2), ("not JSON", 1, 3)]);
    let chat = events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"a","audio":{"id":"x"}}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"b"}}"#,
    ]);
    let lens = super::lens(&log(&[&chat]));
    let unread: Vec<_> = lens.unread().kinds().map(|kind| &*kind.what).collect();
    assert_eq!(unread, ["delta.audio", "not JSON"]);
    assert_eq!(parts(&lens.answers()[0]), ["Text 0: a"]);
}

#[test]
fn an_ordinary_stream_is_no_answer() {
    for stream in [
        "data: 1\n\n",
        "event: message\ndata: {\"type\":\"update\",\"id\":1}\n\n",
        "data: {\"choices\":[1,2]}\n\n",
        "data: [DONE]\n\n",
        "event: error\ndata: {\"type\":\"error\"}\n\n",
        "data: {\"text\":\"\\\"choices\\\" and \\\"delta\\\"\"}\n\n",
    ] {
        let journal = log(&[stream]);
        assert!(!is_answer(&journal), "{stream}");
        let lens = lens(&journal);
        assert!(lens.answers().is_empty());
        assert_eq!(lens.unread().count(), 1);
    }
}

#[test]
fn another_connection_begins_another_answer_or_goes_on() {
    for (shape, stream) in all() {
        let events: Vec<_> = stream.split_inclusive("\n\n").collect();
        let mut journal = log(&events);
        journal.closed(5_000.0);
        journal.opened(6_000.0);
        journal.receive(6_100.0, stream.as_bytes());
        let both = lens(&journal);
        // Gemini has an ID for each answer, and this is the same one.
        let expected = if shape == Shape::Gemini { 1 } else { 2 };
        assert_eq!(both.answers().len(), expected, "{shape:?}");
        assert_eq!(both.unread().count(), 0);
        // Lost within the text, and resumed where it was lost.
        let at = events.len() / 2;
        let mut journal = log(&events[..at]);
        journal.closed(5_000.0);
        journal.opened(6_000.0);
        journal.receive(6_100.0, events[at..].concat().as_bytes());
        let resumed = lens(&journal);
        assert_eq!(resumed.answers().len(), 1, "{shape:?}");
        assert_eq!(parts(&resumed.answers()[0]), parts(&answer(&stream)));
        assert!(matches!(resumed.answers()[0].state(), State::Complete(_)));
        // Until its end it grows again.
        journal = log(&events[..at]);
        journal.closed(5_000.0);
        journal.opened(6_000.0);
        assert!(matches!(lens(&journal).answers()[0].state(), State::Cut(_)));
        journal.receive(6_100.0, events[at].as_bytes());
        assert_eq!(lens(&journal).answers()[0].state(), State::Growing);
        // Lost, and answered from the beginning again.
        journal = log(&events[..at]);
        journal.closed(5_000.0);
        journal.opened(6_000.0);
        journal.receive(6_100.0, stream.as_bytes());
        assert_eq!(lens(&journal).answers().len(), expected, "{shape:?}");
    }
}

#[test]
fn a_cut_answer_is_cut_and_one_with_a_reason_is_not() {
    let chat = chat();
    let events: Vec<_> = chat.split_inclusive("\n\n").collect();
    for (count, expected) in [
        (3, State::Cut(4)),
        (4, State::Finished(4)),
        (6, State::Complete(6)),
    ] {
        let mut journal = log(&events[..count]);
        assert!(count == 6 || lens(&journal).answers()[0].state() == State::Growing);
        journal.closed(9_000.0);
        assert_eq!(lens(&journal).answers()[0].state(), expected, "{count}");
    }
}

#[test]
fn tokens_a_second_are_those_that_were_reported() {
    let chunk = |n: usize| {
        events(&[&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"{n} "}}}}]}}"#
        )])
    };
    let usage = events(&[
        r#"{"choices":[],"usage":{"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":40}}}"#,
    ]);
    let mut writes: Vec<_> = (0..11).map(chunk).collect();
    let refs = |writes: &[String]| -> Vec<String> { writes.to_vec() };
    let of = |writes: &[String]| {
        let writes: Vec<_> = writes.iter().map(|write| &**write).collect();
        lens(&log(&writes)).answers()[0].rate()
    };
    assert_eq!(of(&writes), None, "nothing was reported");
    writes.push(usage);
    // 50 tokens in a second: the reasoning was not sent.
    assert_eq!(of(&writes).map(Rate::per_second), Some(50.0));
    let at_once = refs(&writes).concat();
    assert_eq!(of(&[at_once]), None, "in one read no rate can be seen");
    let halves = [writes[..6].concat(), writes[6..].concat()];
    assert_eq!(of(&halves), None, "nor in two");
}
