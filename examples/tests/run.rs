//! Runs the examples and checks their output.
//!
//!     cargo test -p examples
//!
//! This command builds the examples too. `--test run` alone does not: run
//! `cargo build -p examples --examples` first.

use std::env::consts::EXE_EXTENSION;
use std::io::{BufRead, BufReader, Read, Write};
use std::iter::from_fn;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use zeromq_async::ReqSocket;

/// The longest time between two lines of output. Each example ends within two seconds on an idle
/// machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn weather_reaches_its_subscribers() {
    let stdout = run("weather");
    for city in ["cairo", "lima", "oslo"] {
        assert!(stdout.contains(&format!("{city}: 100 reports,")), "{stdout}");
    }
    assert!(!stdout.contains("oslofjord"), "{stdout}");
    assert!(stdout.contains("done: 3 subscribers got 100 reports each"), "{stdout}");
}

#[test]
fn ventilator_worker_sink_counts_the_primes() {
    let stdout = run("ventilator_worker_sink");
    assert!(stdout.contains("there are 78498 primes below 1000000"), "{stdout}");
    let tasks = stdout.lines().filter_map(|line| line.split_once(": did ")).map(|(_, rest)| {
        rest.strip_suffix(" tasks").and_then(|count| count.parse::<u32>().ok()).expect("a count")
    });
    assert_eq!(tasks.sum::<u32>(), 1000, "{stdout}");
}

#[test]
fn broker_answers_every_client() {
    let stdout = run("broker");
    for client in 1..=4 {
        assert!(stdout.contains(&format!("client {client}: 300 answers")), "{stdout}");
    }
    assert!(stdout.contains("done: 1200 requests answered through the broker"), "{stdout}");
}

#[test]
fn metrics_shows_counts_and_compression() {
    let stdout = run("metrics");
    assert!(stdout.starts_with("http://127.0.0.1:"), "{stdout}");
    assert!(stdout.contains("worker: job 100 has 4008 bytes, trace 00-0707"), "{stdout}");
    assert!(stdout.contains("zeromq_sent_total{socket=\"jobs\"} 100\n"), "{stdout}");
    assert!(stdout.contains("zeromq_taken_total{socket=\"work\"} 100\n"), "{stdout}");
    let bytes = |layer: &str| {
        let series = format!("zeromq_layer_bytes_total{{layer=\"{layer}\",direction=\"sent\"}} ");
        let mut values = stdout.lines().filter_map(|line| line.strip_prefix(&series));
        values.next().expect("the series").parse::<u32>().expect("a number")
    };
    assert!(bytes("plain") > 10 * bytes("compressed"), "{stdout}");
    assert!(stdout.ends_with("done\n"), "{stdout}");
}

#[test]
fn many_clients_get_their_answers() {
    let stdout = run("many_clients");
    for client in 1..=3 {
        assert!(stdout.contains(&format!("client {client}: 100 answers, sum 328350")), "{stdout}");
    }
    assert!(stdout.contains("done: 300 requests answered"), "{stdout}");
}

#[test]
fn chat_works_both_ways() {
    let stdout = run("chat");
    assert!(stdout.contains("alice: Hello, Bob!\nbob: Hello, Alice!\n"), "{stdout}");
    assert!(stdout.contains("done: 4 lines over inproc"), "{stdout}");
}

#[test]
fn noise_secure_serves_only_known_clients() {
    let stdout = run("noise_secure");
    assert!(stdout.contains("server: accepted alice\nalice: got \"42\"\n"), "{stdout}");
    let refused = "mallory: peer refused the connection because it does not accept the credentials";
    assert!(stdout.contains(refused), "{stdout}");
    let wrong_key = "alice, to another server: the server closed the connection when this side began to \
                     encrypt: the server key that is set here is probably not the server's";
    assert!(stdout.contains(wrong_key), "{stdout}");
    assert_eq!(stdout.matches("server: accepted").count(), 1, "{stdout}");
}

