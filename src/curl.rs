//! Reads a curl command line as a request. Pure.

use std::{iter::Peekable, str::Chars};

use crate::{
    headers,
    request::{Request, Way, is_forbidden_header},
};

/// A request that was read from a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Import {
    /// The request. Its event types are empty.
    pub(crate) request: Request,
    /// The options that have no effect here, as written.
    pub(crate) ignored: Vec<String>,
}

/// Options without a value that change nothing for a stream in a browser: they need no mention.
const SILENT: &str = "-N --no-buffer -s --silent -S --show-error -L --location -g --globoff -i --include \
     -v --verbose -f --fail --fail-with-body --compressed --no-progress-meter -# --progress-bar";

/// Options with a value that have no effect here. Those that are in neither list have no value.
const WITH_VALUE: &str = "-A --user-agent -b --cookie -c --cookie-jar -C --continue-at -D --dump-header \
     -e --referer -E --cert -F --form -K --config -m --max-time -o --output -r --range -T --upload-file \
     -w --write-out -x --proxy -y --speed-time -Y --speed-limit -z --time-cond --cacert --capath \
     --connect-timeout --connect-to --interface --key --limit-rate --max-redirs --resolve --retry \
     --retry-delay --retry-max-time --unix-socket --ciphers --dns-servers --keepalive-time --proxy-user \
     --aws-sigv4 --form-string --url-query";

/// Whether `text` looks like a curl command line.
pub(crate) fn is_command(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    matches!(first, "curl" | "curl.exe") && text.trim().len() > first.len()
}

