//! Authentication with passwords and keys.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeromq_async::security::CurveSecretKey;

use crate::exit::{assert_fails, assert_misused};
use crate::support::{Ended, FREE, Zmq, run};

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zeromq-cli-security-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The public and secret key that `keygen` prints.
fn keygen(mechanism: &str) -> (String, String) {
    let printed = run(["keygen", mechanism]).well();
    let mut lines = printed.lines();
    let mut key = |word| lines.next().unwrap().strip_prefix(word).unwrap().to_owned();
    let keys = (key("public "), key("secret "));
    assert_eq!(lines.next(), None);
    assert_eq!((keys.0.len(), keys.1.len()), (40, 40));
    keys
}

/// Starts an echo server.
fn serve(options: &[&str]) -> (Zmq, String) {
    Zmq::bind([&["rep", "--bind", FREE, "--echo", "--monitor"], options].concat())
}

/// Sends one request.
fn request(endpoint: &str, options: &[&str]) -> Ended {
    run([&["req", "--connect", endpoint, "-m", "hello"], options].concat())
}

#[track_caller]
fn assert_refused(endpoint: &str, options: &[&str]) {
    let ended = request(endpoint, options);
    assert_fails(&ended, 1, &format!("{endpoint}: "));
    assert!(ended.errors.contains("credentials"), "{ended:?}");
}

#[test]
fn plain_accepts_users_in_the_file() {
    let folder = Folder::new();
    // The hash of "secret", made with the reference implementation in C.
    let hash = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$AC+v+iUUNjKqIQVBDjpkAw";
    let users = folder.write("users", &format!("# users\nalice:{hash}\nbob:to:do\n"));
    let (mut server, endpoint) = serve(&["--plain-server", &users]);
    for (user, password) in [("alice", "secret"), ("bob", "to:do")] {
        let login = ["--plain-username", user, "--plain-password", password];
        assert_eq!(request(&endpoint, &login).well(), "hello\n");
        let ready = server.event("handshake_succeeded");
        assert_eq!((&ready["user_id"], &ready["mechanism"]), (&user.into(), &"PLAIN".into()));
    }
    for (user, password) in [("alice", "bob"), ("alice", hash), ("carol", "to:do")] {
        assert_refused(&endpoint, &["--plain-username", user, "--plain-password", password]);
    }
    fs::write(users, "carol:to:do\n").unwrap();
    let carol = ["--plain-username", "carol", "--plain-password", "to:do"];
    assert_eq!(request(&endpoint, &carol).well(), "hello\n");
}

#[test]
fn hash_password_output_fits_the_file() {
    let folder = Folder::new();
    let mut hasher = Zmq::start(["hash-password"]);
    hasher.write(b"wonderland\n");
    let hash = hasher.end().well();
    let users = folder.write("users", &format!("alice:{hash}"));
    let (_server, endpoint) = serve(&["--plain-server", &users]);
    let login = ["--plain-username", "alice", "--plain-password", "wonderland"];
    assert_eq!(request(&endpoint, &login).well(), "hello\n");
    assert_fails(&run(["hash-password"]), 1, "standard input: ");
}

#[test]
fn refused_client_exits_with_the_reason() {
    let folder = Folder::new();
    let users = folder.write("users", "alice:secret\n");
    let login = ["--plain-username", "alice", "--plain-password", "guess"];
    for (server, client) in [("pull", "push"), ("pub", "sub"), ("router", "dealer")] {
        let (_server, endpoint) = Zmq::bind([server, "--bind", FREE, "--plain-server", &users]);
        let message: &[&str] = if client == "sub" { &[] } else { &["-m", "hello"] };
        let ended = run([&[client, "--connect", &endpoint], &login[..], message].concat());
        assert_fails(&ended, 1, &format!("{endpoint}: peer refused"));
        assert!(!ended.errors.contains("guess"), "{ended:?}");
    }
}