#[test]
fn zap_handler_accepts_and_refuses() {
    let stdout = run("zap_handler");
    let asked = "handler: may 127.0.0.1 enter the tea room, by PLAIN?\n";
    assert_eq!(stdout.matches(asked).count(), 2, "{stdout}");
    assert!(stdout.contains("alice: tea for user-1\n"), "{stdout}");
    let refused = "server: peer was not let in: 400 authentication failure: the ZAP handler denied \
                   the peer: \"wrong name or password\"\n";
    assert!(stdout.contains(refused), "{stdout}");
    assert!(
        stdout.contains("mallory: peer refused the connection because it does not accept"),
        "{stdout}"
    );
    assert!(stdout.ends_with("done\n"), "{stdout}");
}

#[test]
fn curve_secure_accepts_listed_keys() {
    let stdout = run("curve_secure");
    let (before, after) = stdout.split_once("removed bob's key from the list").expect("a change");
    for name in ["alice", "bob"] {
        assert!(before.contains(&format!("{name}: Good morning, {name}")), "{stdout}");
    }
    assert!(before.contains("mallory: ") && !stdout.contains("from mallory"), "{stdout}");
    assert!(after.contains("alice: Good morning, alice"), "{stdout}");
    assert!(after.contains("bob: ") && !after.contains("from bob"), "{stdout}");
    assert_eq!(
        stdout.matches("does not accept the credentials of this side").count(),
        2,
        "{stdout}"
    );
}

#[test]
fn plain_auth_accepts_only_right_passwords() {
    let stdout = run("plain_auth");
    let (before, after) = stdout.split_once("alice's password changed").expect("a change");
    let welcome =
        |name: &str, password: &str| format!("{name} with {password:?}: Good morning, {name}\n");
    assert!(before.contains(&welcome("alice", "wonderland")), "{stdout}");
    assert!(before.contains(&welcome("bob", "builder")), "{stdout}");
    assert!(after.contains(&welcome("alice", "looking-glass")), "{stdout}");
    assert_eq!(stdout.matches("Good morning").count(), 3, "{stdout}");
    assert_eq!(
        stdout.matches("does not accept the credentials of this side").count(),
        3,
        "{stdout}"
    );
}

#[test]
fn typed_sends_values_and_reports_bad_ones() {
    let stdout = run("typed");
    let exchange = "client: after Raise { degrees: 2.5 } it is set to 21.5\n\
                    client: after Lower { degrees: 1.0 } it is set to 20.5\n";
    assert!(stdout.contains(exchange), "{stdout}");
    assert!(stdout.contains("from 127.0.0.1, not a reading: cellar 12.5 C\n"), "{stdout}");
    assert!(stdout.ends_with("kitchen: 21.5 degrees, battery Some(87)\ndone\n"), "{stdout}");
}

#[test]
fn layers_show_the_latest_and_retry() {
    let stdout = run("layers");
    for sensor in ["pressure", "temperature", "voltage"] {
        assert!(stdout.contains(&format!("dashboard: {sensor} is at 1000\n")), "{stdout}");
    }
    assert!(stdout.contains("dashboard: 3000 of 3000 readings arrived\n"), "{stdout}");
    assert!(!stdout.contains(" 0 were replaced"), "{stdout}");
    assert!(stdout.contains("sensors: sent 3000 readings\n"), "{stdout}");
    for alarm in ["smoke", "water"] {
        assert!(
            stdout.contains(&format!("alarm: help is coming because of {alarm}\n")),
            "{stdout}"
        );
    }
    assert!(stdout.ends_with("done\n"), "{stdout}");
}

#[test]
fn tls_carries_sockets_and_rejects_strangers() {
    let stdout = run("tls");
    assert!(stdout.contains("server: bound to tls://127.0.0.1:"), "{stdout}");
    assert!(stdout.contains("client: got \"Yes\"\n"), "{stdout}");
    assert!(stdout.contains("done: 49950000 bytes in 1000 messages over TLS\n"), "{stdout}");
    assert!(stdout.contains("server: alice.example asks \"Is this encrypted?\"\n"), "{stdout}");
    let refusal = stdout.lines().find_map(|line| line.strip_prefix("stranger: no authority"));
    assert!(refusal.is_some_and(|advice| advice.contains("TlsRoots")), "{stdout}");
}

