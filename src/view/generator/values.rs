//! The values of the parameters, and the URL that they make.

use form_urlencoded::parse;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use sse_scope_help::{Parameter, Text};

/// The path of the server's streams.
pub(super) const STREAM: &str = "/stream";

/// The characters that are percent-encoded in a query: those that are not allowed there (RFC 3986, 3.4),
/// and those with a special meaning in a query. The others are easier to read unencoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b';');

/// The name and the value of each parameter, in the order of the server's list. An empty value means that
/// the parameter is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(Vec<(Text, String)>);

impl Values {
    /// The values that a query gives to `parameters`.
    pub(super) fn of_query(query: &str, parameters: &[Parameter]) -> Self {
        let given = parse(query.trim_start_matches('?').as_bytes());
        let values = parameters.iter().map(|parameter| {
            let mut given = given;
            let value = given.find(|(name, _)| *name == parameter.name);
            let found = value.is_some();
            let value = value.map_or(String::new(), |(_, value)| value.into_owned());
            let choices = &parameter.choices;
            let value = match &*value {
                _ if choices.is_empty() => value,
                // A switch is on without a value.
                "" if found && choices.iter().any(|choice| choice == "1") => "1".to_owned(),
                text if text == parameter.default
                    || !choices.iter().any(|choice| choice == text) =>
                {
                    String::new()
                }
                _ => value,
            };
            (parameter.name.clone(), value)
        });
        Self(values.collect())
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Gives a parameter another value.
    pub(super) fn set(&mut self, name: &str, value: String) {
        if let Some(found) = self.0.iter_mut().find(|(known, _)| known == name) {
            found.1 = value;
        }
    }

    /// The URL of the stream, relative to the server.
    pub(super) fn url(&self) -> String {
        let mut url = STREAM.to_owned();
        for (name, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            url.push(if url == STREAM { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, ENCODED));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::{super::help::tests::help, *};

    #[test]
    fn a_query_gives_values_and_values_give_a_url() {
        let parameters = help().parameters;
        for (query, values, url) in [
            ("", [""; 5], "/stream"),
            (
                "?interval=250ms&data=seq",
                ["250ms", "", "seq", "", ""],
                "/stream?interval=250ms&data=seq",
            ),
            // In the order of the list, whatever the order of the query.
            (
                "data=seq&interval=2",
                ["2", "", "seq", "", ""],
                "/stream?interval=2&data=seq",
            ),
            // Defaults, unknown parameters and values that are none of the choices are left out.
            ("resume=ignore&bom=0&x=y&data=nothing", [""; 5], "/stream"),
            // The default of a text stays: otherwise it would vanish while the user types it.
            ("interval=1s", ["1s", "", "", "", ""], "/stream?interval=1s"),
            ("bom&resume", ["", "", "", "1", ""], "/stream?bom=1"),
            (
                "event=a%2Cb,,c+d%26&interval=1&interval=2",
                ["1", "a,b,,c d&", "", "", ""],
                "/stream?interval=1&event=a,b,,c%20d%26",
            ),
            (
                "event=%C3%A4%25;=/?:%2B%23",
                ["", "ä%;=/?:+#", "", "", ""],
                "/stream?event=%C3%A4%25;%3D/%3F:%2B%23",
            ),
        ] {
            let read = Values::of_query(query, &parameters);
            let found = ["interval", "event", "data", "bom", "resume"].map(|name| read.get(name));
            assert_eq!(found, values, "{query}");
            assert_eq!(read.url(), url, "{query}");
            let query = url.strip_prefix(STREAM).expect("a stream of the server");
            assert_eq!(
                Values::of_query(query, &parameters),
                read,
                "{url} gives the same"
            );
        }
    }

    #[test]
    fn one_value_changes_and_the_others_stay() {
        let mut values = Values::of_query("data=seq&event=a", &help().parameters);
        values.set("interval", "5 ".to_owned());
        values.set("event", String::new());
        values.set("unknown", "1".to_owned());
        assert_eq!(values.url(), "/stream?interval=5%20&data=seq");
        assert_eq!(values.get("unknown"), "");
    }
}
