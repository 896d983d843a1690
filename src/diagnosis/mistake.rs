//! What can be wrong: the table of mistakes.

/// A mistake of a server, a proxy or a client; or what is said of a stream without one.
macro_rules! mistakes {
    ($($variant:ident $name:literal $source:literal $(mend $mend:literal)?;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mistake {
            $($variant),*
        }

        impl Mistake {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            fn about(self) -> (&'static str, &'static str, &'static str) {
                match self {
                    $(Self::$variant => ($name, $source, concat!("" $(, $mend)?))),*
                }
            }
        }
    };
}

impl Mistake {
    /// The name of its section in docs/faults.md.
    pub(crate) fn name(self) -> &'static str {
        self.about().0
    }

    /// The rule or the measurement that it follows from.
    pub(crate) fn source(self) -> &'static str {
        self.about().1
    }

    /// How it is mended, a line for each framework; empty where nothing is to be mended.
    pub(crate) fn mend(self) -> &'static str {
        self.about().2
    }
}

// Each row: the mistake, its section in docs/faults.md, its source, and its mend.
mistakes! {
    // Framing.
    GzipUnmarked "gzip-unmarked" "RFC 9110, 8.4: Content-Encoding names each coding of the content; RFC 1952, 2.3.1: gzip begins with 1f 8b"
        mend "Send “content-encoding: gzip” with compressed bytes, or do not compress.\nnginx: gzip off; in the location of the stream\nExpress: app.use(compression({ filter: (req, res) => req.path !== '/events' && compression.filter(req, res) }))";
    Utf16 "utf-16" "HTML, 9.2.5: event streams are always UTF-8"
        mend "Encode as UTF-8.\nC#: new StreamWriter(response.Body, new UTF8Encoding(false))\nJava: response.setCharacterEncoding(\"UTF-8\") before getWriter()";
    PageAsStream "page-as-stream" "HTML, 9.2.5: the grammar of event streams"
        mend "The address answers with a page under the content type of a stream: look for an error page or a fallback in the handler.";
    LiteralEscapes "literal-escapes" "HTML, 9.2.5: LF, CR and CRLF end a line; a backslash has no meaning"
        mend "Write real line feeds.\nPHP: echo \"data: $text\\n\\n\"; in double quotation marks\nShell: printf 'data: %s\\n\\n' \"$text\"; not echo\nPython: yield frame, not str(frame.encode()) or json.dumps(frame)";
    NoBlankLine "no-blank-line" "HTML, 9.2.6: an empty line dispatches the event"
        mend "End each event with an empty line.\nNode, Express: res.write(`data: ${text}\\n\\n`)\nFastAPI, Starlette: yield f\"data: {text}\\n\\n\"\nGo: fmt.Fprintf(w, \"data: %s\\n\\n\", text)\nSpring: SseEmitter.send(text), which adds it\naxum: Event::default().data(text), which adds it";
    Ndjson "ndjson" "HTML, 9.2.6: a line without the name of a field is ignored"
        mend "Lines of JSON are another format. Put “data: ” before each object and an empty line after it.\nNode, Express: res.write(`data: ${JSON.stringify(object)}\\n\\n`)\nFastAPI: yield f\"data: {json.dumps(object)}\\n\\n\"";
    BareJson "bare-json" "HTML, 9.2.6: a line without the name of a field is ignored"
        mend "Put “data: ” before the JSON.\nNode, Express: res.write(`data: ${JSON.stringify(object)}\\n\\n`)\nFastAPI: yield f\"data: {json.dumps(object)}\\n\\n\"\nGo: fmt.Fprintf(w, \"data: %s\\n\\n\", json)";
    WrongCase "wrong-case" "HTML, 9.2.6: field names are compared literally"
        mend "Write data, event, id and retry in lower case.";
    SpaceBeforeColon "space-before-colon" "HTML, 9.2.6: the name of a field is everything before the colon"
        mend "Write “data: ”, with the space after the colon.";
    Indented "indented" "HTML, 9.2.6: the name of a field is everything before the colon"
        mend "Begin each line with its field name, without white space before it. Template strings often indent.\nPython: textwrap.dedent(…), or one f-string a line\nJava: in a text block, put the closing quotation marks under the lines, not to the left of them";
    UnknownFields "unknown-fields" "HTML, 9.2.6: other fields are ignored"
        mend "The fields are data, event, id and retry. Put the text into “data: ”.";
    HarmlessFields "unknown-fields" "HTML, 9.2.6: other fields are ignored";
    UnprefixedLines "unprefixed-lines" "HTML, 9.2.6: each line of the data has a data field of its own"
        mend "Put “data: ” before each line of the data, or send the data on one line.\nNode: text.split(/\\r\\n|\\r|\\n/).map(line => `data: ${line}\\n`).join('') + '\\n'\nPython: ''.join(f'data: {line}\\n' for line in re.split('\\r\\n|\\r|\\n', text)) + '\\n'\nSpring: SseEventBuilder event = SseEmitter.event(); text.lines().forEach(event::data);\nJSON: JSON.stringify(object) without an indent";
    WhiteSpaceLine "white-space-line" "HTML, 9.2.6: only an empty line ends an event"
        mend "The line after an event must be empty: no spaces or tabs.";
    EventInComment "event-in-comment" "HTML, 9.2.6: a line that begins with a colon is ignored"
        mend "Remove the colon at the beginning of the line.";
    OnlyComments "only-comments" "HTML, 9.2.6: a line that begins with a colon is ignored";
    FieldTwice "field-twice" "HTML, 9.2.6: each event or id field replaces the value of the one before"
        mend "If these are two events, an empty line is missing between them.";
    NoData "no-data" "HTML, 9.2.6: if the data buffer is empty, nothing is dispatched"
        mend "Give the event a data field, an empty one if need be: “data:”.";
    NeverEnds "never-ends" "HTML, 9.2.6: an empty line dispatches the event"
        mend "Write the whole event, with its empty line, and flush it.";
    LargeEvent "never-ends" "HTML, 9.2.6: an empty line dispatches the event";
    TooLarge "too-large" "a bound of this page";
    BomInside "bom-inside" "HTML, 9.2.5: only one byte order mark, at the beginning of the stream, is skipped"
        mend "Write no byte order mark.\nC#: new UTF8Encoding(false)\nPython: encoding=\"utf-8\", not \"utf-8-sig\"";
    EmptyId "empty-id" "HTML, 9.2.6 and 9.2.3: an empty id resets the last event ID, and an empty one is not sent"
        mend "Send the ID of the event, or no id field at all. An undefined variable often is the cause.";
    NulId "nul-id" "HTML, 9.2.6: an id field that contains U+0000 is ignored"
        mend "Send the ID as text, without a terminating U+0000.";
    RetryNotANumber "retry-not-a-number" "HTML, 9.2.6: a retry field is ignored unless it consists of ASCII digits only"
        mend "Write the time in milliseconds, in digits only: “retry: 5000”.";
    RetryZero "retry-zero" "HTML, 9.2.6: the value is in milliseconds"
        mend "Send a time such as “retry: 3000”: clients that lost a server would all come back at once.";
    RetrySmall "retry-small" "HTML, 9.2.6: the value is in milliseconds"
        mend "The value is in milliseconds: “retry: 5000” is five seconds.";
    RetryLong "retry-long" "HTML, 9.2.6: the value is in milliseconds"
        mend "A client that loses the connection is away for this long. Send a time such as “retry: 3000”.";
    NotUtf8 "not-utf-8" "HTML, 9.2.5, and Encoding, 4.5: bytes that are not UTF-8 become U+FFFD"
        mend "Encode as UTF-8.\nPython: text.encode(\"utf-8\")\nJava: response.setCharacterEncoding(\"UTF-8\") before getWriter()\nPHP: mb_convert_encoding($text, 'UTF-8', 'Windows-1252')";

    // Types.
    OwnErrorEvent "own-error-event" "HTML, 9.2.2 and 9.2.6: event types are not reserved"
        mend "Give it another type, such as “problem”: onerror receives the lost connections too.";
    OwnOpenEvent "own-open-event" "HTML, 9.2.2 and 9.2.6: event types are not reserved"
        mend "Give it another type, such as “ready”: onopen receives the openings too.";
    NotSubscribed "not-subscribed" "HTML, 9.2.6: an event is dispatched to the listeners of its type; onmessage has those of type message"
        mend "source.addEventListener('TYPE', event => …) for each type, or no event field on the server.";

    // The answer.
    Page "page-instead" "HTML, 9.2.3: any content type but text/event-stream fails the connection"
        mend "A page was sent in place of the stream: a fallback to index.html, a login, or an error page. Check the path, and the routes before the fallback.\nVite: server: { proxy: { '/events': 'http://localhost:3000' } }\nnginx: location /events { proxy_pass http://backend; } before the fallback";
    WrongType "wrong-type" "HTML, 9.2.3: any content type but text/event-stream fails the connection"
        mend "Send “content-type: text/event-stream”.\nNode, Express: res.set('Content-Type', 'text/event-stream')\nFastAPI, Starlette: StreamingResponse(events(), media_type=\"text/event-stream\")\nSpring: return an SseEmitter, not a ResponseBodyEmitter; with a Flux: produces = MediaType.TEXT_EVENT_STREAM_VALUE\nGo: w.Header().Set(\"Content-Type\", \"text/event-stream\")\nPHP: header('Content-Type: text/event-stream');\naxum: return Sse::new(stream)";
    MissingType "missing-type" "HTML, 9.2.3; Chromium holds up to 1 kB back to guess the type"
        mend "Send “content-type: text/event-stream”.\nNode: res.writeHead(200, { 'Content-Type': 'text/event-stream' })";
    Charset "charset" "HTML, 9.2.5: always UTF-8; Chromium refuses any other charset"
        mend "Send “content-type: text/event-stream”, without a charset or with charset=utf-8.\nJava: response.setCharacterEncoding(\"UTF-8\") before getWriter()";
    NoContent "no-content" "HTML, 9.2.3: 204 asks clients to stop reconnecting"
        mend "That is how a server ends a stream for good. If it was not meant, answer 200 with an empty stream that stays open.";
    Unauthorized "unauthorized" "RFC 9110, 15.5.2"
        mend "An EventSource sends cookies (to another origin only with { withCredentials: true }), but cannot send Authorization: use fetch for that, or a short-lived token in the URL.";
    Forbidden "forbidden" "RFC 9110, 15.5.4"
        mend "The server knows the request and refuses it: check rights, CSRF guards and allowed origins.";
    NotFound "not-found" "RFC 9110, 15.5.5"
        mend "Check the path, and that the proxy in front of the server passes it on unchanged.";
    TooManyRequests "too-many-requests" "RFC 6585, 4; RFC 9110, 10.2.3"
        mend "Wait as long as Retry-After says. A browser's EventSource gives up after this status.";
    Unavailable "unavailable" "RFC 9110, 15.6.4 and 10.2.3"
        mend "Wait as long as Retry-After says. A browser's EventSource gives up after this status.";
    ServerError "server-error" "RFC 9110, 15.6.1"
        mend "The handler failed before the stream began: see the log of the server.";
    BadGateway "bad-gateway" "RFC 9110, 15.6.3 and 15.6.5"
        mend "The proxy did not get an answer from the server behind it: is it running, and on the port that the proxy is set to?";
    Status "status" "HTML, 9.2.3: any status but 200 fails the connection"
        mend "Answer with status 200.";

    // The origin.
    CorsMissing "cors-missing" "Fetch, “CORS check”"
        mend "Send “access-control-allow-origin” with the page's origin, or with * if no cookies are sent.\nNode, Express: app.use(cors()) before the route of the stream\nFastAPI: app.add_middleware(CORSMiddleware, allow_origins=[\"https://app.example\"])\nSpring: @CrossOrigin(\"https://app.example\")\nGo: w.Header().Set(\"Access-Control-Allow-Origin\", \"https://app.example\")\naxum: CorsLayer::new().allow_origin(\"https://app.example\".parse::<HeaderValue>()?)\nnginx: add_header Access-Control-Allow-Origin https://app.example always;";
    CorsHidden "cors-hidden" "Fetch, “CORS check”; “opaque filtered response”"
        mend "See the headers in the answer to curl -i -H 'Origin: https://app.example' URL, or press “Use relay” where it is offered. The header access-control-allow-origin must be there once, and be * or the page's origin.";
    CorsOther "cors-other-origin" "Fetch, “CORS check”: the value must be the origin of the page, byte by byte"
        mend "Allow this page's origin: scheme, host and port, without a slash at the end. For several origins answer with the one in the request's header Origin, and send “vary: origin”.";
    CorsTwice "cors-twice" "Fetch, “CORS check”: several values are combined, and no origin equals that"
        mend "Set the header in one place only: in the application or in the proxy.\nnginx: proxy_hide_header Access-Control-Allow-Origin; before add_header";
    CorsStar "cors-star" "Fetch, “CORS check”: * does not count for a request with credentials"
        mend "Answer with the origin in the request's header Origin, “access-control-allow-credentials: true” and “vary: origin”; or make the request without credentials.\nNode, Express: cors({ origin: 'https://app.example', credentials: true })\nFastAPI: CORSMiddleware with allow_origins=[\"https://app.example\"], allow_credentials=True\nSpring: @CrossOrigin(origins = \"https://app.example\", allowCredentials = \"true\")";
    CorsCredentials "cors-credentials" "Fetch, “CORS check”: a request with credentials needs access-control-allow-credentials: true"
        mend "Send “access-control-allow-credentials: true”, and the page's origin in place of *.\nNode, Express: cors({ origin: 'https://app.example', credentials: true })\nFastAPI: CORSMiddleware with allow_credentials=True\nSpring: @CrossOrigin(origins = \"https://app.example\", allowCredentials = \"true\")";
    CorsOnError "cors-on-error" "Fetch, “CORS check”: it comes before the status"
        mend "Send the header with errors too: often a handler or a proxy answers before CORS is set.\nnginx: add_header … always;\nNode, Express: app.use(cors()) before everything else";
    Preflight "preflight" "Fetch, “CORS-preflight fetch”; “CORS-safelisted request-header” does not include Last-Event-ID"
        mend "Answer OPTIONS with status 204, “access-control-allow-origin”, and “access-control-allow-headers: last-event-id”. An EventSource needs no preflight: only fetch does.";
    MixedContent "mixed-content" "Mixed Content, “Should fetching request be blocked as mixed content?”"
        mend "Serve the stream by https:, or under the page's own origin by a proxy.";
    WrongScheme "wrong-scheme" "found by requests with both schemes"
        mend "Change the scheme of the URL, or the port.";

    // No answer.
    SixConnections "six-connections" "RFC 9112, 9.4; browsers open six connections to one server by HTTP/1.1, for all tabs together"
        mend "Serve by HTTP/2, where 100 streams share a connection; close streams of tabs that are hidden; or share one among the tabs in a SharedWorker or by BroadcastChannel.\nnginx: listen 443 ssl; http2 on;";
    NoServer "no-server" "HTML, 9.2.3: after a network error the browser tries again";
    GaveUp "gave-up" "HTML, 9.2.3: the browser fails the connection for good, and does not expose why"
        mend "“curl -i -H 'Origin: https://app.example'” shows status, content type and CORS headers.";
    NoResponse "no-response" "Fetch, 4.1: a network error exposes no cause to the page"
        mend "Where the relay is offered, press “Use relay”: it reports why. If the server answers curl, CORS is missing: send “access-control-allow-origin”.";
    NameNotFound "name-not-found" "the system's resolver"
        mend "Check the spelling of the host name.";
    Refused "refused" "RFC 9293, 3.5.2: a reset answers a connection to a port where nothing listens"
        mend "Start the server, or correct the port. A server in a container must listen on 0.0.0.0, not on 127.0.0.1.";
    Reset "reset" "RFC 9293, 3.5.2";
    EmptyAnswer "empty-answer" "RFC 9112, 9.6"
        mend "The server accepts connections and closes them without an answer: see its log. HTTP to a port for HTTPS does this too.";
    NotHttp "not-http" "RFC 9112, 2"
        mend "Another protocol is spoken at this port: check port and scheme.";
    Tls "tls" "RFC 8446; RFC 5280, 6"
        mend "See what is wrong with the certificate in the sentence.";
    Redirects "redirects" "Fetch, 4.4: at most 20 redirections"
        mend "Let the address answer itself. A slash at the end of the path, or http and https behind a proxy, often are the cause.";
    NoAnswerInTime "no-answer-in-time" "measured by the relay"
        mend "Flush the head before the first event.\nNode: res.flushHeaders()\nGo: w.(http.Flusher).Flush()\nJava: response.flushBuffer()";
    WrongEncoding "wrong-encoding" "RFC 9110, 8.4: Content-Encoding names the codings of the content"
        mend "Remove “content-encoding”, or compress as it says. A proxy that decompresses must remove the header.";
    NotFlushed "not-flushed" "measured by the relay, with and without Accept-Encoding at the same time"
        mend "Flush the compressor after each event, or do not compress the stream.\nExpress with compression: res.flush() after each res.write(…)\nNode: zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH })\nGo: gz.Flush(), then w.(http.Flusher).Flush()";
    HeadNotFlushed "head-not-flushed" "measured: the head and the first bytes arrive together, after 2 s or more"
        mend "Flush the head before the first event.\nNode: res.flushHeaders()\nGo: w.(http.Flusher).Flush()\nJava: response.flushBuffer()";
    NotReached "not-reached" "reported by the relay";
    NotRelayed "not-relayed" "a guard of the relay";

    // The course.
    DoneAndAgain "done-and-again" "HTML, 9.2.3: after the end of a response the client reconnects"
        mend "Close the stream at the last event: if (event.data === '[DONE]') source.close(). A server can end reconnection with status 204.";
    FiniteInLoop "finite-in-loop" "HTML, 9.2.3: after the end of a response the client reconnects"
        mend "A finite answer is no event stream to a browser: close it at an event that marks the end, answer 204 to the next request, or use fetch.";
    Polling "finite-in-loop" "HTML, 9.2.3: after the end of a response the client reconnects";
    IdsRestarted "ids-restarted" "HTML, 9.2.3: a client sends the last event ID, and the server resumes after it"
        mend "Read the header and continue after it.\nNode, Express: const last = Number(req.get('Last-Event-ID') ?? -1)\nFastAPI: last_event_id: str | None = Header(None)\nSpring: @RequestHeader(name = \"Last-Event-ID\", required = false) String last\nGo: r.Header.Get(\"Last-Event-ID\")";
    IdsRepeated "ids-repeated" "HTML, 9.2.3: a client sends the last event ID, and the server resumes after it"
        mend "Resume after the ID in Last-Event-ID, not at it.";
    IdsGap "ids-gap" "HTML, 9.2.3: a client sends the last event ID, and the server resumes after it"
        mend "Keep the events of the last minutes, and send those after Last-Event-ID first.";
    CutAfterSilence "cut-after-silence" "measured over the connections; nginx: proxy_read_timeout, 60 s"
        mend "Send a comment (“: ”) more often than that.\nnginx: proxy_read_timeout 1h;\nAWS: the idle timeout of the load balancer, 60 s by default";
    Renewal "renewal" "measured over the connections";
    Buffered "buffered" "measured: the reads end where buffers are full, within events that are older"
        mend "Turn buffering off, and flush after each event.\nnginx: proxy_buffering off; or the header “x-accel-buffering: no”\nApache with PHP-FPM: ProxyPass … flushpackets=on\nExpress with compression: res.flush()\nGo: w.(http.Flusher).Flush()\nJava: response.flushBuffer() after each event";
    Batches "batches" "measured";

    // The end.
    Silent "silent" "HTML, 9.2.7: a comment each 15 s keeps proxies from closing"
        mend "A heartbeat would show that the connection is alive: a line with a colon, every 15 s.\nNode: setInterval(() => res.write(':\\n\\n'), 15000)\nSpring: emitter.send(SseEmitter.event().comment(\"\")) every 15 s";
    SilentBySubscription "silent-by-subscription" "HTML, 9.2.6: an event is dispatched to the listeners of its type"
        mend "Press “Use fetch” to see every type, and comments; or add the type to the event types of the request.";
    CutInside "cut-inside" "HTML, 9.2.6: at the end of the stream, pending data is discarded"
        mend "Write whole events, and end the last one with an empty line before the response ends.";
    BrokeOff "broke-off" "RFC 9112, 8: a message is incomplete without its end";
    AnswerCut "answer-cut" "the API that the events are of: OpenAI and compatible APIs end with [DONE], Anthropic's with message_stop"
        mend "Treat a stream without its last message as an error, whatever its status.";
    AnswerComplete "ended" "the API that the events are of";
    Ended "ended" "HTML, 9.2.3";
    TooFast "too-fast" "a bound of this page";
    ClosedByUser "ended" "HTML, 9.2.2: close()";
}
