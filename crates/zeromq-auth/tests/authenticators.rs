//! The authenticators of this crate in real sockets: allowed users, denied users, and changes of the
//! lists at run time.

#![expect(clippy::unwrap_used, reason = "it is how a test fails")]
#![cfg_attr(not(feature = "curve"), allow(unused, reason = "used only by tests with keys"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::{event, within};
use tower::{ServiceBuilder, service_fn};
use zeromq_async::security::{Attempt, Authenticator, Decision, DenyStatus};
use zeromq_async::{Endpoint, Events, Metadata, Pull, PullSocket, Push, PushSocket};
use zeromq_async::{PeerInfo, SocketBuilder, SocketEvent};
use zeromq_auth::{
    AddressRules, AuthenticatorExt, FileError, LineProblem, PasswordFile, Passwords, PeerRange,
    service_authenticator,
};

/// A socket with an authenticator.
struct Server {
    pull: PullSocket,
    events: Events,
    endpoint: Endpoint,
}

impl Server {
    async fn bind(builder: SocketBuilder<Pull>, endpoint: &str) -> Self {
        let pull = builder.build();
        let events = pull.events();
        let endpoint = pull.bind(endpoint).await.unwrap();
        Self { pull, events, endpoint }
    }

    async fn plain(authenticator: impl Authenticator) -> Self {
        Self::bind(PullSocket::builder().plain_server(authenticator), "tcp://127.0.0.1:0").await
    }

    async fn null(authenticator: impl Authenticator, endpoint: &str) -> Self {
        Self::bind(PullSocket::builder().null_server(authenticator), endpoint).await
    }

    /// Connects a client. Returns the peer's info, or the reason of the denial.
    async fn verdict(&mut self, client: &PushSocket) -> Result<PeerInfo, String> {
        client.connect(&self.endpoint).unwrap();
        event(&mut self.events, "a verdict", |event| match event {
            SocketEvent::HandshakeSucceeded { info, .. } => Some(Ok(info)),
            SocketEvent::HandshakeFailed { reason, .. } => Some(Err(reason.to_string())),
            _ => None,
        })
        .await
    }

    /// The user id of a client, or the reason of the denial.
    async fn user(&mut self, client: SocketBuilder<Push>) -> Result<String, String> {
        let client = client.linger(Duration::ZERO).build();
        let info = self.verdict(&client).await?;
        Ok(info.user_id().unwrap_or_default().to_owned())
    }

    async fn login(&mut self, user: &str, password: &str) -> Result<String, String> {
        self.user(PushSocket::builder().plain_client(user, password).unwrap()).await
    }
}

#[track_caller]
fn assert_refused(verdict: Result<String, String>) {
    assert_status(verdict, "400");
}

#[track_caller]
fn assert_status(verdict: Result<String, String>, status: &str) {
    let reason = verdict.expect_err("a denial");
    assert!(reason.contains(status), "{reason}");
}

#[track_caller]
fn let_in_as(user: &str, verdict: Result<String, String>) {
    assert_eq!(verdict.as_deref(), Ok(user));
}

/// A file that is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(text: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zeromq-async-authenticators-{}-{count}", std::process::id());
        let scratch = Self(std::env::temp_dir().join(name));
        scratch.write(text);
        scratch
    }

    fn write(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(feature = "curve")]
mod keys {
    use zeromq_async::security::{CurveKeyPair, KeyList, generate_curve_keys};
    use zeromq_auth::{KeyFile, parse_keys};

    use super::*;

    /// The key pairs of a server and two clients.
    struct Keys {
        server: CurveKeyPair,
        alice: CurveKeyPair,
        bob: CurveKeyPair,
    }

    impl Keys {
        fn new() -> Self {
            let [server, alice, bob] = [(); 3].map(|()| generate_curve_keys());
            Self { server, alice, bob }
        }

        async fn server(&self, authenticator: impl Authenticator) -> Server {
            let pull = PullSocket::builder().curve_server(self.server.clone(), authenticator);
            Server::bind(pull, "tcp://127.0.0.1:0").await
        }

