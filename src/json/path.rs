//! Where a value is, in JSONPath (RFC 9535).

use super::{Index, decoded, escape_char};

/// The path from the whole to a node: `$.choices[0].delta['two words']`.
pub(crate) fn path(index: &Index, node: usize) -> String {
    let mut nodes: Vec<usize> =
        std::iter::successors(Some(node), |node| index.parent(*node)).collect();
    nodes.pop();
    let mut path = "$".to_owned();
    for node in nodes.into_iter().rev() {
        match index.key(node) {
            Some(key) => push_key(&decoded(key), &mut path),
            None => {
                path.push('[');
                path.push_str(&index.get(node).place.to_string());
                path.push(']');
            }
        }
    }
    path
}

fn push_key(key: &str, path: &mut String) {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_identifier =
        key.starts_with(is_first) && key.chars().all(|c| is_first(c) || c.is_ascii_digit());
    if is_identifier {
        path.push('.');
        path.push_str(key);
        return;
    }
    path.push_str("['");
    for c in key.chars() {
        match c {
            '\'' => path.push_str("\\'"),
            '\\' => path.push_str("\\\\"),
            c if c.is_control() => escape_char(c, path),
            c => path.push(c),
        }
    }
    path.push_str("']");
}

#[cfg(test)]
mod tests {
    use super::{super::index::tests::index, *};

    #[test]
    fn a_path_has_names_places_and_quoted_keys() {
        let json =
            r#"{"choices":[{"a b":1,"it's":[2,3]}],"":4,"\n\\":5,"0x":6,"_x1":7,"\u0061":8}"#;
        let index = index(json, usize::MAX);
        let paths: Vec<String> = (0..index.len()).map(|node| path(&index, node)).collect();
        assert_eq!(
            paths,
            [
                "$",
                "$.choices",
                "$.choices[0]",
                "$.choices[0]['a b']",
                r"$.choices[0]['it\'s']",
                r"$.choices[0]['it\'s'][0]",
                r"$.choices[0]['it\'s'][1]",
                "$['']",
                r"$['\n\\']",
                "$['0x']",
                "$._x1",
                "$.a",
            ]
        );
    }
}
