//! The mends of docs/faults.md, in the frameworks and proxies that they are for: each small server has a fault at
//! `/MISTAKE/fault`, and the same with its mend at `/MISTAKE/mend`. `make test-mends` installs what they need.

mod raw;

use std::{
    convert::Infallible,
    env, fs,
    net::TcpListener,
    ops::Deref,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{
        IntoResponse,
        sse::{Event, Sse},
    },
    routing::get,
};
use futures_util::{StreamExt, stream};
use sse_wire::{Content, Reader};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use raw::PATIENCE;

/// For how long a fault is looked at.
const FAULT: Duration = Duration::from_millis(1_500);

/// What arrived of an answer.
#[derive(Debug, Default)]
struct Answer {
    head: String,
    body: Vec<u8>,
    /// The data and the last event ID of each event.
    events: Vec<(String, String)>,
    is_over: bool,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut named = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.next().map_or("", |(_, value)| value)
    }

    fn dispatches(&self) -> bool {
        self.events.len() > 1
    }

    fn has_a_head(&self) -> bool {
        !self.head.is_empty()
    }

    fn is_a_stream(&self) -> bool {
        self.header("content-type").starts_with("text/event-stream")
    }

    /// Without a charset, or with the one that Chromium accepts.
    fn is_of_no_other_charset(&self) -> bool {
        let value = self.header("content-type").to_ascii_lowercase();
        self.is_a_stream() && (!value.contains("charset=") || value.ends_with("charset=utf-8"))
    }

    fn is_not_compressed(&self) -> bool {
        self.has_a_head() && self.header("content-encoding").is_empty()
    }

    /// After `Last-Event-ID: 2`.
    fn is_resumed(&self) -> bool {
        self.events.first().is_some_and(|(_, id)| id == "3")
    }

    fn has_two_lines(&self) -> bool {
        self.events
            .first()
            .is_some_and(|(data, _)| data.starts_with("a\nb"))
    }

    fn is_utf8(&self) -> bool {
        self.dispatches()
            && !self
                .events
                .iter()
                .any(|(data, _)| data.contains('\u{FFFD}'))
    }

    fn has_all_events(&self) -> bool {
        // The first byte order mark of a stream is skipped.
        self.dispatches() && !self.body.windows(3).any(|part| part == b"\xEF\xBB\xBF")
    }

    fn has_a_heartbeat(&self) -> bool {
        self.body.starts_with(b":\n\n")
    }

    /// To a page of `https://app.example`.
    fn allows(&self) -> bool {
        let lines = self.head.lines();
        let named = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default();
            name.eq_ignore_ascii_case("access-control-allow-origin")
        };
        let value = self.header("access-control-allow-origin");
        lines.filter(named).count() == 1 && ["*", "https://app.example"].contains(&value)
    }

    /// The same with credentials, for which `*` does not count.
    fn allows_credentials(&self) -> bool {
        self.header("access-control-allow-origin") == "https://app.example"
            && self.header("access-control-allow-credentials") == "true"
    }

    fn has_no_literal_escapes(&self) -> bool {
        self.dispatches() && !self.body.contains(&b'\\')
    }

    fn is_no_page(&self) -> bool {
        self.has_a_head() && !self.header("content-type").starts_with("text/html")
    }
}

/// A mistake, and what holds once it is mended.
type Mend<'a> = (&'a str, fn(&Answer) -> bool);

/// Requests `url` until `condition` holds for what arrived, the answer is over, or the time is.
async fn look(url: &str, condition: fn(&Answer) -> bool, time: Duration) -> Answer {
    let mut curl = Command::new("curl")
        .args([
            "--silent",
            "--no-buffer",
            "--dump-header",
            "-",
            "--compressed",
        ])
        .args(["--header", "origin: https://app.example"])
        .args(["--header", "last-event-id: 2", url])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("curl starts");
    let mut output = curl.stdout.take().expect("piped");
    let mut answer = Answer::default();
    let mut received = Vec::new();
    let reading = async {
        while !condition(&answer) {
            let mut part = vec![0; 65_536];
            let len = output.read(&mut part).await.expect("a pipe");
            received.extend_from_slice(&part[..len]);
            answer = read(&received);
            if len == 0 {
                answer.is_over = true;
                break;
            }
        }
    };
    let _ = timeout(time, reading).await;
    answer
}

fn read(received: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let Some(end) = received.windows(4).position(|part| part == b"\r\n\r\n") else {
        return answer;
    };
    answer.head = String::from_utf8_lossy(&received[..end]).into_owned();
    answer.body = received[end + 4..].to_vec();
    let events = &mut answer.events;
    Reader::default().read(&answer.body, |item| {
        if let Content::Event(event) = item.content {
            events.push((event.data.to_owned(), event.last_event_id.to_owned()));
        }
    });
    answer
}