        fn client(&self, keys: &CurveKeyPair) -> SocketBuilder<Push> {
            PushSocket::builder().curve_client(keys.clone(), *self.server.public_key())
        }
    }

    #[tokio::test]
    async fn listed_key_is_accepted_with_user_id() {
        let keys = Keys::new();
        let list = KeyList::from_iter([*keys.alice.public_key()]);
        let mut server = keys.server(list.clone()).await;
        let alice = keys.alice.public_key().to_string();
        let_in_as(&alice, server.user(keys.client(&keys.alice)).await);
        let refusal = server.user(keys.client(&keys.bob)).await.unwrap_err();
        let reason = format!("its key {} is not in the list", keys.bob.public_key());
        assert!(refusal.contains("400") && refusal.ends_with(&reason), "{refusal}");

        list.allow_as(*keys.bob.public_key(), "bob");
        let_in_as("bob", server.user(keys.client(&keys.bob)).await);
        assert!(list.contains(*keys.bob.public_key()) && list.len() == 2);
    }

    #[tokio::test]
    async fn removed_key_affects_only_new_connections() {
        let keys = Keys::new();
        let list = KeyList::from_iter([*keys.alice.public_key()]);
        let mut server = keys.server(list.clone()).await;
        let mut connected = keys.client(&keys.alice).build();
        server.verdict(&connected).await.unwrap();

        assert!(list.remove(*keys.alice.public_key()));
        assert_refused(server.user(keys.client(&keys.alice)).await);
        connected.send("still here").await.unwrap();
        assert_eq!(within("a message", server.pull.recv()).await.unwrap(), "still here");
    }

    #[tokio::test]
    async fn rewritten_key_file_applies_at_once() {
        let keys = Keys::new();
        let line = |keys: &CurveKeyPair, user| format!("{} {user}\n", keys.public_key());
        // Both have the same length, and are written within one tick of the file system's clock.
        let (before, after) = (line(&keys.alice, "alice"), line(&keys.bob, "robin"));
        let file = Scratch::new(&before);
        let mut server = keys.server(KeyFile::open(file.path()).unwrap()).await;
        for _ in 0..2 {
            let_in_as("alice", server.user(keys.client(&keys.alice)).await);
            assert_refused(server.user(keys.client(&keys.bob)).await);
            file.write(&after);
            let_in_as("robin", server.user(keys.client(&keys.bob)).await);
            assert_refused(server.user(keys.client(&keys.alice)).await);
            file.write(&before);
        }
    }

    #[tokio::test]
    async fn renamed_key_file_is_reloaded() {
        let keys = Keys::new();
        let (file, next) = (Scratch::new(""), Scratch::new(""));
        let mut server = keys.server(KeyFile::open(file.path()).unwrap()).await;
        assert_refused(server.user(keys.client(&keys.alice)).await);
        next.write(&keys.alice.public_key().to_string());
        fs::rename(next.path(), file.path()).unwrap();
        assert!(server.user(keys.client(&keys.alice)).await.is_ok());
    }

    #[tokio::test]
    async fn faulty_key_file_keeps_keys_and_names_line() {
        let keys = Keys::new();
        let good = format!("# friends\n\n{}\n", keys.alice.public_key());
        let file = Scratch::new(&good);
        let list = KeyFile::open(file.path()).unwrap();
        let mut server = keys.server(list.clone()).await;

        file.write(&format!("{good}{} # too short\n", &"x".repeat(39)));
        assert!(server.user(keys.client(&keys.alice)).await.is_ok());
        for error in [list.reload().await.unwrap_err(), KeyFile::open(file.path()).unwrap_err()] {
            let FileError::Malformed { path, source } = &error else { panic!("{error}") };
            assert_eq!((path.as_path(), source.line), (file.path(), 4));
            assert!(matches!(source.problem, LineProblem::Key(_)));
            assert!(error.to_string().contains("line 4: not a key"), "{error}");
        }

        fs::remove_file(file.path()).unwrap();
        assert!(server.user(keys.client(&keys.alice)).await.is_ok());
        let error = list.reload().await.unwrap_err();
        assert!(matches!(error, FileError::Unreadable { .. }), "{error}");
        assert!(error.to_string().starts_with(file.path().to_str().unwrap()), "{error}");

        file.write("");
        list.reload().await.unwrap();
        assert_refused(server.user(keys.client(&keys.alice)).await);
    }

