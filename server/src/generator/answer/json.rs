//! JSON from templates. The keys stay in the order in which a reference prints them, which
//! `serde_json::json!` does not keep.

use std::fmt::{self, Display, Write};

/// A template in which each `$` is replaced by a value. A value is JSON, or a part of a string that needs
/// no escape.
pub(super) fn fill(template: &str, values: &[&dyn Display]) -> String {
    debug_assert_eq!(template.matches('$').count(), values.len(), "{template}");
    let mut json = String::with_capacity(template.len() + 16);
    let mut literals = template.split('$');
    json.extend(literals.next());
    for (literal, value) in literals.zip(values) {
        write!(json, "{value}{literal}").expect("writing to memory");
    }
    json
}

/// A text as a JSON string.
pub(super) struct Quoted<T>(pub(super) T);

impl<T: AsRef<str>> Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0.as_ref()).expect("a text is JSON"))
    }
}