/// Sees at `fault` that `is_well` does not hold, and at `mend` that it does.
async fn compare(fault: &str, mend: &str, is_well: fn(&Answer) -> bool) {
    let found = look(fault, is_well, FAULT).await;
    let is_answered = found.head.is_empty()
        || ["HTTP/1.1 200", "HTTP/1.1 500"]
            .iter()
            .any(|status| found.head.starts_with(status));
    assert!(
        !is_well(&found) && is_answered,
        "{fault} is no fault: {found:?}"
    );
    let found = look(mend, is_well, PATIENCE).await;
    assert!(is_well(&found), "{mend} is no mend: {found:?}");
}

/// The mistakes that a small server at `origin` makes and mends.
async fn compare_all(origin: &str, mistakes: &[Mend<'_>]) {
    for (mistake, is_well) in mistakes {
        let path = |path| format!("{origin}/{mistake}/{path}");
        compare(&path("fault"), &path("mend"), *is_well).await;
    }
}

/// A program that ends with the test, and the first line that it prints.
async fn start(command: &mut Command) -> (Child, String) {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `make test-mends` installs it"));
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    let line = timeout(PATIENCE, lines.next_line()).await;
    let line = line
        .expect("it prints in time")
        .expect("text")
        .expect("a line");
    (process, line)
}

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A file of the small servers.
fn file(name: &str) -> PathBuf {
    repository("server/tests/mends").join(name)
}

/// Express and Vite, and their ports: of Express, of Vite without a proxy, and of Vite with one.
async fn node() -> (Child, Vec<String>) {
    let root = repository("target/mends/vite");
    fs::create_dir_all(&root).expect("the target folder is writable");
    fs::write(root.join("index.html"), "<!doctype html><title>App</title>").expect("a file");
    let program = repository("target/mends/node/node.mjs");
    let (process, line) = start(Command::new("node").arg(program).arg(root)).await;
    (
        process,
        line.split(' ')
            .map(|port| format!("127.0.0.1:{port}"))
            .collect(),
    )
}

/// An empty folder that every user can enter: some servers give their rights away.
fn folder(name: &str) -> Folder {
    let folder = env::temp_dir().join(format!("sse-scope-mends-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("its owner");
    }
    Folder(folder)
}

/// PHP-FPM, which ends its own processes when it is asked to end.
struct Pool(Child);

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill")
                .arg(id.to_string())
                .status();
        }
    }
}

/// A folder that is removed when this is dropped.
struct Folder(PathBuf);

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that was free a moment ago, for programs that do not print theirs.
fn port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port().to_string()
}

/// Writes the configuration `name` to `folder`, with these words replaced.
fn configure(name: &str, folder: &Path, words: &[(&str, &str)]) -> PathBuf {
    let mut text = fs::read_to_string(file(name)).expect("a file of this folder");
    for (word, value) in words {
        text = text.replace(word, value);
    }
    text = text.replace("FOLDER", folder.to_str().expect("a path in UTF-8"));
    let path = folder.join(name);
    fs::write(&path, text).expect("the folder is writable");
    path
}

/// Starts a program that prints nothing, and waits until it listens.
async fn listening(command: &mut Command, port: &str) -> Child {
    let process = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
    let process = process
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `make test-mends` installs it"));
    let connecting = async {
        while tokio::net::TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, connecting)
        .await
        .unwrap_or_else(|_| panic!("{command:?} does not listen"));
    process
}

#[tokio::test]
async fn express() {
    let (_process, servers) = node().await;
    let origin = format!("http://{}", servers[0]);
    compare_all(
        &origin,
        &[
            ("no-blank-line", Answer::dispatches),
            ("ndjson", Answer::dispatches),
            ("bare-json", Answer::dispatches),
            ("unprefixed-lines", Answer::has_two_lines),
            ("wrong-type", Answer::is_a_stream),
            ("missing-type", Answer::is_a_stream),
            ("no-answer-in-time", Answer::has_a_head),
            ("ids-restarted", Answer::is_resumed),
            ("silent", Answer::has_a_heartbeat),
            ("buffered", Answer::dispatches),
            ("not-flushed", Answer::dispatches),
            ("gzip-unmarked", Answer::is_not_compressed),
            ("cors-missing", Answer::allows),
            ("cors-star", Answer::allows_credentials),
            ("cors-on-error", Answer::allows),
        ],
    )
    .await;
}

#[tokio::test]
async fn vite() {
    let (_process, servers) = node().await;
    let at = |server: usize| format!("http://{}/events", servers[server]);
    compare(&at(1), &at(2), Answer::is_no_page).await;
}

