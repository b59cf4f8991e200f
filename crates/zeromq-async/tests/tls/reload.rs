//! Certificates and authorities in files that change.

use std::fs;
use std::path::{Path, PathBuf};

use support::authority::{ANY_TLS_PORT, Authority, HOST, Issued};
use support::{event, fast_reconnect, within};
use zeromq_async::tls::{
    TlsCertificate, TlsClient, TlsConfigError, TlsFailure, TlsRoots, TlsServer,
};
use zeromq_async::{Endpoint, HandshakeFailure, PullSocket, PushSocket, SocketEvent};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zmq-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file as it should be replaced: by renaming a new one over it.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let new = self.file("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, self.file(name)).unwrap();
        self.file(name)
    }

    fn write_both(&self, issued: &Issued) -> (PathBuf, PathBuf) {
        (self.write("crt", &issued.certificate), self.write("key", &issued.key))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether a new client with this TLS can send a message.
async fn can_send(pull: &mut PullSocket, endpoint: &Endpoint, client: TlsClient) -> bool {
    let mut push = PushSocket::builder().tls_client(client).reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(endpoint).unwrap();
    let reason = event(&mut events, "an outcome", |event| match event {
        SocketEvent::HandshakeSucceeded { .. } => Some(None),
        SocketEvent::HandshakeFailed { reason, .. } => Some(Some(reason)),
        _ => None,
    })
    .await;
    if let Some(reason) = reason {
        let HandshakeFailure::Tls(reason) = reason else { panic!("{reason:?}") };
        let expected = matches!(reason, TlsFailure::UnknownIssuer | TlsFailure::Refused { .. });
        assert!(expected, "{reason:?}");
        return false;
    }
    push.send("hello").await.unwrap();
    within("the message", pull.recv()).await.unwrap() == "hello"
}

#[tokio::test]
async fn new_certificate_serves_the_next_handshake() {
    let folder = Folder::new("renewed");
    let (old, new) = (Authority::new(), Authority::new());
    let (chain, key) = folder.write_both(&old.issue(HOST));
    let tls = TlsServer::new(TlsCertificate::from_pem_files(chain, key).unwrap());
    let mut pull = PullSocket::builder().tls_server(tls).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    let mut early = PushSocket::builder().tls_client(old.client()).build();
    early.connect(&endpoint).unwrap();
    early.send("early").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "early");
    assert!(!can_send(&mut pull, &endpoint, new.client()).await);

    folder.write_both(&new.issue(HOST));
    assert!(can_send(&mut pull, &endpoint, new.client()).await);
    assert!(!can_send(&mut pull, &endpoint, old.client()).await);
    early.send("still connected").await.unwrap();
    assert_eq!(within("it", pull.recv()).await.unwrap(), "still connected");
}

#[tokio::test]
async fn faulty_files_keep_the_last_certificate() {
    let folder = Folder::new("faulty");
    let (old, new) = (Authority::new(), Authority::new());
    let (chain, key) = folder.write_both(&old.issue(HOST));
    let tls = TlsServer::new(TlsCertificate::from_pem_files(&chain, &key).unwrap());
    let mut pull = PullSocket::builder().tls_server(tls).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();

    folder.write("crt", "half a certi");
    assert!(can_send(&mut pull, &endpoint, old.client()).await);
    fs::remove_file(&chain).unwrap();
    assert!(can_send(&mut pull, &endpoint, old.client()).await);
    // The certificate of another key, until the key follows.
    let issued = new.issue(HOST);
    folder.write("crt", &issued.certificate);
    assert!(can_send(&mut pull, &endpoint, old.client()).await);
    folder.write("key", &issued.key);
    assert!(can_send(&mut pull, &endpoint, new.client()).await);
}

#[tokio::test]
async fn removed_authority_locks_its_clients_out() {
    let folder = Folder::new("authorities");
    let (servers, old, new) = (Authority::new(), Authority::new(), Authority::new());
    let path = folder.write("roots", &(old.pem() + &new.pem()));
    let roots = TlsRoots::from_pem_file(&path).unwrap();
    let tls = servers.server().require_client_certificates(roots);
    let mut pull = PullSocket::builder().tls_server(tls).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    let client = |of: &Authority| servers.client().certificate(of.issue("client.example").tls());
    assert!(can_send(&mut pull, &endpoint, client(&old)).await);
    assert!(can_send(&mut pull, &endpoint, client(&new)).await);
    folder.write("roots", &new.pem());
    assert!(!can_send(&mut pull, &endpoint, client(&old)).await);
    assert!(can_send(&mut pull, &endpoint, client(&new)).await);
}

#[tokio::test]
async fn client_trusts_new_authority_of_its_file() {
    let folder = Folder::new("trusted");
    let (old, new) = (Authority::new(), Authority::new());
    let path = folder.write("roots", &old.pem());
    let client = TlsClient::new().roots(TlsRoots::from_pem_file(&path).unwrap());
    let mut pull = PullSocket::builder().tls_server(new.server()).build();
    let endpoint = pull.bind(ANY_TLS_PORT).await.unwrap();
    assert!(!can_send(&mut pull, &endpoint, client.clone()).await);
    folder.write("roots", &new.pem());
    assert!(can_send(&mut pull, &endpoint, client).await);
}

#[test]
fn faulty_files_are_named_at_once() {
    let folder = Folder::new("named");
    let issued = Authority::new().issue(HOST);
    let (chain, key) = folder.write_both(&issued);
    let load = |chain: &Path, key: &Path| TlsCertificate::from_pem_files(chain, key).unwrap_err();
    let missing = load(&folder.file("missing"), &key);
    assert!(matches!(missing, TlsConfigError::Unreadable { .. }), "{missing:?}");
    let swapped = load(&key, &chain);
    assert!(matches!(swapped, TlsConfigError::NoCertificate { .. }), "{swapped:?}");
    let no_key = load(&chain, &chain);
    assert!(matches!(no_key, TlsConfigError::NoKey { .. }), "{no_key:?}");
    let other = folder.write("other", &Authority::new().issue(HOST).key);
    let mismatch = load(&chain, &other);
    assert!(matches!(mismatch, TlsConfigError::KeyMismatch { .. }), "{mismatch:?}");
    for error in [missing, swapped, no_key, mismatch] {
        assert!(error.to_string().contains(folder.0.to_str().unwrap()), "{error}");
    }
}
