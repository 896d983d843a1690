//! The parameters of the server's `/stream`, as it lists them at `/stream/help.json`.

use serde::Deserialize;

/// The contents of `/stream/help.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Help {
    pub(super) parameters: Vec<Parameter>,
    pub(super) presets: Vec<Preset>,
}

/// A parameter of `/stream`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The heading under which the parameter is listed. The parameters of a group follow one another.
    pub(super) group: String,
    /// What it does, in a sentence.
    pub(super) about: String,
    /// Which values are accepted.
    pub(super) accepts: String,
    /// What applies without it: a value, or words.
    pub(super) default: String,
    /// All values that are accepted; none if they cannot be listed.
    pub(super) choices: Vec<String>,
}

/// A useful combination of parameters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Preset {
    pub(super) name: String,
    /// What the stream is good for, in a sentence.
    pub(super) about: String,
    pub(super) query: String,
}

impl Help {
    /// The parameters by group.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[Parameter]> {
        self.parameters
            .chunk_by(|one, next| one.group == next.group)
    }
}

impl Parameter {
    /// The full description.
    pub(super) fn description(&self) -> String {
        [&self.about, " Value: ", &self.accepts, "."].concat()
    }

    /// The values to choose from, each with its name. The first one stands for the default.
    pub(super) fn options(&self) -> Vec<(String, String)> {
        let default = (String::new(), self.default.clone());
        let others = self
            .choices
            .iter()
            .filter(|choice| **choice != self.default);
        [default]
            .into_iter()
            .chain(others.map(|choice| (choice.clone(), choice.clone())))
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn help() -> Help {
        serde_json::from_str(include_str!("help.json")).expect("the document of the server")
    }

    #[test]
    fn the_document_of_the_server_is_read() {
        let help = help();
        let groups: Vec<_> = help
            .groups()
            .map(|group| (&*group[0].group, group.len()))
            .collect();
        assert_eq!(groups, [("signal", 3), ("framing", 1), ("resume", 1)]);
        let bom = &help.parameters[3];
        assert_eq!(
            bom.description(),
            "Whether the stream begins with a byte order mark, which readers skip. Value: on or off: give 1 or 0."
        );
        let options = |parameter: &Parameter| {
            let options = parameter.options().into_iter();
            options
                .map(|(value, name)| [value, name].join("="))
                .collect::<Vec<_>>()
        };
        assert_eq!(options(bom), ["=0", "1=1"]);
        assert_eq!(
            options(&help.parameters[2]),
            [
                "=clock; with size seq; with corrupt=bare-json json",
                "clock=clock",
                "seq=seq",
                "json=json",
                "tokens=tokens"
            ],
            "words for the default are none of the choices"
        );
        assert_eq!(help.presets[0].query, "data=tokens&interval=30ms&count=200");
    }
}
