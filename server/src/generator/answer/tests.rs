use serde_json::Value;

use super::*;

const APIS: [(&str, Api); 6] = [
    ("openai", Api::OpenAi),
    ("openai-responses", Api::Responses),
    ("anthropic", Api::Anthropic),
    ("gemini", Api::Gemini),
    ("ai-sdk", Api::AiSdk),
    ("ag-ui", Api::AgUi),
];

fn answer(query: &str) -> Model {
    Model::new(&Spec::parse(query).expect(query), 7).expect("a model's answer")
}

/// The data of all events of an answer.
fn data(query: &str) -> Vec<String> {
    let answer = answer(query);
    (0..answer.count())
        .map(|number| answer.event(number).data)
        .collect()
}

/// All strings in the data that have this key, joined.
fn joined(data: &[String], key: &str) -> String {
    fn collect(value: &Value, key: &str, joined: &mut String) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, key, joined)),
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text) if name == key => joined.push_str(text),
                        _ => collect(value, key, joined),
                    }
                }
            }
            _ => {}
        }
    }
    let mut text = String::new();
    for data in data.iter().filter(|data| *data != "[DONE]") {
        collect(&serde_json::from_str(data).expect(data), key, &mut text);
    }
    text
}

/// The key of each API's pieces of text.
fn text_key(api: Api) -> &'static str {
    match api {
        Api::OpenAi => "content",
        Api::Anthropic | Api::Gemini => "text",
        Api::Responses | Api::AiSdk | Api::AgUi => "delta",
    }
}

#[test]
fn each_event_is_json_whatever_the_answer_has() {
    let text = "\"quoted\"\n\t\0\\ é 温度🛰️ \u{2028}$ ".repeat(3);
    let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let kinds = ["reasoning", "text", "tool", "usage"];
    let mut rng = fastrand::Rng::with_seed(20_261_128);
    for (name, api) in APIS {
        for _ in 0..60 {
            let mut parts: Vec<_> = (0..rng.usize(1..6))
                .map(|_| kinds[rng.usize(..3)])
                .collect();
            parts.extend(kinds[3..].iter().filter(|_| rng.bool()));
            parts.extend(["error"].iter().filter(|_| rng.bool()));
            let choices = match api {
                Api::OpenAi | Api::Gemini => rng.u64(1..=8),
                _ => 1,
            };
            let parts = parts.join(",");
            let query = format!("data={name}&parts={parts}&choices={choices}&text={text}");
            for data in data(&query) {
                let is_json = serde_json::from_str::<Value>(&data).is_ok();
                assert!(is_json || data == "[DONE]", "{query}: {data}");
            }
        }
    }
}

#[test]
fn the_pieces_join_to_the_text() {
    for (name, api) in APIS {
        let all = data(&format!("data={name}"));
        assert_eq!(joined(&all, text_key(api)), ANSWER, "{name}");
        let all = data(&format!("data={name}&parts=text&text=x"));
        assert_eq!(joined(&all, text_key(api)), "x", "{name}");
    }
}

#[test]
fn an_answer_is_as_long_as_its_count() {
    for (name, api) in APIS {
        for parts in [
            "text",
            "reasoning,text,tool,usage",
            "text,tool,text,error",
            "tool,text,error",
        ] {
            for choices in [1, 3] {
                if choices > 1 && !matches!(api, Api::OpenAi | Api::Gemini) {
                    continue;
                }
                let query = format!("data={name}&parts={parts}&choices={choices}");
                let natural = answer(&query);
                let (least, most) = Answer::lengths(api, &Spec::parse(&query).expect("valid"));
                assert!(least < natural.count() && natural.count() < most, "{query}");
                for count in (least..least + 40).chain([natural.count(), 5_000]) {
                    let query = format!("{query}&count={count}");
                    let answer = answer(&query);
                    assert_eq!(answer.count(), count, "{query}");
                    let last = answer.event(count - 1).data;
                    assert_eq!(answer.event(u64::MAX).data, last, "{query}");
                    // What follows the text does not depend on its length, but for the usage.
                    if !parts.contains("usage") && api != Api::Responses {
                        assert_eq!(last, natural.event(natural.count() - 1).data, "{query}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_long_answer_repeats_its_text() {
    for (name, api) in APIS {
        let all = data(&format!("data={name}&text=Hi%20there&count=200"));
        let text = joined(&all, text_key(api));
        assert!(
            text.starts_with("Hi thereHi thereHi there"),
            "{name}: {text}"
        );
    }
}

#[test]
fn the_choices_have_texts_of_their_own() {
    let all = data("data=openai&choices=3&parts=text,tool,usage&text=Hi%20there");
    let all: Vec<Value> = all
        .iter()
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect(data))
        .collect();
    let texts = (0..3).map(|index| {
        let choices = all.iter().map(|chunk| &chunk["choices"][0]);
        let own = choices.filter(|choice| choice["index"] == index);
        own.filter_map(|choice| choice["delta"]["content"].as_str())
            .collect::<String>()
    });
    let expected = ["Hi there", "(2) Hi there", "(3) Hi there"];
    assert_eq!(texts.collect::<Vec<_>>(), expected);

    let all = data("data=gemini&choices=2&text=Hi%20there");
    let second = all.iter().map(|data| {
        let chunk: Value = serde_json::from_str(data).expect(data);
        let candidate = &chunk["candidates"][1];
        assert_eq!(candidate["index"], 1);
        candidate["content"]["parts"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned()
    });
    assert_eq!(second.collect::<String>(), "(2) Hi there");
}

#[test]
fn an_error_breaks_off_the_part_before_it() {
    for (name, api) in APIS {
        let all = data(&format!("data={name}&parts=text,error"));
        let text = joined(&all, text_key(api));
        assert!(ANSWER.starts_with(&text), "{name}: {text}");
        let share = text.len() as f64 / ANSWER.len() as f64;
        assert!((0.4..0.6).contains(&share), "{name}: {share}");
        let only = data(&format!("data={name}&parts=error"));
        assert!(
            only.iter()
                .any(|data| data.to_lowercase().contains("error")),
            "{name}"
        );
    }
}
