//! Runs the examples and checks their output.
//!
//!     cargo test -p examples
//!
//! This command builds the examples too. `--test run` alone does not: run
//! `cargo build -p examples --examples` first.

use std::env::consts::EXE_EXTENSION;
use std::io::{BufRead, BufReader};
use std::iter::from_fn;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use zeromq_async::ReqSocket;

/// The longest time between two lines of output. Each example ends within two seconds.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn weather_reaches_those_who_subscribed() {
    let said = run("weather");
    for city in ["cairo", "lima", "oslo"] {
        assert!(said.contains(&format!("{city}: 100 reports,")), "{said}");
    }
    assert!(!said.contains("oslofjord"), "{said}");
    assert!(said.contains("done: 3 subscribers got 100 reports each"), "{said}");
}

#[test]
fn ventilator_worker_sink_counts_the_primes() {
    let said = run("ventilator_worker_sink");
    assert!(said.contains("there are 78498 primes below 1000000"), "{said}");
    let tasks = said.lines().filter_map(|line| line.split_once(": did ")).map(|(_, rest)| {
        rest.strip_suffix(" tasks").and_then(|count| count.parse::<u32>().ok()).expect("a count")
    });
    assert_eq!(tasks.sum::<u32>(), 1000, "{said}");
}

#[test]
fn broker_gives_every_client_its_answers() {
    let said = run("broker");
    for client in 1..=4 {
        assert!(said.contains(&format!("client {client}: 300 answers")), "{said}");
    }
    assert!(said.contains("done: 1200 requests answered through the broker"), "{said}");
}

#[test]
fn metrics_shows_what_went_through_and_how_small() {
    let said = run("metrics");
    assert!(said.starts_with("http://127.0.0.1:"), "{said}");
    assert!(said.contains("worker: job 100 has 4008 bytes, trace 00-0707"), "{said}");
    assert!(said.contains("zeromq_sent_total{socket=\"jobs\"} 100\n"), "{said}");
    assert!(said.contains("zeromq_taken_total{socket=\"work\"} 100\n"), "{said}");
    let octets = |layer: &str| {
        let series = format!("zeromq_layer_octets_total{{layer=\"{layer}\",direction=\"sent\"}} ");
        let mut values = said.lines().filter_map(|line| line.strip_prefix(&series));
        values.next().expect("the series").parse::<u32>().expect("a number")
    };
    assert!(octets("plain") > 10 * octets("compressed"), "{said}");
    assert!(said.ends_with("done\n"), "{said}");
}

#[test]
fn chat_is_heard_both_ways() {
    let said = run("chat");
    assert!(said.contains("alice: Hello, Bob!\nbob: Hello, Alice!\n"), "{said}");
    assert!(said.contains("done: 4 lines over inproc"), "{said}");
}

#[test]
fn noise_secure_serves_who_is_known_and_nobody_else() {
    let said = run("noise_secure");
    assert!(said.contains("server: accepted alice\nalice: got \"42\"\n"), "{said}");
    let refused = "mallory: peer refused the connection because it does not accept the credentials";
    assert!(said.contains(refused), "{said}");
    let unread = "alice, to another server: the peer closed the connection during the handshake";
    assert!(said.contains(unread), "{said}");
    assert_eq!(said.matches("server: accepted").count(), 1, "{said}");
}

#[test]
fn zap_handler_decides_who_gets_tea() {
    let said = run("zap_handler");
    let asked = "handler: may 127.0.0.1 enter the tea room, by PLAIN?\n";
    assert_eq!(said.matches(asked).count(), 2, "{said}");
    assert!(said.contains("alice: tea for user-1\n"), "{said}");
    let refused = "server: peer was not let in: 400 authentication failure: the ZAP handler refused \
                   the peer: \"wrong name or password\"\n";
    assert!(said.contains(refused), "{said}");
    assert!(
        said.contains("mallory: peer refused the connection because it does not accept"),
        "{said}"
    );
    assert!(said.ends_with("done\n"), "{said}");
}

