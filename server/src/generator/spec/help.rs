//! The table of parameters as text, for people with curl, and as JSON, for the page.

use std::fmt::Write;

use sse_scope_help::{Help, Parameter, Preset, Text};

use super::table::{Group, PARAMETERS, PRESETS};

/// The names of all parameters: `a, b and c`.
pub(super) fn names() -> String {
    let mut names = String::new();
    for (index, parameter) in PARAMETERS.iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == PARAMETERS.len() => " and ",
            _ => ", ",
        };
        names += before;
        names += parameter.name;
    }
    names
}

/// The table as text.
pub(crate) fn text() -> String {
    let mut text = String::from(
        "GET /stream sends the event stream that its query asks for. All parameters are optional\n\
         and can be combined. Without any, the stream is a `connecttime`, then the date once a second.\n\
         Durations: 250ms, 2s or a number of ms. Sizes: 90, 64k or 1m.\n",
    );
    let mut line = |args: std::fmt::Arguments| {
        text.write_fmt(args).expect("writing to memory");
        text.push('\n');
    };
    for group in Group::ALL {
        line(format_args!("\n{}", group.name().to_uppercase()));
        for parameter in PARAMETERS.iter().filter(|one| one.group == group) {
            line(format_args!("\n  {}", parameter.name));
            line(format_args!("      {}", parameter.about));
            line(format_args!("      Value: {}.", parameter.accepts));
            line(format_args!("      Default: {}.", parameter.default));
        }
    }
    line(format_args!("\nPRESETS"));
    for preset in PRESETS {
        line(format_args!("\n  {}: {}", preset.name, preset.about));
        line(format_args!("      /stream?{}", preset.query));
    }
    text
}

/// The table as JSON.
pub(crate) fn json() -> String {
    let parameters = PARAMETERS.iter().map(|parameter| Parameter {
        name: parameter.name.into(),
        group: parameter.group.name().into(),
        about: parameter.about.into(),
        accepts: parameter.accepts.into(),
        default: parameter.default.into(),
        choices: parameter
            .choices
            .iter()
            .map(|choice| Text::from(*choice))
            .collect(),
    });
    let presets = PRESETS.iter().map(|preset| Preset {
        name: preset.name.into(),
        about: preset.about.into(),
        query: preset.query.into(),
    });
    let help = Help {
        parameters: parameters.collect(),
        presets: presets.collect(),
    };
    serde_json::to_string(&help).expect("texts can be written as JSON")
}