    #[tokio::test]
    async fn key_lines_may_have_user_and_comment() {
        let keys = Keys::new();
        let (alice, bob) = (keys.alice.public_key(), keys.bob.public_key());
        let text = format!(
            "# nobody\n#nobody\n  {alice}\tAlice of Accounts # on the 3rd floor\n{bob} #\r\n"
        );
        let mut server = keys.server(parse_keys(text.as_bytes()).unwrap()).await;
        let_in_as("Alice of Accounts", server.user(keys.client(&keys.alice)).await);
        let_in_as(&bob.to_string(), server.user(keys.client(&keys.bob)).await);

        let twice = parse_keys(format!("{alice}\n{bob}\n{alice} again\n").as_bytes()).unwrap_err();
        assert_eq!((twice.line, twice.problem), (3, LineProblem::KeyTwice));
    }
}

/// CURVE and NOISE keys have the same form, so one list works for both.
#[cfg(feature = "noise")]
#[tokio::test]
async fn key_list_works_with_noise() {
    use zeromq_async::security::generate_noise_keys;

    let [server, alice, bob] = [(); 3].map(|()| generate_noise_keys());
    let server_key = *server.public_key();
    let list =
        zeromq_auth::parse_keys(format!("{} alice\n", alice.public_key()).as_bytes()).unwrap();
    let pull = PullSocket::builder().noise_server(server, list);
    let mut server = Server::bind(pull, "tcp://127.0.0.1:0").await;
    let_in_as("alice", server.user(PushSocket::builder().noise_client(alice, server_key)).await);
    assert_refused(server.user(PushSocket::builder().noise_client(bob, server_key)).await);
}

#[tokio::test]
async fn only_the_right_password_is_accepted() {
    let text = "# users\n\nalice:se:cret \nbob:\n";
    let users: Passwords = text.parse().unwrap();
    let mut server = Server::plain(users.clone()).await;
    let_in_as("alice", server.login("alice", "se:cret ").await);
    let_in_as("bob", server.login("bob", "").await);
    for (user, password) in
        [("alice", "se:cret"), ("alice", ""), ("bob", "x"), ("carol", ""), ("", "")]
    {
        assert_refused(server.login(user, password).await);
    }
    users.insert("carol", "new");
    assert!(users.remove("alice"));
    let_in_as("carol", server.login("carol", "new").await);
    assert_refused(server.login("alice", "se:cret ").await);
    assert!(!format!("{users:?}").contains("new"));
}

#[tokio::test]
async fn changed_password_file_applies_at_once() {
    let file = Scratch::new("alice:old\n");
    let users = PasswordFile::open(file.path()).unwrap();
    let mut server = Server::plain(users.clone()).await;
    let_in_as("alice", server.login("alice", "old").await);
    file.write("alice:new\n");
    assert_refused(server.login("alice", "old").await);
    let_in_as("alice", server.login("alice", "new").await);
    file.write("alice:old\nno secret of line 2");
    let_in_as("alice", server.login("alice", "new").await);
    let error = users.reload().await.unwrap_err().to_string();
    assert!(error.contains("line 2: ") && !error.contains("secret"), "{error}");
}