/// The request of a command line for curl, in the quoting of bash or of Windows' `cmd`; `None` if it
/// has no URL.
pub(crate) fn import(command: &str) -> Option<Import> {
    let mut words = words(command).into_iter().skip(1);
    let mut import = Import::default();
    let (mut url, mut method, mut user) = (None, None, None);
    let (mut rows, mut body): (Vec<(String, String)>, Option<String>) = (Vec::new(), None);
    let (mut as_query, mut as_json) = (false, false);

    while let Some(word) = words.next() {
        let (option, attached) = option(&word);
        let mut value = || {
            attached
                .clone()
                .or_else(|| words.next())
                .unwrap_or_default()
        };
        match &*option {
            "" if url.is_none() => url = Some(word),
            "" => import.ignored.push(word),
            "--url" => url = Some(value()),
            "-X" | "--request" => method = Some(value()),
            "-I" | "--head" => method = Some("HEAD".to_owned()),
            "-G" | "--get" => as_query = true,
            "-u" | "--user" => user = Some(value()),
            "--oauth2-bearer" => {
                rows.push(("Authorization".to_owned(), ["Bearer ", &value()].concat()));
            }
            "-H" | "--header" => {
                let header = value();
                // A name and a semicolon: a header without a value.
                let header = match header.strip_suffix(';') {
                    Some(name) if !header.contains(':') => [name, ":"].concat(),
                    _ => header,
                };
                rows.extend(headers::rows(&header));
            }
            "-d" | "--data" | "--data-raw" | "--data-ascii" | "--data-binary"
            | "--data-urlencode" | "--json" => {
                let mut data = value();
                if data.starts_with('@') && option != "--data-raw" {
                    // A file, which a page cannot read.
                    import.ignored.push([&*option, " ", &data].concat());
                    continue;
                }
                if option == "--data-urlencode" {
                    data = encoded(&data);
                }
                // curl joins data with “&”, and the parts of --json without a separator.
                as_json |= option == "--json";
                let separator = if option == "--json" { "" } else { "&" };
                body = Some(match body {
                    Some(before) => [&*before, separator, &data].concat(),
                    None => data,
                });
            }
            name if has(SILENT, name) => {}
            name => {
                if has(WITH_VALUE, name) {
                    value();
                }
                import.ignored.push(option);
            }
        }
    }

    let mut url = url?;
    if as_query && let Some(data) = body.take() {
        let (address, fragment) = match url.split_once('#') {
            Some((address, fragment)) => (address.to_owned(), ["#", fragment].concat()),
            None => (url.clone(), String::new()),
        };
        let separator = if address.contains('?') { "&" } else { "?" };
        url = [&*address, separator, &data, &fragment].concat();
    }
    let has_header = |rows: &[(String, String)], name: &str| {
        rows.iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if let Some(user) = user
        && !has_header(&rows, "authorization")
    {
        let (user, password) = user.split_once(':').unwrap_or((&user, ""));
        rows.push(("Authorization".to_owned(), headers::basic(user, password)));
    }
    if body.is_some() && !has_header(&rows, "content-type") {
        let content_type = if as_json {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        rows.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    // A browser sets these itself, and lets no page set the cookies of a request.
    rows.retain(|(name, _)| {
        let is_dropped = is_forbidden_header(name);
        if is_dropped {
            import.ignored.push(["header ", name].concat());
        }
        !is_dropped
    });
    let method = method.map(|method| method.trim().to_ascii_uppercase());
    import.request = Request {
        url,
        way: Way::Auto,
        method: match method {
            Some(method) if method == "GET" => String::new(),
            Some(method) => method,
            None if body.is_some() => "POST".to_owned(),
            None => String::new(),
        },
        headers: headers::text(rows.iter().map(|(name, value)| (&**name, &**value))),
        body: body.unwrap_or_default(),
        ..Request::default()
    };
    Some(import)
}

/// The option that `word` is, and the value within the same word, if there is one. Empty for a URL.
fn option(word: &str) -> (String, Option<String>) {
    if word.starts_with("--") {
        return (word.to_owned(), None);
    }
    if !word.starts_with('-') || word == "-" {
        return (String::new(), None);
    }
    // Letters that have no value can stand together: -sNX POST, -XPOST.
    let letters: Vec<char> = word.chars().skip(1).collect();
    for (at, letter) in letters.iter().enumerate() {
        let name = ["-", letter.encode_utf8(&mut [0; 4])].concat();
        let rest: String = letters.iter().skip(at + 1).collect();
        if rest.is_empty() {
            return (name, None);
        }
        if "XHdu".contains(*letter) || has(WITH_VALUE, &name) {
            return (name, Some(rest));
        }
        if !has(SILENT, &name) {
            break;
        }
    }
    (word.to_owned(), None)
}

/// Whether `name` is in a list that is separated by spaces.
fn has(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// The value of `--data-urlencode`: `content`, `=content` or `name=content`.
fn encoded(data: &str) -> String {
    let (name, content) = match data.split_once('=') {
        Some((name, content)) => (name, content),
        None => ("", data),
    };
    let content: String = form_urlencoded::byte_serialize(content.as_bytes()).collect();
    match name {
        "" => content,
        name => [name, "=", &content].concat(),
    }
}

/// The words of a command line, without their quotes.
///
/// In `cmd` the escape is `^`, and a line goes on after a `^` at its end. A caret escapes there even
/// within the quotes that browsers copy as `^"`, so a command line that has `^"` or ends a line with `^`
/// is one of `cmd`, unless it has the single quotes of bash, which `cmd` does not know.
fn words(command: &str) -> Vec<String> {
    let is_cmd = !command.contains('\'')
        && ["^\"", "^\n", "^\r\n"]
            .iter()
            .any(|caret| command.contains(caret));
    let text = if is_cmd {
        uncaret(command)
    } else {
        command.to_owned()
    };
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            _ if char.is_whitespace() => words.extend(word.take()),
            '\'' if !is_cmd => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|char| *char != '\''));
            }
            '$' if !is_cmd && chars.peek() == Some(&'\'') => {
                chars.next();
                ansi_c(&mut chars, word.get_or_insert_default());
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(char) = chars.next() {
                    match (char, chars.peek()) {
                        // Windows' programs read "" within quotes as a quote.
                        ('"', Some('"')) if is_cmd => word.extend(chars.next()),
                        ('"', _) => break,
                        // Windows' programs themselves read \" as a quote; bash escapes a few more.
                        ('\\', Some('"' | '\\')) => word.extend(chars.next()),
                        ('\\', Some('$' | '`')) if !is_cmd => word.extend(chars.next()),
                        ('\\', Some('\n')) if !is_cmd => {
                            chars.next();
                        }
                        _ => word.push(char),
                    }
                }
            }
            '\\' if !is_cmd => match chars.next() {
                Some('\n') | None => {}
                Some('\r') if chars.peek() == Some(&'\n') => {
                    chars.next();
                }
                Some(char) => word.get_or_insert_default().push(char),
            },
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

/// `command` after `cmd` has read its carets.
fn uncaret(command: &str) -> String {
    let mut text = String::new();
    let mut chars = command.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '^' {
            text.push(char);
            continue;
        }
        if chars.peek() == Some(&'\r') {
            chars.next();
        }
        match chars.next() {
            // A line break that is itself escaped: `^`, a line break and another one.
            Some('\n') if matches!(chars.peek(), Some('\n')) => {
                chars.next();
                text.push('\n');
            }
            Some('\n') | None => {}
            Some(char) => text.push(char),
        }
    }
    text
}

/// Reads the rest of a `$'…'` of bash into `word`.
fn ansi_c(chars: &mut Peekable<Chars<'_>>, word: &mut String) {
    // Browsers write a character above U+FFFF as the two surrogates of UTF-16.
    let mut high = 0;
    while let Some(char) = chars.next().filter(|char| *char != '\'') {
        if char != '\\' {
            word.push(char);
            continue;
        }
        let Some(escape) = chars.next() else { break };
        let code = match escape {
            'x' => more(chars, 0, 16, 2),
            'u' => more(chars, 0, 16, 4),
            'U' => more(chars, 0, 16, 8),
            '0'..='7' => more(chars, u32::from(escape) - u32::from('0'), 8, 2),
            'n' => 10,
            'r' => 13,
            't' => 9,
            other => u32::from(other),
        };
        match code {
            0xd800..0xdc00 => high = code,
            0xdc00..0xe000 if high > 0 => {
                word.extend(char::from_u32(
                    0x1_0000 + ((high - 0xd800) << 10) + (code - 0xdc00),
                ));
            }
            _ => word.extend(char::from_u32(code)),
        }
    }
}

/// A number that begins with `number` and has at most `digits` more digits.
fn more(chars: &mut Peekable<Chars<'_>>, mut number: u32, radix: u32, digits: u32) -> u32 {
    for _ in 0..digits {
        let Some(digit) = chars.next_if(|char| char.is_digit(radix)) else {
            break;
        };
        number = number.wrapping_mul(radix) + digit.to_digit(radix).unwrap_or_default();
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method, headers, body and URL.
    fn parts(import: &Import) -> [&str; 4] {
        let Request {
            method,
            headers,
            body,
            url,
            ..
        } = &import.request;
        [method, headers, body, url]
    }

    #[test]
    fn command_lines() {
        const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
        for (command, expected) in [
            ("curl http://h/", ["", "", "", "http://h/"]),
            (
                "curl -sN localhost:3000/x -L",
                ["", "", "", "localhost:3000/x"],
            ),
            ("curl -X PUT http://h/", ["PUT", "", "", "http://h/"]),
            ("curl -XPOST http://h/", ["POST", "", "", "http://h/"]),
            (
                "curl --request get --url http://h/",
                ["", "", "", "http://h/"],
            ),
            (
                "curl -H 'a: b c' -H \"d:e\" http://h/",
                ["", "a: b c\nd: e", "", "http://h/"],
            ),
            (
                "curl -Ha:b http://h/ -H 'X-Empty;'",
                ["", "a: b\nX-Empty: ", "", "http://h/"],
            ),
            // A body implies POST and the type of a form.
            (
                "curl http://h/ -d a=b --data c=d",
                ["POST", FORM, "a=b&c=d", "http://h/"],
            ),
            (
                "curl -X PATCH -d a http://h/",
                ["PATCH", FORM, "a", "http://h/"],
            ),
            (
                "curl http://h/ --data-raw @a",
                ["POST", FORM, "@a", "http://h/"],
            ),
            (
                "curl http://h/ --json '{\"a\":1}'",
                [
                    "POST",
                    "Content-Type: application/json",
                    "{\"a\":1}",
                    "http://h/",
                ],
            ),
            (
                "curl http://h/ -H 'content-type: a/b' -d {}",
                ["POST", "content-type: a/b", "{}", "http://h/"],
            ),
            (
                "curl -G -d a=b http://h/#f",
                ["", "", "", "http://h/?a=b#f"],
            ),
            (
                "curl -G 'http://h/?x=1' --data-urlencode 'q=a b&c'",
                ["", "", "", "http://h/?x=1&q=a+b%26c"],
            ),
            (
                "curl -u test:123£ http://h/",
                ["", "Authorization: Basic dGVzdDoxMjPCow==", "", "http://h/"],
            ),
            // bash.
            (
                "curl http://h/ \\\n  -X DELETE \\\r\n  -H 'it'\\''s: x'",
                ["DELETE", "it's: x", "", "http://h/"],
            ),
            (
                "curl http://h/ --data-raw $'it\\'s\\n\\u0021\\x41\\101\\ud83d\\ude00'",
                ["POST", FORM, "it's\n!AA😀", "http://h/"],
            ),
            (
                "curl \"http://h/?\\$a=\\\"b\\\"\\c\"",
                ["", "", "", "http://h/?$a=\"b\"\\c"],
            ),
            (
                "curl http://h/a\\ b -d ''",
                ["POST", FORM, "", "http://h/a b"],
            ),
            // cmd.
            (
                "curl ^\"http://h/?a=b^&c=d^\" ^\r\n  -H ^\"x: y^\" ^\n  --data-raw ^\"^{^\\^\"q^\\^\":1^}^\"",
                [
                    "POST",
                    "x: y\nContent-Type: application/x-www-form-urlencoded",
                    "{\"q\":1}",
                    "http://h/?a=b&c=d",
                ],
            ),
        ] {
            let import = import(command).expect(command);
            assert_eq!(parts(&import), expected, "{command}");
            assert_eq!(import.ignored, Vec::<String>::new(), "{command}");
        }
    }

    #[test]
    fn what_has_no_effect_is_named() {
        let import = import(
            "curl -k -o file --max-time 5 -b a=b http://h/ -d @body.json --http2 -H 'Cookie: a=b' other",
        )
        .expect("a URL");
        assert_eq!(parts(&import), ["", "", "", "http://h/"]);
        let expected = [
            "-k",
            "-o",
            "--max-time",
            "-b",
            "-d @body.json",
            "--http2",
            "other",
        ];
        assert_eq!(import.ignored[..7], expected);
        assert_eq!(import.ignored[7..], ["header Cookie"]);
    }

    #[test]
    fn only_a_command_line_is_one() {
        for (text, expected) in [
            ("curl http://h/", true),
            (" curl.exe -N http://h/", true),
            ("curl", false),
            ("curling http://h/", false),
            ("http://h/curl x", false),
            ("", false),
        ] {
            assert_eq!(is_command(text), expected, "{text:?}");
        }
        assert_eq!(import("curl -s"), None);
        assert_eq!(import("curl 'unclosed"), import("curl unclosed"));
    }

    #[test]
    fn a_copied_request_is_imported_again() {
        for (method, headers, body) in [
            ("", "", ""),
            ("", "X-Empty: \na: it's", ""),
            (
                "POST",
                "Authorization: Bearer it's",
                "{\"q\": \"</script>\n\\u\"}",
            ),
            ("PUT", "content-type: text/x", "@file & $HOME `x` ^\"é😀"),
        ] {
            let request = Request {
                url: "http://h/chat?a=[b]".to_owned(),
                way: Way::Fetch,
                method: method.to_owned(),
                headers: headers.to_owned(),
                body: body.to_owned(),
                ..Request::default()
            };
            let command = request.as_curl(&request.url);
            let import = import(&command).expect("a URL");
            assert_eq!(import.ignored, Vec::<String>::new());
            let again = Request {
                way: Way::Fetch,
                ..import.request
            };
            assert_eq!(again.as_curl(&again.url), command);
            assert_eq!(
                (&again.method, &again.body),
                (&request.method, &request.body)
            );
        }
    }
}
