//! WebDriver BiDi: commands to a browser over a WebSocket, and the events that it reports there.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::Mutex};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// A session of WebDriver by its WebSocket.
pub(super) struct BiDi(Mutex<Connection>);

struct Connection {
    socket: WebSocketStream<TcpStream>,
    /// The number of the last command.
    last: u64,
    /// The events that arrived before they were asked for.
    events: Vec<Value>,
}

impl BiDi {
    /// Connects to `url`, which a driver returns for the capability `webSocketUrl`, and subscribes to
    /// the events `name`.
    pub(super) async fn connect(url: &str, name: &str) -> Self {
        let address = url
            .strip_prefix("ws://")
            .and_then(|url| url.split('/').next());
        let address = address.unwrap_or_else(|| panic!("{url} is no address of a WebSocket"));
        let stream = TcpStream::connect(address).await;
        let stream = stream.unwrap_or_else(|error| panic!("{url}: {error}"));
        let socket = client_async(url, stream).await;
        let (socket, _) = socket.unwrap_or_else(|error| panic!("{url}: {error}"));
        let bidi = Self(Mutex::new(Connection {
            socket,
            last: 0,
            events: Vec::new(),
        }));
        let subscription = json!({ "events": [name] });
        bidi.command("session.subscribe", subscription).await;
        bidi
    }

    /// Sends a command and returns its result.
    pub(super) async fn command(&self, method: &str, params: Value) -> Value {
        let mut connection = self.0.lock().await;
        connection.last += 1;
        let id = connection.last;
        let command = json!({ "id": id, "method": method, "params": params });
        let command = Message::text(command.to_string());
        let sent = connection.socket.send(command).await;
        sent.unwrap_or_else(|error| panic!("{method}: {error}"));
        loop {
            let message = connection.receive().await;
            if message["id"] == id {
                assert_eq!(message["type"], "success", "{method}: {message:#}");
                return message["result"].clone();
            }
            connection.events.push(message);
        }
    }

    /// The parameters of the next event.
    pub(super) async fn event(&self) -> Value {
        let mut connection = self.0.lock().await;
        let event = match connection.events.is_empty() {
            true => connection.receive().await,
            false => connection.events.remove(0),
        };
        event["params"].clone()
    }
}

impl Connection {
    async fn receive(&mut self) -> Value {
        loop {
            let message = self.socket.next().await.expect("the browser is there");
            if let Message::Text(text) = message.expect("a message") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }
}