#[test]
fn codec_only_gets_a_reply() {
    let stdout = run("codec_only");
    assert!(stdout.contains("is a REP socket"), "{stdout}");
    assert!(stdout.contains(r#"got [b"hello, world"]"#), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_server_answers_world() {
    let mut server = Running::start(&["hello_server", "tcp://127.0.0.1:*"]);
    let line = server.line();
    let endpoint = line.strip_prefix("bound to ").and_then(|rest| rest.split(';').next());
    let mut client = ReqSocket::new();
    client.connect(endpoint.expect("the endpoint")).unwrap();
    for _ in 0..3 {
        client.send("Hello").await.unwrap();
        assert_eq!(client.recv().await.unwrap(), "World");
        assert_eq!(server.line(), r#"received [b"Hello"]"#);
    }
    server.interrupt();
    assert_eq!(server.line(), "closed");
    assert!(server.end().success());
}

#[test]
fn http_stream_serves_any_client() {
    let mut server = Running::start(&["http_stream", "tcp://127.0.0.1:*"]);
    let url = server.line();
    let authority = url.strip_prefix("http://").expect("a URL");
    for path in ["/hello", "/quit"] {
        let answer = get(authority, path);
        assert!(answer.ends_with(&format!("You asked for {path}.\n")), "{answer}");
        assert_eq!(server.line(), path);
    }
    assert!(server.end().success());
}

/// What a web server answers: by curl if it is installed, and otherwise by a request in three pieces.
fn get(authority: &str, path: &str) -> String {
    let mut curl = Command::new("curl");
    if let Ok(output) = curl.args(["-sS", &format!("http://{authority}{path}")]).output() {
        assert!(output.status.success(), "{output:?}");
        return String::from_utf8(output.stdout).expect("text");
    }
    let mut client = TcpStream::connect(authority).expect("a listener");
    client.set_nodelay(true).expect("an open connection");
    for piece in [&format!("GET {path} HT"), "TP/1.1\r\nHost: here\r\n\r", "\n"] {
        client.write_all(piece.as_bytes()).expect("an open connection");
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn graceful_shutdown_reports_unsent() {
    let mut example = Running::start(&["graceful_shutdown"]);
    assert!(example.line().starts_with("running;"));
    example.interrupt();
    assert_eq!(example.line(), "Ctrl-C: stopping");
    let sent = example.line();
    let sent =
        sent.strip_prefix("producer: ").and_then(|rest| rest.strip_suffix(" jobs sent, 0 not"));
    assert_eq!(example.line(), format!("service: {} jobs handled", sent.expect("a count")));
    assert!(example.line().starts_with("archive: 3 records were not sent"));
    assert_eq!(example.line(), "done");
    assert!(example.end().success());
}

/// Runs an example to its end and returns its output.
fn run(name: &str) -> String {
    let mut example = Running::start(&[name]);
    let stdout: String = from_fn(|| example.next_line()).map(|line| line + "\n").collect();
    let status = example.end();
    assert!(status.success(), "{name} ended with {status}, after:\n{stdout}");
    stdout
}

/// A running example. Dropping it kills the process.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let path = path_of(arguments[0]);
        let mut command = Command::new(&path);
        command.args(&arguments[1..]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo build -p examples --examples` builds it", path.display())
        });
        let output = BufReader::new(child.stdout.take().expect("its standard output is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// The next line of output, or `None` at its end.
    fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no output within {PATIENCE:?}"),
        }
    }

    fn line(&mut self) -> String {
        self.next_line().expect("a further line")
    }

    /// Sends the signal of Ctrl-C.
    fn interrupt(&self) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
        assert!(status.success());
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().expect("the example was started")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // fails if the process has ended
        let _ = self.child.wait();
    }
}

/// Cargo puts examples into `target/PROFILE/examples` and this test into `target/PROFILE/deps`.
fn path_of(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("the test is in target/PROFILE/deps");
    profile.join("examples").join(example).with_extension(EXE_EXTENSION)
}