/// CURVE and NOISE have the same options.
fn assert_listed_keys_are_accepted(mechanism: &str, mechanism_name: &str) {
    let [server, alice, mallory] = [(); 3].map(|()| keygen(mechanism));
    let option = |name: &str| format!("--{mechanism}-{name}");
    let (public_key, secret_key) = (option("public-key"), option("secret-key"));
    let (is_server, server_key) = (option("server"), option("server-key"));
    let folder = Folder::new();
    let allow = folder.write("allow", &format!("{} alice\n", alice.0));
    let (mut zmq, endpoint) =
        serve(&[&is_server, &secret_key, &server.1, &option("allow"), &allow]);

    let client = |keys: &(String, String)| {
        [&server_key, &server.0, &public_key, &keys.0, &secret_key, &keys.1].map(String::clone)
    };
    let send = |endpoint: &str, keys| request(endpoint, &client(keys).each_ref().map(|x| &x[..]));
    assert_eq!(send(&endpoint, &alice).well(), "hello\n");
    let ready = zmq.event("handshake_succeeded");
    assert_eq!(ready["user_id"], "alice");
    assert!(ready["mechanism"].as_str().unwrap().starts_with(mechanism_name), "{ready}");
    assert_refused(&endpoint, &client(&mallory).each_ref().map(|x| &x[..]));

    fs::write(allow, format!("{}\n", mallory.0)).unwrap();
    assert_eq!(send(&endpoint, &mallory).well(), "hello\n");
    assert_eq!(zmq.event("handshake_succeeded")["user_id"], mallory.0);
    assert_refused(&endpoint, &client(&alice).each_ref().map(|x| &x[..]));

    let (mut open, endpoint) = serve(&[&is_server, &secret_key, &server.1]);
    assert_eq!(send(&endpoint, &mallory).well(), "hello\n");
    assert_eq!(open.event("handshake_succeeded")["user_id"], mallory.0);
}

#[test]
fn curve_accepts_listed_keys() {
    assert_listed_keys_are_accepted("curve", "CURVE");
}

#[test]
fn noise_accepts_listed_keys() {
    assert_listed_keys_are_accepted("noise", "NOISE");
}

#[test]
fn keys_load_from_every_file_format() {
    let folder = Folder::new();
    assert_eq!(run(["keygen", "curve", "--out", &folder.path("server")]).well(), "");
    run(["keygen", "curve", "--out", &folder.path("alice")]).well();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let secret = fs::metadata(folder.path("server.key_secret")).unwrap();
        assert_eq!(secret.permissions().mode() & 0o777, 0o600);
    }
    let printed = folder.write("printed", &run(["keygen", "curve"]).well());
    let (public, secret) = keygen("curve");
    let bare = folder.write("bare", &format!("  {secret}\n"));

    let at = |path: &str| format!("@{path}");
    let server_secret = at(&folder.path("server.key_secret"));
    let (_server, endpoint) = serve(&["--curve-server", "--curve-secret-key", &server_secret]);
    let server_key = at(&folder.path("server.key"));
    for (secret_key, public_key) in [
        (at(&folder.path("alice.key_secret")), at(&folder.path("alice.key"))),
        (at(&printed), at(&printed)),
        (at(&bare), public),
    ] {
        let ended = request(
            &endpoint,
            &[
                ["--curve-server-key", &server_key],
                ["--curve-secret-key", &secret_key],
                ["--curve-public-key", &public_key],
            ]
            .concat(),
        );
        assert_eq!(ended.well(), "hello\n");
    }
    // A folder of certificates allows users by file name.
    fs::remove_file(folder.path("server.key")).unwrap();
    let allow = ["--curve-allow", &folder.path("")];
    let (mut server, endpoint) =
        serve(&[&["--curve-server", "--curve-secret-key", &server_secret], &allow[..]].concat());
    let server_key = at(&folder.path("server.key_secret"));
    let alice = at(&folder.path("alice.key_secret"));
    let keys = ["--curve-server-key", &server_key, "--curve-secret-key", &alice];
    assert_eq!(request(&endpoint, &keys).well(), "hello\n");
    assert_eq!(server.event("handshake_succeeded")["user_id"], "alice");
}

#[test]
fn key_may_look_like_option_or_file() {
    let rest = "0(0)0".repeat(7);
    let keys = ["-0000", "@0000"].map(|first| format!("{first}{rest}"));
    let public = |key: &str| key.parse::<CurveSecretKey>().unwrap().public_key().to_string();
    for key in &keys {
        let (_server, endpoint) = serve(&server(key));
        let client = ["--curve-server-key", &public(key), "--curve-secret-key", &keys[1]];
        assert_eq!(request(&endpoint, &client).well(), "hello\n");
    }
}

#[test]
fn keygen_overwrites_no_key() {
    let folder = Folder::new();
    for mechanism in ["curve", "noise"] {
        let name = folder.path(mechanism);
        run(["keygen", mechanism, "--out", &name]).well();
        let before = fs::read_to_string(format!("{name}.key_secret")).unwrap();
        assert!(before.contains("secret-key = \""), "{before}");
        assert_fails(&run(["keygen", mechanism, "--out", &name]), 1, &format!("--out: {name}.key"));
        assert_eq!(fs::read_to_string(format!("{name}.key_secret")).unwrap(), before);
    }
    let nowhere = folder.path("none/key");
    assert_fails(&run(["keygen", "curve", "--out", &nowhere]), 1, &nowhere);
}