#[test]
fn password_file_error_names_the_line() {
    for (text, line, problem) in [
        ("a:b\n\nc\n", 3, LineProblem::NoColon),
        (":b\n", 1, LineProblem::NoUser),
        ("a:b\n# a:d\na:c\n", 3, LineProblem::UserTwice),
    ] {
        let error = text.parse::<Passwords>().unwrap_err();
        assert_eq!((error.line, error.problem), (line, problem));
    }
    // An unsupported hash must not become the password itself.
    for hash in
        ["$2y$05$abcdefghijklmnopqrstuv", "$6$salt$hash", "$argon2id$v=19$m=64,t=1,p=1$c2Fs"]
    {
        let error = format!("a:b\nc:{hash}").parse::<Passwords>().unwrap_err();
        assert!(error.line == 2 && matches!(error.problem, LineProblem::Hash(_)), "{error}");
        assert!(!error.to_string().contains(hash), "{error}");
    }
    assert!("a:$money$\nb:$\nc:$ $ $".parse::<Passwords>().is_err());
    assert!("b:$\nc:$ $ $\nd:x$argon2id$".parse::<Passwords>().is_ok());
}

#[cfg(feature = "argon2")]
mod hashes {
    use std::sync::mpsc;
    use std::time::Instant;

    use futures_util::FutureExt;
    use tokio::runtime;
    use zeromq_async::{RepSocket, ReqSocket};

    use super::*;

    /// Made with the reference implementation in C: "secret" and "correct horse: battery".
    const HASHES: &str = "\
alice:$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AC+v+iUUNjKqIQVBDjpkAw
bob:$argon2i$v=19$m=32,t=2,p=2$c2FsdGVkc2FsdGVk$yztXlpMGt3ODHEqPkgLEX4Yct+T0AFAZelzF+2peokE
clear:text
";

    #[tokio::test]
    async fn hash_accepts_password_but_not_itself() {
        let file = Scratch::new(HASHES);
        let mut server = Server::plain(PasswordFile::open(file.path()).unwrap()).await;
        let_in_as("alice", server.login("alice", "secret").await);
        let_in_as("bob", server.login("bob", "correct horse: battery").await);
        let_in_as("clear", server.login("clear", "text").await);
        let hash = HASHES.lines().next().unwrap().split_once(':').unwrap().1;
        for (user, password) in [("alice", hash), ("alice", "Secret"), ("bob", "secret")] {
            assert_refused(server.login(user, password).await);
        }
        for user in ["nobody", "clear"] {
            assert_refused(server.login(user, "secret").await);
        }
    }

    #[test]
    fn hashing_does_not_block_the_runtime() {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let mut server = Server::plain(HASHES.parse::<Passwords>().unwrap()).await;
            let alice = PushSocket::builder().plain_client("alice", "secret").unwrap().build();
            // The only blocking thread is busy, so the verification cannot start.
            let (release, held) = mpsc::channel::<()>();
            let holder = tokio::task::spawn_blocking(move || held.recv());
            let mut verdict = std::pin::pin!(server.verdict(&alice));
            assert!(verdict.as_mut().now_or_never().is_none());

            let (mut rep, mut req) = (RepSocket::new(), ReqSocket::new());
            req.connect(rep.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
            for _ in 0..100 {
                req.send("go on").await.unwrap();
                within("a request", rep.recv()).await.unwrap();
                rep.send("I do").await.unwrap();
                within("a reply", req.recv()).await.unwrap();
            }
            assert!(verdict.as_mut().now_or_never().is_none());
            drop(release);
            let _ = holder.await.unwrap();
            assert!(verdict.await.is_ok());
        });
    }

    #[tokio::test]
    async fn denial_time_does_not_reveal_users() {
        // A hash of zeros, which no password matches.
        let costly = format!("alice:$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHQ${}", "A".repeat(43));
        let mut server =
            Server::plain(format!("{costly}\nclear:text").parse::<Passwords>().unwrap()).await;
        let users = ["alice", "nobody", "clear"];
        let mut shortest = [Duration::MAX; 3];
        // Interleaved, so that a busy moment affects all users.
        for _ in 0..8 {
            for (user, shortest) in users.iter().zip(&mut shortest) {
                let start = Instant::now();
                assert_refused(server.login(user, "guess").await);
                *shortest = start.elapsed().min(*shortest);
            }
        }
        let [known, nobody, clear] = shortest;
        assert!(nobody > known / 3, "{nobody:?} {known:?}");
        assert!(clear > known / 3, "{clear:?} {known:?}");
    }
}