#[test]
fn curve_secure_knows_its_clients_by_their_keys() {
    let said = run("curve_secure");
    let (before, after) = said.split_once("removed bob's key from the list").expect("a change");
    for name in ["alice", "bob"] {
        assert!(before.contains(&format!("{name}: Good morning, {name}")), "{said}");
    }
    assert!(before.contains("mallory: ") && !said.contains("from mallory"), "{said}");
    assert!(after.contains("alice: Good morning, alice"), "{said}");
    assert!(after.contains("bob: ") && !after.contains("from bob"), "{said}");
    assert_eq!(said.matches("does not accept the credentials of this side").count(), 2, "{said}");
}

#[test]
fn plain_auth_takes_the_right_password_and_no_other() {
    let said = run("plain_auth");
    let (before, after) = said.split_once("alice's password changed").expect("a change");
    let welcome =
        |name: &str, password: &str| format!("{name} with {password:?}: Good morning, {name}\n");
    assert!(before.contains(&welcome("alice", "wonderland")), "{said}");
    assert!(before.contains(&welcome("bob", "builder")), "{said}");
    assert!(after.contains(&welcome("alice", "looking-glass")), "{said}");
    assert_eq!(said.matches("Good morning").count(), 3, "{said}");
    assert_eq!(said.matches("does not accept the credentials of this side").count(), 3, "{said}");
}

#[test]
fn typed_sends_values_and_tells_what_is_none() {
    let said = run("typed");
    let exchange = "client: after Raise { degrees: 2.5 } it is set to 21.5\n\
                    client: after Lower { degrees: 1.0 } it is set to 20.5\n";
    assert!(said.contains(exchange), "{said}");
    assert!(said.contains("from 127.0.0.1, not a reading: cellar 12.5 C\n"), "{said}");
    assert!(said.ends_with("kitchen: 21.5 degrees, battery Some(87)\ndone\n"), "{said}");
}

#[test]
fn layers_show_the_latest_and_find_who_answers() {
    let said = run("layers");
    for sensor in ["pressure", "temperature", "voltage"] {
        assert!(said.contains(&format!("dashboard: {sensor} is at 1000\n")), "{said}");
    }
    assert!(said.contains("dashboard: 3000 of 3000 readings arrived\n"), "{said}");
    assert!(!said.contains(" 0 were replaced"), "{said}");
    assert!(said.contains("sensors: sent 3000 readings\n"), "{said}");
    for alarm in ["smoke", "water"] {
        assert!(said.contains(&format!("alarm: help is coming because of {alarm}\n")), "{said}");
    }
    assert!(said.ends_with("done\n"), "{said}");
}

#[test]
fn tls_carries_sockets_and_keeps_strangers_out() {
    let said = run("tls");
    assert!(said.contains("server: bound to tls://127.0.0.1:"), "{said}");
    assert!(said.contains("client: got \"Yes\"\n"), "{said}");
    assert!(said.contains("done: 49950000 bytes in 1000 messages over TLS\n"), "{said}");
    let refusal =
        said.lines().find_map(|line| line.strip_prefix("stranger: cannot connect to tls"));
    assert!(refusal.is_some_and(|reason| reason.contains("invalid peer certificate")), "{said}");
}

#[test]
fn codec_only_gets_a_reply() {
    let said = run("codec_only");
    assert!(said.contains("is a REP socket"), "{said}");
    assert!(said.contains(r#"got [b"hello, world"]"#), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_server_answers_world() {
    let mut server = Running::start(&["hello_server", "tcp://127.0.0.1:*"]);
    let line = server.line();
    let endpoint = line.strip_prefix("bound to ").and_then(|rest| rest.split(';').next());
    let mut client = ReqSocket::new();
    client.connect(endpoint.expect("the endpoint")).await.unwrap();
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
fn graceful_shutdown_loses_nothing_and_tells_what_it_did_not_send() {
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
    let said: String = from_fn(|| example.next_line()).map(|line| line + "\n").collect();
    let status = example.end();
    assert!(status.success(), "{name} ended with {status}, after:\n{said}");
    said
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
