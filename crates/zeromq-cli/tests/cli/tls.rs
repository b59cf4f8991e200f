//! tls and wss: certificates of servers and clients.

use std::fs;
use std::path::PathBuf;

use support::authority::{Authority, HOST, Issued};

use crate::exit::{assert_fails, assert_misused};
use crate::support::{Zmq, run};

const FREE_TLS: &str = "tls://127.0.0.1:0";

/// A folder of PEM files. Removed on drop.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let name = format!("zmq-cli-tls-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The options for a certificate.
    fn certificate(&self, name: &str, issued: &Issued) -> [String; 4] {
        let certificate = self.write(&format!("{name}.crt"), &issued.certificate);
        let key = self.write(&format!("{name}.key"), &issued.key);
        ["--tls-cert".into(), certificate, "--tls-key".into(), key]
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The arguments of a command line.
fn arguments(words: &[&str], options: &[String]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).chain(options.iter().cloned()).collect()
}

#[test]
fn requests_pass_over_tls_and_wss() {
    let (files, authority) = (Files::new("requests"), Authority::new());
    let ca = files.write("ca.crt", &authority.pem());
    let server = files.certificate("server", &authority.issue(HOST));
    for free in [FREE_TLS, "wss://127.0.0.1:0/chat"] {
        let (_rep, endpoint) = Zmq::bind(arguments(&["rep", "--bind", free, "--echo"], &server));
        let req = run(["req", "--connect", &endpoint, "--tls-ca", &ca, "-m", "one", "-m", "two"]);
        assert_eq!(req.well(), "one\ntwo\n");
    }
}

#[test]
#[cfg(feature = "quic")]
fn requests_pass_over_quic() {
    let (files, authority) = (Files::new("quic"), Authority::new());
    let ca = files.write("ca.crt", &authority.pem());
    let server = files.certificate("server", &authority.issue(HOST));
    let rep = ["rep", "--bind", "quic://127.0.0.1:0", "--echo"];
    let (_rep, endpoint) = Zmq::bind(arguments(&rep, &server));
    let req = run(["req", "--connect", &endpoint, "--tls-ca", &ca, "-m", "one", "-m", "two"]);
    assert_eq!(req.well(), "one\ntwo\n");
}

#[test]
fn server_asks_clients_for_certificates() {
    let (files, authority) = (Files::new("clients"), Authority::new());
    let ca = files.write("ca.crt", &authority.pem());
    let mut server = files.certificate("server", &authority.issue(HOST)).to_vec();
    server.extend(["--tls-client-ca".to_owned(), ca.clone()]);
    let (mut pull, endpoint) =
        Zmq::bind(arguments(&["pull", "--bind", FREE_TLS, "--monitor"], &server));
    let client = files.certificate("client", &authority.issue("client-7"));
    let push = ["push", "--connect", &endpoint, "--tls-ca", &ca, "-m"];
    run(arguments(&[&push[..], &["known"]].concat(), &client)).well();
    assert_eq!(pull.line(), b"known");
    assert_eq!(pull.event("handshake_succeeded")["user_id"], "client-7");

    let mut unknown = Zmq::start([&push[..], &["unknown"]].concat());
    assert!(unknown.error().contains(&endpoint));
    assert_eq!(pull.event("handshake_failed")["endpoint"], endpoint.as_str());
}

#[test]
fn unknown_authority_is_told_with_its_option() {
    let (files, authority) = (Files::new("unknown"), Authority::new());
    let server = files.certificate("server", &authority.issue(HOST));
    let other = files.write("other.crt", &Authority::new().pem());
    let (_pull, endpoint) = Zmq::bind(arguments(&["pull", "--bind", FREE_TLS], &server));
    let mut push = Zmq::start(["push", "--connect", &endpoint, "--tls-ca", &other, "-m", "x"]);
    let told = push.error();
    assert!(told.contains(&endpoint) && told.contains("--tls-ca"), "{told}");
}

#[test]
fn wrong_tls_options_are_named() {
    let files = Files::new("wrong");
    let (nothing, empty) = ("/nonexistent.crt", files.write("empty.crt", ""));
    assert_misused(&["pull", "--bind", FREE_TLS, "--tls-cert", nothing], "--tls-key");
    assert_misused(&["pull", "--bind", FREE_TLS, "--tls-client-ca", nothing], "--tls-cert");
    assert_fails(&run(["pull", "--bind", FREE_TLS]), 1, "--tls-cert");
    assert_fails(&run(["pull", "--bind", FREE_TLS]), 1, FREE_TLS);
    assert_fails(&run(["bench", "pull", "--bind", FREE_TLS]), 1, "--tls-cert");
    for ca in [nothing, &empty] {
        let push = ["push", "--connect", "tls://127.0.0.1:9", "-m", "x", "--tls-ca", ca];
        assert_fails(&run(push), 1, "--tls-ca");
    }
    let pull = ["pull", "--bind", FREE_TLS, "--tls-cert", nothing, "--tls-key", nothing];
    assert_fails(&run(pull), 1, "--tls-cert");
}

#[test]
fn proxy_and_bench_use_certificates() {
    let (files, authority) = (Files::new("bench"), Authority::new());
    let ca = files.write("ca.crt", &authority.pem());
    let server = files.certificate("server", &authority.issue(HOST));
    let pull = ["bench", "pull", "--bind", FREE_TLS, "--count", "1000", "--json"];
    let (pull, endpoint) = Zmq::bind(arguments(&pull, &server));
    run(["bench", "push", "--connect", &endpoint, "--tls-ca", &ca]).well();
    let result: serde_json::Value = serde_json::from_str(&pull.end().well()).unwrap();
    assert_eq!(result["messages"], 1000);

    let sides = ["pull", "push"].map(|kind| format!("{kind}:bind:{FREE_TLS}"));
    let proxy = ["proxy", "--frontend", &sides[0], "--backend", &sides[1]];
    let mut proxy = Zmq::start(arguments(&proxy, &server));
    let [front, back] = [(); 2].map(|()| proxy.bound());
    run(["push", "--connect", &front, "--tls-ca", &ca, "-m", "x"]).well();
    let pull = run(["pull", "--connect", &back, "--tls-ca", &ca, "-n", "1"]);
    assert_eq!(pull.well(), "x\n");
}