fn range(text: &str) -> PeerRange {
    text.parse().unwrap()
}

#[tokio::test]
async fn address_rules_decide_access() {
    let client = PushSocket::builder;
    let local = AddressRules::deny_by_default().allow(range("127.0.0.0/8"));
    let mut server = Server::null(local.clone(), "tcp://127.0.0.1:0").await;
    let_in_as("", server.user(client()).await);
    let others = AddressRules::allow_by_default().deny(range("127.0.0.1"));
    let mut server = Server::null(others, "tcp://127.0.0.1:0").await;
    assert_refused(server.user(client()).await);

    let mut server = Server::null(local, "tcp://[::1]:0").await;
    assert_refused(server.user(client()).await);
    let six = AddressRules::deny_by_default().allow(range("::1"));
    let mut server = Server::null(six.clone(), "tcp://[::1]:0").await;
    let_in_as("", server.user(client()).await);
}

/// On a dual-stack socket an IPv4 peer has an IPv6 address.
#[tokio::test]
async fn ipv4_rules_apply_on_dual_stack_sockets() {
    let local = AddressRules::deny_by_default().allow(range("127.0.0.1"));
    let mut server = Server::null(local, "tcp://[::]:0").await;
    let port = server.endpoint.to_string().rsplit_once(':').unwrap().1.to_owned();
    server.endpoint = format!("tcp://127.0.0.1:{port}").parse().unwrap();
    let_in_as("", server.user(PushSocket::builder()).await);
    server.endpoint = format!("tcp://[::1]:{port}").parse().unwrap();
    assert_refused(server.user(PushSocket::builder()).await);
}

#[cfg(unix)]
#[tokio::test]
async fn ipc_peers_are_matched_by_ipc_rules() {
    use std::os::unix::fs::MetadataExt;
    let me = fs::metadata(Scratch::new("").path()).unwrap().uid();
    let nobody = AddressRules::deny_by_default();
    for (rules, allowed) in [
        (nobody.clone().allow(range("0.0.0.0/0")).allow(range("::/0")), false),
        (nobody.clone().allow(PeerRange::Ipc), true),
        (nobody.clone().allow(PeerRange::IpcUser(me)), true),
        (nobody.clone().allow(PeerRange::IpcUser(me + 1)), false),
        (AddressRules::allow_by_default().deny(PeerRange::Ipc), false),
    ] {
        let mut server = Server::null(rules.clone(), "ipc://*").await;
        assert_eq!(server.user(PushSocket::builder()).await.is_ok(), allowed, "{rules:?}");
    }
}

/// Allows everyone with this user id and metadata.
fn knows(user: &'static str, properties: &'static [(&str, &str)]) -> impl Authenticator {
    move |_: Attempt| async move {
        let mut metadata = Metadata::new();
        for (name, value) in properties {
            metadata.insert(name, *value).unwrap();
        }
        Decision::Allow { user_id: user.to_owned(), metadata }
    }
}

fn denies(status: DenyStatus) -> impl Authenticator {
    move |_: Attempt| async move { Decision::Deny(status) }
}

const TEMPORARY: DenyStatus = DenyStatus::TemporaryError;
const FAILURE: DenyStatus = DenyStatus::AuthenticationFailure;
const INTERNAL: DenyStatus = DenyStatus::InternalError;