#[tokio::test]
async fn fastapi() {
    let python = repository("target/mends/python/bin/python");
    let (_process, port) = start(Command::new(python).arg(file("fast.py"))).await;
    compare_all(
        &format!("http://127.0.0.1:{port}"),
        &[
            ("no-blank-line", Answer::dispatches),
            ("ndjson", Answer::dispatches),
            ("bare-json", Answer::dispatches),
            ("unprefixed-lines", Answer::has_two_lines),
            ("indented", Answer::dispatches),
            ("literal-escapes", Answer::has_no_literal_escapes),
            ("not-utf-8", Answer::is_utf8),
            ("bom-inside", Answer::has_all_events),
            ("cors-missing", Answer::allows),
            ("cors-star", Answer::allows_credentials),
            ("wrong-type", Answer::is_a_stream),
            ("ids-restarted", Answer::is_resumed),
        ],
    )
    .await;
}

#[tokio::test]
async fn go() {
    let folder = folder("go");
    let program = folder.join("faults");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(file("main.go"))
        .status()
        .await;
    assert!(built.expect("go is installed").success());
    let (_process, port) = start(&mut Command::new(program)).await;
    compare_all(
        &format!("http://127.0.0.1:{port}"),
        &[
            ("no-blank-line", Answer::dispatches),
            ("bare-json", Answer::dispatches),
            ("wrong-type", Answer::is_a_stream),
            ("no-answer-in-time", Answer::has_a_head),
            ("buffered", Answer::dispatches),
            ("not-flushed", Answer::dispatches),
            ("ids-restarted", Answer::is_resumed),
            ("cors-missing", Answer::allows),
        ],
    )
    .await;
}

/// Debian's libraries for Java that Spring MVC on Tomcat needs.
const JARS: &[&str] = &[
    "commons-logging",
    "spring3-aop",
    "spring3-beans",
    "spring3-context",
    "spring3-core",
    "spring3-expression",
    "spring3-web",
    "spring3-web.servlet",
    "tomcat9-annotations-api",
    "tomcat9-api",
    "tomcat9-catalina",
    "tomcat9-coyote",
    "tomcat9-jaspic-api",
    "tomcat9-jni",
    "tomcat9-juli",
    "tomcat9-servlet-api",
    "tomcat9-util",
    "tomcat9-util-scan",
];

#[tokio::test]
async fn spring() {
    let folder = folder("spring");
    let jars = JARS.iter().map(|jar| format!("/usr/share/java/{jar}.jar"));
    let mut class_path = vec![folder.display().to_string()];
    class_path.extend(jars);
    let class_path = class_path.join(":");
    let built = Command::new("javac")
        .args(["-encoding", "UTF-8", "--class-path", &class_path, "-d"])
        .arg(&*folder)
        .arg(file("Spring.java"))
        .output()
        .await
        .expect("javac is installed");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let mut command = Command::new("java");
    command
        .args(["--class-path", &class_path, "Spring"])
        .arg(&*folder)
        .stderr(Stdio::null());
    let (_process, port) = start(&mut command).await;
    compare_all(
        &format!("http://127.0.0.1:{port}"),
        &[
            ("no-blank-line", Answer::dispatches),
            ("unprefixed-lines", Answer::has_two_lines),
            ("indented", Answer::dispatches),
            ("not-utf-8", Answer::is_utf8),
            ("utf-16", Answer::is_utf8),
            ("charset", Answer::is_of_no_other_charset),
            ("wrong-type", Answer::is_a_stream),
            ("cors-missing", Answer::allows),
            ("cors-star", Answer::allows_credentials),
            ("cors-credentials", Answer::allows_credentials),
            ("silent", Answer::has_a_heartbeat),
            ("no-answer-in-time", Answer::has_a_head),
            ("buffered", Answer::dispatches),
            ("ids-restarted", Answer::is_resumed),
        ],
    )
    .await;
}

