//! Merging objects.

use super::{Index, decoded};

/// The members of two JSON objects in one. A member of `more` replaces that of `object` with the same key.
/// What is not JSON has no members.
pub(crate) fn merged(object: &str, more: &str) -> String {
    let (object, more) = (Index::of(object), Index::of(more));
    let is_replaced = |key: &str| {
        let more = more.as_ref();
        more.is_some_and(|more| more.member(0, &decoded(key)).is_some())
    };
    let mut out = String::from("{");
    for (index, may_be_replaced) in [(&object, true), (&more, false)] {
        let Some(index) = index else { continue };
        for member in index.children(0) {
            let key = index.key(member).unwrap_or_default();
            if may_be_replaced && is_replaced(key) {
                continue;
            }
            if out.len() > 1 {
                out.push(',');
            }
            for part in [key, ":", index.value(member)] {
                out.push_str(part);
            }
        }
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn members_of_the_second_object_replace_those_of_the_first() {
        for (object, more, expected) in [
            ("{}", "{}", "{}"),
            (r#"{"a":1}"#, "{}", r#"{"a":1}"#),
            ("{}", r#"{"b":[2, {}]}"#, r#"{"b":[2, {}]}"#),
            (
                r#"{"a" : 1,"b":"x,y","c":{"d":1}}"#,
                r#"{"\u0061":2,"e":null}"#,
                r#"{"b":"x,y","c":{"d":1},"\u0061":2,"e":null}"#,
            ),
            (r#"{"a":1}"#, "no JSON", r#"{"a":1}"#),
        ] {
            assert_eq!(merged(object, more), expected);
        }
    }
}
