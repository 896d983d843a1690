//! How the page shows the parameters of the server's `/stream`, which the server lists at
//! `/stream/help.json`.

use sse_scope_help::{Help, Parameter, Preset, Text};

use crate::json::Index;

/// Reads the document of the server. Not with serde, whose error messages format floating-point numbers: that
/// would add 9 kB to the page.
pub(super) fn read(json: &str) -> Option<Help> {
    let index = Index::of(json)?;
    let text = |node, key| Some(Text::Owned(index.text(index.member(node, key)?)?));
    let parameter = |node| {
        let choices = index.children(index.member(node, "choices")?);
        Some(Parameter {
            name: text(node, "name")?,
            group: text(node, "group")?,
            about: text(node, "about")?,
            accepts: text(node, "accepts")?,
            default: text(node, "default")?,
            choices: choices
                .map(|choice| index.text(choice).map(Text::Owned))
                .collect::<Option<_>>()?,
        })
    };
    let preset = |node| {
        Some(Preset {
            name: text(node, "name")?,
            about: text(node, "about")?,
            query: text(node, "query")?,
        })
    };
    let parameters = index.children(index.member(0, "parameters")?);
    let presets = index.children(index.member(0, "presets")?);
    Some(Help {
        parameters: parameters.map(parameter).collect::<Option<_>>()?,
        presets: presets.map(preset).collect::<Option<_>>()?,
    })
}

/// The parameters by group.
pub(super) fn groups(help: &Help) -> impl Iterator<Item = &[Parameter]> {
    help.parameters
        .chunk_by(|one, next| one.group == next.group)
}

/// The full description of a parameter.
pub(super) fn description(parameter: &Parameter) -> String {
    [&parameter.about, " Value: ", &parameter.accepts, "."].concat()
}

/// The values to choose from, each with its name. The first one stands for the default.
pub(super) fn options(parameter: &Parameter) -> impl Iterator<Item = (Text, Text)> {
    let default = (Text::Borrowed(""), parameter.default.clone());
    let others = parameter
        .choices
        .iter()
        .filter(|choice| **choice != parameter.default);
    let others = others.map(|choice| (choice.clone(), choice.clone()));
    std::iter::once(default).chain(others)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const JSON: &str = include_str!("help.json");

    pub(in super::super) fn help() -> Help {
        read(JSON).expect("the document of the server")
    }

    #[test]
    fn the_document_is_read_as_serde_reads_it() {
        assert_eq!(help(), serde_json::from_str::<Help>(JSON).expect("JSON"));
        for other in ["", "{}", r#"{"parameters":[{}],"presets":[]}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn the_document_of_the_server_is_read() {
        let help = help();
        let groups: Vec<_> = groups(&help)
            .map(|group| (&*group[0].group, group.len()))
            .collect();
        assert_eq!(groups, [("signal", 3), ("framing", 1), ("resume", 1)]);
        let bom = &help.parameters[3];
        assert_eq!(
            description(bom),
            "Whether the stream begins with a byte order mark, which readers skip. Value: on or off: give 1 or 0."
        );
        let options = |parameter: &Parameter| {
            options(parameter)
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