#[tokio::test]
async fn axum() {
    let text = "text";
    let repeat = move |frame: &'static str| {
        let frames = stream::repeat(frame).take(3);
        Body::from_stream(frames.map(Ok::<_, Infallible>))
    };
    let events = move || {
        stream::repeat(Event::default().data(text))
            .take(3)
            .map(Ok::<_, Infallible>)
    };
    let typed = [("content-type", "text/event-stream")];
    let app = Router::new()
        .route(
            "/no-blank-line/fault",
            get(async move || (typed, repeat("data: text\n"))),
        )
        .route("/no-blank-line/mend", get(async move || Sse::new(events())))
        .route(
            "/wrong-type/fault",
            get(async move || repeat("data: text\n\n").into_response()),
        )
        .route(
            "/wrong-type/mend",
            get(async move || {
                let stream = events();
                Sse::new(stream)
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mistakes: &[Mend<'_>] = &[
        ("no-blank-line", Answer::dispatches),
        ("wrong-type", Answer::is_a_stream),
    ];
    compare_all(&origin, mistakes).await;
}

#[tokio::test]
async fn php() {
    let port = port();
    let address = format!("127.0.0.1:{port}");
    let mut command = Command::new("php");
    command
        .args(["-S", &address])
        .arg(file("faults.php"))
        .stderr(Stdio::null());
    let _process = listening(&mut command, &port).await;
    compare_all(
        &format!("http://{address}"),
        &[
            ("literal-escapes", Answer::has_no_literal_escapes),
            ("not-utf-8", Answer::is_utf8),
            ("wrong-type", Answer::is_a_stream),
        ],
    )
    .await;
}

#[tokio::test]
async fn nginx() {
    let (_node, servers) = node().await;
    let (folder, port) = (folder("nginx"), port());
    fs::write(
        folder.join("index.html"),
        "<!doctype html><title>App</title>",
    )
    .expect("a file");
    let words = [("UPSTREAM", &*servers[0]), ("PORT", &port)];
    let configuration = configure("nginx.conf", &folder, &words);
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-c"]).arg(configuration);
    let _process = listening(&mut command, &port).await;
    let origin = format!("http://127.0.0.1:{port}");
    let mistakes: &[Mend<'_>] = &[
        ("buffered", Answer::dispatches),
        ("gzip-unmarked", Answer::is_not_compressed),
        ("cors-missing", Answer::allows),
        ("cors-on-error", Answer::allows),
        ("cors-twice", Answer::allows),
    ];
    compare_all(&origin, mistakes).await;
    let by_header = look(
        &format!("{origin}/buffered/header"),
        Answer::dispatches,
        PATIENCE,
    )
    .await;
    assert!(by_header.dispatches(), "{by_header:?}");
    // Without a location of its own, a path has the fallback.
    compare(
        &format!("{origin}/none"),
        &format!("{origin}/events/"),
        Answer::is_no_page,
    )
    .await;

    let cut = |path, time| {
        let url = format!("{origin}/cut-after-silence/{path}");
        async move { look(&url, |answer| answer.is_over, time).await.is_over }
    };
    assert!(cut("fault", PATIENCE).await, "not cut after a second");
    assert!(!cut("mend", 2 * FAULT).await, "cut within an hour");
}

#[tokio::test]
async fn apache() {
    let (_node, servers) = node().await;
    let (folder, port) = (folder("apache"), port());
    let socket = folder.join("fpm.sock");
    let socket = socket.to_str().expect("a path in UTF-8");
    configure("events.php", &folder, &[]);
    let fpm = configure("fpm.conf", &folder, &[("SOCKET", socket)]);
    let mut php = Command::new("sh");
    php.args([
        "-c",
        "exec $(command -v php-fpm || ls /usr/sbin/php-fpm* | head -n 1) --fpm-config \"$1\"",
        "-",
    ]);
    let _php = Pool(
        php.arg(fpm)
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts"),
    );
    let starting = async {
        while !Path::new(socket).exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, starting).await.expect("PHP-FPM listens");
    let words = [
        ("UPSTREAM", &*servers[0]),
        ("PORT", &port),
        ("MODULES", "/usr/lib/apache2/modules"),
        ("SOCKET", socket),
    ];
    let configuration = configure("apache.conf", &folder, &words);
    let mut command = Command::new("apache2");
    command
        .arg("-X")
        .arg("-f")
        .arg(configuration)
        .stderr(Stdio::null());
    let _process = listening(&mut command, &port).await;
    let origin = format!("http://127.0.0.1:{port}");
    compare_all(&origin, &[("buffered", Answer::dispatches)]).await;
    for path in ["plain", "compressed"] {
        let found = look(
            &format!("{origin}/http/{path}"),
            Answer::dispatches,
            PATIENCE,
        )
        .await;
        assert!(found.dispatches(), "{path}: {found:?}");
    }
}

#[tokio::test]
async fn shell() {
    let output = async |script: &str| {
        let output = Command::new("bash").args(["-c", script]).output().await;
        String::from_utf8(output.expect("bash runs").stdout).expect("text")
    };
    let fault = output(r#"text=a; echo "data: $text\n\n""#).await;
    assert_eq!(fault, "data: a\\n\\n\n");
    let mend = output(r#"text=a; printf 'data: %s\n\n' "$text""#).await;
    assert_eq!(mend, "data: a\n\n");
}
