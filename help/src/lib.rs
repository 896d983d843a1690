//! The document at `/stream/help.json`: the parameters of `/stream` and useful combinations of them. The
//! server writes it from the table that its parser uses, and the page makes a form of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text that the server borrows from its table and the page owns.
pub type Text = Cow<'static, str>;

/// The contents of `/stream/help.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Help {
    /// All parameters; those of a group follow one another.
    pub parameters: Vec<Parameter>,
    /// Useful combinations of parameters.
    pub presets: Vec<Preset>,
}

/// A parameter of `/stream`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name in a query.
    pub name: Text,
    /// The heading under which the parameter is listed.
    pub group: Text,
    /// What it does, in a sentence.
    pub about: Text,
    /// Which values are accepted.
    pub accepts: Text,
    /// What applies without it: a value, or words.
    pub default: Text,
    /// All values that are accepted; none if they cannot be listed.
    pub choices: Vec<Text>,
}

/// A useful combination of parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// A few words.
    pub name: Text,
    /// What the stream is good for, in a sentence.
    pub about: Text,
    /// The query of the stream, without `?`.
    pub query: Text,
}
