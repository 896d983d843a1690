//! Hides what looks like a key, so that it is in no picture of the page and in no file by accident.

use crate::json::{decoded, quoted};

/// In the place of what is hidden.
const DOTS: &str = "••••";

/// How many characters a value must have so that its last [`TAIL`] are shown.
const LONG: usize = 13;

/// How many characters of a long value are shown, to tell one key from another.
const TAIL: usize = 4;

/// How the words end that name something secret, such as `x-api-key`, `accessToken` and `Set-Cookie`. A number
/// of tokens, such as `max_tokens`, is none.
const SECRET: [&str; 9] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "cookie",
    "authorization",
    "credential",
    "signature",
];

/// Whether what looks like a key is hidden or shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Secrets {
    #[default]
    Hidden,
    Shown,
}

impl Secrets {
    /// The value of the header `name`.
    pub(crate) fn header(self, name: &str, value: &str) -> String {
        if self == Self::Shown || !is_secret(name) {
            return value.to_owned();
        }
        // The scheme of an `Authorization` header is no secret (RFC 9110, 11.4). The end of Basic is that of
        // the password.
        match value.split_once(' ') {
            Some(("Basic", _)) => ["Basic ", DOTS].concat(),
            Some(("Bearer", token)) => ["Bearer ", &hidden(token)].concat(),
            _ => hidden(value),
        }
    }

    /// A URL or its path, with a query.
    pub(crate) fn target(self, target: &str) -> String {
        match target.split_once('?') {
            Some((path, query)) if self == Self::Hidden => [path, "?", &form(query)].concat(),
            _ => target.to_owned(),
        }
    }

    /// A body of the type `content_type`. A body that is neither JSON nor a form is shown as it is.
    pub(crate) fn body(self, content_type: &str, body: &str) -> String {
        match self {
            Self::Shown => body.to_owned(),
            Self::Hidden if content_type.starts_with("application/x-www-form-urlencoded") => {
                form(body)
            }
            Self::Hidden => json(body),
        }
    }
}

/// The facts of a capture, without what looks like a key in URLs and headers.
pub(crate) fn masked_facts(facts: &str) -> String {
    json(facts)
}

/// Whether `name` is that of something secret, by one of its words.
fn is_secret(name: &str) -> bool {
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars().chain([' ']) {
        let is_inner = c.is_alphanumeric() && !(c.is_uppercase() && before.is_lowercase());
        if !is_inner {
            if SECRET.iter().any(|secret| word.ends_with(secret)) {
                return true;
            }
            word.clear();
        }
        if c.is_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    false
}

/// What is shown in the place of `value`. What is hidden already stays as it is.
fn hidden(value: &str) -> String {
    if value.is_empty() || value.starts_with(DOTS) {
        return value.to_owned();
    }
    let length = value.chars().count();
    let tail = if length < LONG { 0 } else { TAIL };
    DOTS.chars()
        .chain(value.chars().skip(length - tail))
        .collect()
}

/// A query, or a body that has the form of one.
fn form(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) => [name, "=", &hidden(value)].concat(),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// JSON, which may be cut off: hides the text of each member with the name of something secret, and of the
/// second item of each pair, as headers are in facts. Members `url` and `location` are URLs.
fn json(text: &str) -> String {
    let bytes = text.as_bytes();
    let next = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        (at, bytes.get(at).copied())
    };
    let part = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(quote) = part(at, text.len()).find('"') {
        let start = at + quote;
        at = string_end(bytes, start);
        let follows_bracket = part(copied, start).trim_ascii_end().ends_with('[');
        let value = match next(at) {
            (colon, Some(b':')) => next(colon + 1),
            (comma, Some(b',')) if follows_bracket => next(comma + 1),
            _ => continue,
        };
        let (value, Some(b'"')) = value else {
            continue;
        };
        let name = decoded(part(start, at));
        let end = string_end(bytes, value);
        let shown = decoded(part(value, end));
        let shown = match &*name {
            "url" | "location" => Secrets::Hidden.target(&shown),
            name if is_secret(name) => Secrets::Hidden.header(name, shown.trim_start_matches('"')),
            _ => continue,
        };
        out.push_str(part(copied, value));
        out.push_str(&quoted(&shown));
        (at, copied) = (end, end);
    }
    out.push_str(part(copied, text.len()));
    out
}