#[tokio::test]
async fn and_requires_both_and_merges_metadata() {
    let first = knows("", &[("X-Team", "one"), ("X-Floor", "3")]);
    let second = knows("alice", &[("x-team", "two"), ("X-Room", "7")]);
    let mut server = Server::plain(first.and(second).and(knows("late", &[]))).await;
    let client = PushSocket::builder().plain_client("", "").unwrap().build();
    let info = server.verdict(&client).await.unwrap();
    assert_eq!(info.user_id(), Some("alice"));
    let known = |name| info.user_metadata().get(name).map(|value| &value[..]);
    assert_eq!(known("X-Team"), Some(&b"one"[..]));
    assert_eq!((known("X-Floor"), known("X-Room")), (Some(&b"3"[..]), Some(&b"7"[..])));

    let mut server = Server::plain(denies(INTERNAL).and(denies(FAILURE))).await;
    assert_status(server.login("", "").await, "500");
    let mut server = Server::plain(knows("x", &[]).and(denies(FAILURE))).await;
    assert_refused(server.login("", "").await);
    let mut server = Server::plain(denies(FAILURE).and(knows("x", &[]))).await;
    assert_refused(server.login("", "").await);
}

#[tokio::test]
async fn or_accepts_either_and_keeps_temporary() {
    let mut server = Server::plain(denies(INTERNAL).or(knows("second", &[]))).await;
    let_in_as("second", server.login("", "").await);
    let mut server = Server::plain(knows("first", &[]).or(knows("second", &[]))).await;
    let_in_as("first", server.login("", "").await);
    for (one, other, status) in [
        (FAILURE, FAILURE, "400"),
        (FAILURE, INTERNAL, "500"),
        (INTERNAL, FAILURE, "500"),
        (FAILURE, TEMPORARY, "300"),
        (TEMPORARY, INTERNAL, "300"),
    ] {
        let mut server = Server::plain(denies(one).or(denies(other))).await;
        assert_status(server.login("", "").await, status);
    }
    let says =
        |reason: &'static str| move |attempt: Attempt| async move { attempt.deny(FAILURE, reason) };
    let both = says("rude").or(says("late"));
    let mut server = Server::plain(both.or(denies(FAILURE))).await;
    let refusal = server.login("", "").await.unwrap_err();
    assert!(refusal.ends_with("failure: rude; and late"), "{refusal}");
}

/// No hash is computed for a peer that the first authenticator denies.
#[tokio::test]
async fn second_authenticator_is_asked_only_if_needed() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let counts = |_: Attempt| async {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Decision::allow()
    };
    let strangers = AddressRules::deny_by_default();
    let mut server = Server::plain(strangers.and(counts)).await;
    assert_refused(server.login("", "").await);
    let mut server = Server::plain(AddressRules::allow_by_default().or(counts)).await;
    let_in_as("", server.login("", "").await);
    assert_eq!(ASKED.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn tower_service_can_authenticate() {
    let service = service_fn(|attempt: Attempt| async move {
        match attempt.address.to_string().starts_with("127.0.0.1:") {
            true => Ok(Decision::allow_as("local")),
            false => Err("not from here"),
        }
    });
    let mut server = Server::plain(service_authenticator(service)).await;
    let_in_as("local", server.login("", "").await);

    let broken = service_fn(|_: Attempt| async { Err::<Decision, _>("the database is away") });
    let mut server = Server::plain(service_authenticator(broken)).await;
    let refusal = server.login("", "").await.unwrap_err();
    assert!(refusal.contains("300") && refusal.ends_with("the database is away"), "{refusal}");
}

#[tokio::test]
async fn tower_middleware_wraps_authenticators() {
    async fn slow_about_bob(attempt: Attempt) -> Decision {
        if format!("{:?}", attempt.request.credentials).contains("bob") {
            std::future::pending::<()>().await;
        }
        Decision::allow_as("quick")
    }
    let service = ServiceBuilder::new()
        .concurrency_limit(1)
        .timeout(Duration::from_millis(50))
        .service(slow_about_bob.into_service());
    let mut server = Server::plain(service_authenticator(service)).await;
    let_in_as("quick", server.login("alice", "").await);
    assert_status(server.login("bob", "").await, "300");
    let_in_as("quick", server.login("alice", "").await);
}
