//! Certificates that are exchanged with pyzmq and CZMQ.

#![cfg(feature = "curve")]
#![expect(clippy::unwrap_used, reason = "it is how a test fails")]

use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::event;
use zeromq_async::{PullSocket, PushSocket, SocketEvent};
use zeromq_auth::{CertificateError, CurveCertificate, CurveSecretCertificate, FileError, KeyFile};

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = format!("zeromq-async-certificates-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Made by `zmq.auth.create_certificates` of pyzmq 27.
fn of_pyzmq(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

#[test]
fn pyzmq_certificates_are_read() {
    let public = CurveCertificate::read(of_pyzmq("pyzmq.key")).unwrap();
    assert_eq!(public.public_key().to_string(), "Y[o%Mm2(PTmc1f2PY1xjzE5w+IAYrhien(+*USfJ");
    let own = CurveSecretCertificate::read(of_pyzmq("pyzmq.key_secret")).unwrap();
    assert_eq!(own.public_key(), public.public_key());
    assert_eq!(own.metadata().get("email").unwrap(), "alice@example.com");
    let from_secret = CurveCertificate::read(of_pyzmq("pyzmq.key_secret")).unwrap();
    assert_eq!(from_secret.public_key(), public.public_key());

    let error = CurveSecretCertificate::read(of_pyzmq("pyzmq.key")).unwrap_err();
    let FileError::Certificate { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(source, CertificateError::Missing { property: "secret-key", .. }));
    assert!(error.to_string().contains("pyzmq.key: there is no secret-key"), "{error}");
}

#[test]
fn secret_file_is_readable_only_by_owner() {
    let folder = Folder::new("owner");
    let certificate = CurveSecretCertificate::generate().with("name", "Alice").unwrap();
    certificate.write(folder.file("alice")).unwrap();
    let public = CurveCertificate::read(folder.file("alice.key")).unwrap();
    assert_eq!(public.public_key(), certificate.public_key());
    assert_eq!(public.metadata().get("name").unwrap(), "Alice");
    assert!(!fs::read_to_string(folder.file("alice.key")).unwrap().contains("secret-key"));
    let own = CurveSecretCertificate::read(folder.file("alice.key_secret")).unwrap();
    assert_eq!(own, certificate);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let secret = fs::metadata(folder.file("alice.key_secret")).unwrap();
        assert_eq!(secret.permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{own:?}").contains(own.keys().secret_key().to_z85().as_str()));
}

#[test]
fn existing_certificates_are_not_overwritten() {
    let folder = Folder::new("twice");
    let first = CurveSecretCertificate::generate();
    first.write(folder.file("a")).unwrap();
    let exists = |error: FileError, name: &str| {
        let FileError::Unwritable { path, source } = &error else { panic!("{error}") };
        assert_eq!((path, source.kind()), (&folder.file(name), ErrorKind::AlreadyExists));
    };
    exists(CurveSecretCertificate::generate().write(folder.file("a")).unwrap_err(), "a.key");
    fs::remove_file(folder.file("a.key")).unwrap();
    exists(CurveSecretCertificate::generate().write(folder.file("a")).unwrap_err(), "a.key_secret");
    assert!(!folder.file("a.key").exists());
    let kept = CurveSecretCertificate::read(folder.file("a.key_secret")).unwrap();
    assert_eq!(kept, first);

    first.write_public(folder.file("b.key")).unwrap();
    exists(first.write_public(folder.file("b.key")).unwrap_err(), "b.key");
}

/// Needs `python3` with pyzmq.
#[test]
fn pyzmq_reads_our_certificates() {
    let folder = Folder::new("python");
    let ours = CurveSecretCertificate::generate().with("name", "the \"#1\" = me").unwrap();
    ours.write(folder.file("ours")).unwrap();
    let python =
        |code: &str| Command::new("python3").arg("-c").arg(code).current_dir(&folder.0).output();
    if !python("import zmq.auth").is_ok_and(|output| output.status.success()) {
        skipped("there is no python3 with pyzmq");
        return;
    }
    let load = "import zmq.auth\n\
                public, none = zmq.auth.load_certificate('ours.key')\n\
                assert none is None\n\
                same, secret = zmq.auth.load_certificate('ours.key_secret')\n\
                assert same == public\n\
                print(public.decode(), secret.decode())";
    let output = python(load).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (public, secret) = (ours.public_key(), ours.keys().secret_key().to_z85());
    assert_eq!(said.trim(), format!("{public} {}", *secret), "{:?}", output.status);
}

#[tokio::test]
async fn certificate_folder_names_users_by_file() {
    let folder = Folder::new("folder");
    let [server, alice, bob] = [(); 3].map(|()| CurveSecretCertificate::generate());
    let alice = alice.with("X-Team", "accounts").unwrap();
    alice.write(folder.file("alice")).unwrap();
    fs::write(folder.file("README"), "no certificate").unwrap();

    let known = KeyFile::open(&folder.0).unwrap();
    let pull = PullSocket::builder().curve_server(server.keys().clone(), known.clone()).build();
    let mut events = pull.events();
    let endpoint = pull.bind("tcp://127.0.0.1:0").await.unwrap();
    let mut verdict = async |keys: &CurveSecretCertificate| {
        let push = PushSocket::builder().curve_client(keys.keys().clone(), *server.public_key());
        let push = push.build();
        push.connect(&endpoint).unwrap();
        event(&mut events, "a verdict", |event| match event {
            SocketEvent::HandshakeSucceeded { info, .. } => Some(Ok(info)),
            SocketEvent::HandshakeFailed { reason, .. } => Some(Err(reason.to_string())),
            _ => None,
        })
        .await
    };

    let info = verdict(&alice).await.unwrap();
    assert_eq!(info.user_id(), Some("alice"));
    assert_eq!(info.user_metadata().get("x-team").unwrap(), "accounts");
    assert!(verdict(&bob).await.unwrap_err().contains("400"));

    bob.write_public(folder.file("robert.key")).unwrap();
    fs::remove_file(folder.file("alice.key")).unwrap();
    assert_eq!(verdict(&bob).await.unwrap().user_id(), Some("robert"));
    assert!(verdict(&alice).await.unwrap_err().contains("400"));

    fs::write(folder.file("carol.key"), "curve\n    public-key = \"?\"\n").unwrap();
    assert!(verdict(&bob).await.is_ok());
    let error = known.reload().await.unwrap_err().to_string();
    assert!(error.contains("carol.key: line 2: not a key"), "{error}");
    fs::remove_file(folder.file("carol.key")).unwrap();
    bob.write_public(folder.file("bob.key")).unwrap();
    let error = known.reload().await.unwrap_err();
    let FileError::KeyTwice { path } = &error else { panic!("{error}") };
    assert_eq!(*path, folder.file("robert.key"));
}

/// Reports a skipped test, bypassing the capture of test output.
fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "test {name} ... SKIPPED: {why}");
}