/// Where the string ends whose first quotation mark is at `start`: with the text, if it was cut off.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        at += match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => 2,
            Some(_) => 1,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_has_a_name_that_says_so() {
        for (name, expected) in [
            ("Authorization", true),
            ("Proxy-Authorization", true),
            ("Cookie", true),
            ("Set-Cookie", true),
            ("x-api-key", true),
            ("api-key", true),
            ("apikey", true),
            ("apiKey", true),
            ("API_KEY", true),
            ("X-Goog-Api-Key", true),
            ("access_token", true),
            ("accessTokenValue", true),
            ("X-Amz-Security-Token", true),
            ("client_secret", true),
            ("password", true),
            ("key", true),
            ("max_tokens", false),
            ("x-ratelimit-remaining-tokens", false),
            ("keys", false),
            ("keyboard", false),
            ("content-type", false),
            ("WWW-Authenticate", false),
            ("", false),
        ] {
            assert_eq!(is_secret(name), expected, "{name}");
        }
    }

    #[test]
    fn only_the_end_of_a_long_value_is_shown() {
        for (name, value, expected) in [
            (
                "authorization",
                "Bearer sk-proj-0123456789",
                "Bearer ••••6789",
            ),
            ("Authorization", "Bearer short", "Bearer ••••"),
            (
                "authorization",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
                "Basic ••••",
            ),
            ("authorization", "sk-proj-0123456789", "••••6789"),
            ("cookie", "session=0123456789; a=b", "••••·a=b"),
            ("x-api-key", "123456789012", "••••"),
            ("x-api-key", "1234567890äöü", "••••0äöü"),
            ("x-api-key", "", ""),
            ("x-api-key", "••••6789", "••••6789"),
            (
                "accept",
                "text/event-stream; 0123456789",
                "text/event-stream; 0123456789",
            ),
        ] {
            let expected = expected.replace('·', " ");
            assert_eq!(Secrets::Hidden.header(name, value), expected);
            assert_eq!(Secrets::Shown.header(name, value), value);
        }
    }

    #[test]
    fn queries_and_forms_have_keys_too() {
        for (target, expected) in [
            (
                "/v1?key=abc&x=1&access_token=0123456789abcdef&api_key=",
                "/v1?key=••••&x=1&access_token=••••cdef&api_key=",
            ),
            ("/key=abc", "/key=abc"),
            ("https://h/?a&token&b=?key=1", "https://h/?a&token&b=?key=1"),
        ] {
            assert_eq!(Secrets::Hidden.target(target), expected);
            assert_eq!(Secrets::Shown.target(target), target);
        }
        let form = "application/x-www-form-urlencoded;charset=UTF-8";
        assert_eq!(
            Secrets::Hidden.body(form, "a=1&client_secret=x"),
            "a=1&client_secret=••••"
        );
        assert_eq!(
            Secrets::Shown.body(form, "client_secret=x"),
            "client_secret=x"
        );
    }

    #[test]
    fn keys_in_json_are_hidden_even_if_it_is_cut_off_or_broken() {
        for (body, expected) in [
            (
                r#"{"model":"m","max_tokens":5}"#,
                r#"{"model":"m","max_tokens":5}"#,
            ),
            (
                r#"{ "api_key" : "sk-0123456789abc", "n": {"token":"a\"b","key":7}}"#,
                r#"{ "api_key" : "••••9abc", "n": {"token":"••••","key":7}}"#,
            ),
            (r#"{"api\u005fkey":"x"}"#, r#"{"api\u005fkey":"••••"}"#),
            (r#"{"a":"key","key":"x"}"#, r#"{"a":"key","key":"••••"}"#),
            (r#"{"key":"cut off in the mid"#, r#"{"key":"•••• mid""#),
            (r#"{"key":"abc\"#, r#"{"key":"••••""#),
            (
                "{\"key\":\"a\"}\n{\"key\":\"b\"}\n",
                "{\"key\":\"••••\"}\n{\"key\":\"••••\"}\n",
            ),
            (
                r#"[["cookie","a=b"],["x","y"], [ "api-key" , "1" ]]"#,
                r#"[["cookie","••••"],["x","y"], [ "api-key" , "••••" ]]"#,
            ),
            (r#"{"x":["a","cookie","b"]}"#, r#"{"x":["a","cookie","b"]}"#),
            ("plain \"key\": text", "plain \"key\": text"),
            ("\"", "\""),
            ("\\\"key\":\"", "\\\"key\":\"\""),
            ("", ""),
        ] {
            assert_eq!(Secrets::Hidden.body("application/json", body), expected);
            assert_eq!(Secrets::Shown.body("application/json", body), body);
        }
    }

    #[test]
    fn facts_lose_the_keys_in_urls_and_headers_once() {
        let facts = r#"{"way":"tap","url":"https://h/v1?key=abc&a=b","response":{"status":200,"headers":[["set-cookie","id=0123456789ab"],["x","y"]]}}"#;
        let masked = r#"{"way":"tap","url":"https://h/v1?key=••••&a=b","response":{"status":200,"headers":[["set-cookie","••••89ab"],["x","y"]]}}"#;
        assert_eq!(masked_facts(facts), masked);
        assert_eq!(masked_facts(masked), masked);
    }
}
