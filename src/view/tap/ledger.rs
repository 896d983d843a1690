//! The connections of a client, one after the other.

use leptos::prelude::*;

use crate::{clock, tap::Connection};

/// A table of the connections of a client: how each ended, when the next one came, with which last event ID,
/// and what was lost or repeated. Hidden while there is but one.
#[component]
pub(super) fn Ledger(
    connections: Memo<Vec<Connection>>,
    /// The exchange that is shown.
    chosen: RwSignal<Option<u64>>,
) -> impl IntoView {
    let rows = move || {
        let connections = connections.get();
        let rows = connections.into_iter().map(|connection| {
            let is_chosen = chosen.get() == Some(connection.id);
            let (delay, findings) = (connection.delay(), connection.findings());
            let id = |id: Option<String>| id.unwrap_or_else(|| "–".to_owned());
            view! {
                <tr aria-current=is_chosen.then_some("true")>
                    <td>{clock::time_of_day(connection.at)}</td>
                    <td>{delay}</td>
                    <td>{id(connection.sent)}</td>
                    <td>{id(connection.last)}</td>
                    <td class="findings">{findings}</td>
                    <td class="end">{connection.end}</td>
                </tr>
            }
            .into_any()
        });
        rows.collect_view()
    };
    let is_one = Memo::new(move |_| connections.read().len() < 2);
    view! {
        <div class="tap-ledger" hidden=is_one tabindex="0" role="region" aria-label="Connections of this client">
            <table>
                <caption>"Connections of this client"</caption>
                <thead>
                    <tr>
                        <th>"Time"</th>
                        <th title="Since the end of the connection before, and the reconnection time that the stream had set">
                            "Came after"
                        </th>
                        <th title="The header Last-Event-ID">"Sent ID"</th>
                        <th title="The ID of the last event that it received">"Last ID"</th>
                        <th>"Events"</th>
                        <th>"How it ended"</th>
                    </tr>
                </thead>
                <tbody>{move || rows()}</tbody>
            </table>
        </div>
    }
}
