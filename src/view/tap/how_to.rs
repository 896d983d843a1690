//! What the panel shows while there is no exchange.

use leptos::prelude::*;

use super::{super::detail::CopyButton, taps::Taps};
use crate::tap::Tap;

/// How to have a client speak through a tap.
#[component]
pub(super) fn HowTo(taps: Taps) -> impl IntoView {
    let commands = Memo::new(move |_| commands(taps.list.read().taps()));
    let lines = move || {
        let lines = commands.get().into_iter();
        let lines = lines.map(|line| view! { <Line line=line /> }.into_any());
        lines.collect_view()
    };
    view! {
        <div class="how-to">
            <p>
                "Nothing has passed through a tap yet. Set the base URL of a client to the address of a tap, and \
                 change nothing else: what it and its server say to each other is shown here."
            </p>
            {move || lines()}
            <p>"For another server, start this program with another tap:"</p>
            <Line line="sse-scope-server --tap http://localhost:3000".to_owned() />
        </div>
    }
}

/// A command, and a button that copies it.
#[component]
fn Line(line: String) -> impl IntoView {
    let command = line.clone();
    view! {
        <div class="command">
            <code>{line}</code>
            <CopyButton
                label="Copy"
                hidden=Signal::stored(false)
                text=Callback::new(move |()| command.clone())
            />
        </div>
    }
}

/// Commands to try each tap with.
fn commands(taps: &[Tap]) -> Vec<String> {
    let each = taps.iter().flat_map(|tap| {
        let origin = ["http://", &tap.listen].concat();
        [
            ["curl -N ", &origin, "/"].concat(),
            ["OPENAI_BASE_URL=", &origin, "/v1 python app.py"].concat(),
        ]
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_have_the_addresses_of_the_taps() {
        let tap = |name: &str, listen: &str| Tap {
            name: name.to_owned(),
            listen: listen.to_owned(),
            url: "http://localhost:3000/".to_owned(),
        };
        assert_eq!(
            commands(&[tap("a", "127.0.0.1:8845"), tap("b", "[::1]:9")]),
            [
                "curl -N http://127.0.0.1:8845/",
                "OPENAI_BASE_URL=http://127.0.0.1:8845/v1 python app.py",
                "curl -N http://[::1]:9/",
                "OPENAI_BASE_URL=http://[::1]:9/v1 python app.py",
            ]
        );
        assert!(commands(&[]).is_empty());
    }
}