#[test]
fn key_errors_do_not_show_the_key() {
    let folder = Folder::new();
    let (public, secret) = keygen("curve");
    let wrong = format!("{}x", &secret[..38]);
    let missing = folder.path("missing");
    let fails = |options: &[&str], naming: &str| {
        let ended = run([&["rep", "--bind", FREE], options].concat());
        assert_fails(&ended, 1, naming);
        assert!(!ended.errors.contains(&secret[..38]), "{ended:?}");
    };
    fails(&["--plain-server", &missing], &format!("--plain-server: {missing}: "));
    let users = folder.write("users", "alice:secret\nbob\n");
    fails(&["--plain-server", &users], &format!("--plain-server: {users}: line 2: "));

    fails(&server(&wrong), "--curve-secret-key: not a key");
    fails(&server(&format!("@{missing}")), &format!("--curve-secret-key: {missing}: "));
    // This path is a valid key too. Using it as a key would make the key easy to guess.
    let path = format!("{:/<39}", "/no/such/file");
    assert!(format!("@{path}").parse::<CurveSecretKey>().is_ok());
    fails(&server(&format!("@{path}")), &format!("--curve-secret-key: {path}: "));
    let bad = folder.write("bad", &wrong);
    fails(&server(&format!("@{bad}")), &format!("--curve-secret-key: {bad}: not a key"));
    let certificate = format!("curve\n    secret-key = \"{wrong}\"\n");
    let bad = folder.write("bad.key_secret", &certificate);
    fails(&server(&format!("@{bad}")), &format!("--curve-secret-key: {bad}: line 2: "));

    let server = server(&secret);
    let allow = folder.write("allow", &format!("{public}\nbob\n"));
    let bad_list = [&server[..], &["--curve-allow", &allow]].concat();
    fails(&bad_list, &format!("--curve-allow: {allow}: line 2: not a key"));
    let other = keygen("curve").0;
    fails(&[&server[..], &["--curve-public-key", &other]].concat(), "--curve-public-key: ");

    let long = "x".repeat(256);
    fails(&["--plain-username", &long, "--plain-password", "x"], "--plain-username: ");
}

fn server(key: &str) -> [&str; 3] {
    ["--curve-server", "--curve-secret-key", key]
}

#[test]
fn partial_or_double_mechanism_is_misuse() {
    let misused = |options: &[&str], naming: &str| {
        assert_misused(&[&["rep", "--bind", FREE], options].concat(), naming);
    };
    misused(&["--plain-username", "u"], "--plain-password");
    misused(&["--plain-password", "p"], "--plain-username");
    misused(&["--plain-server", "f", "--plain-username", "u"], "--plain");
    for mechanism in ["curve", "noise"] {
        let option = |name: &str| format!("--{mechanism}-{name}");
        let (server, secret) = (option("server"), option("secret-key"));
        misused(&[&server], &secret);
        misused(&[&secret, "k"], &server);
        misused(&[&option("server-key"), "k"], &secret);
        misused(&[&option("public-key"), "k"], &secret);
        misused(&[&option("allow"), "f"], &server);
        misused(&[&server, &secret, "k", &option("server-key"), "k"], &option("server-key"));
        misused(&[&server, &secret, "k", "--plain-server", "f"], "--plain-server");
    }
    let both = ["--curve-server", "--curve-secret-key", "k", "--noise-server"];
    misused(&[&both[..], &["--noise-secret-key", "k"]].concat(), "--noise-server");
    misused(&["--plain-password", "s3cret"], "--plain-username");
}

/// Needs `python3` with pyzmq.
#[test]
fn pyzmq_connects_with_our_certificate() {
    let folder = Folder::new();
    let python =
        |code: &str| Command::new("python3").arg("-c").arg(code).current_dir(&folder.0).output();
    if !python("import zmq.auth").is_ok_and(|output| output.status.success()) {
        skipped("there is no python3 with pyzmq");
        return;
    }
    for name in ["server", "alice"] {
        run(["keygen", "curve", "--out", &folder.path(name)]).well();
    }
    let (secret, allow) = (format!("@{}", folder.path("server.key_secret")), folder.path(""));
    let (mut server, endpoint) =
        serve(&["--curve-server", "--curve-secret-key", &secret, "--curve-allow", &allow]);
    let output = python(&format!(
        "import zmq, zmq.auth\n\
         req = zmq.Context.instance().socket(zmq.REQ)\n\
         public, secret = zmq.auth.load_certificate('alice.key_secret')\n\
         req.curve_publickey, req.curve_secretkey = public, secret\n\
         req.curve_serverkey, _ = zmq.auth.load_certificate('server.key')\n\
         req.rcvtimeo = 20000\n\
         req.connect('{endpoint}')\n\
         req.send(b'from python')\n\
         print(req.recv().decode())"
    ));
    let output = output.unwrap();
    assert_eq!(output.stdout, b"from python\n", "{output:?}");
    assert_eq!(server.event("handshake_succeeded")["user_id"], "alice");
}

/// Reports a skipped test, bypassing the capture of test output.
fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "test {name} ... SKIPPED: {why}");
}
