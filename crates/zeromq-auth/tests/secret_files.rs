//! Password and key files with byte order marks, other encodings and different line ends.

#![allow(clippy::unwrap_used, reason = "it is how a test fails")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::{ANY_PORT, event};
use zeromq_async::{PullSocket, PushSocket, SocketEvent};
use zeromq_auth::{PasswordFile, Passwords, read_text_file};

/// A file that is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zeromq-async-secret-files-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The user ids of users with the right password, and `None` for the others.
async fn logins(file: &[u8], users: &[(&[u8], &[u8])]) -> Vec<Option<String>> {
    let file = Scratch::new(file);
    let passwords = PasswordFile::open(&file.0).unwrap();
    let pull = PullSocket::builder().plain_server(passwords).build();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let mut events = pull.events();
    let mut verdicts = Vec::new();
    for (user, password) in users {
        let push = PushSocket::builder().linger(Duration::ZERO);
        let push = push.plain_client(user, password).unwrap().build();
        push.connect(&endpoint).unwrap();
        let verdict = event(&mut events, "a verdict", |event| match event {
            SocketEvent::HandshakeSucceeded { info, .. } => {
                Some(Some(info.user_id().unwrap_or_default().to_owned()))
            }
            SocketEvent::HandshakeFailed { .. } => Some(None),
            _ => None,
        });
        verdicts.push(verdict.await);
    }
    verdicts
}

const MARK: &str = "\u{feff}";

#[tokio::test]
async fn password_file_may_have_byte_order_marks() {
    let alice = (&b"alice"[..], &b"secret"[..]);
    let let_in = vec![Some("alice".to_owned())];
    let file = format!("{MARK}alice:secret\r\n");
    assert_eq!(logins(file.as_bytes(), &[alice]).await, let_in);
    let put_together = format!("# first\nbob:x\n{MARK}alice:secret\n");
    assert_eq!(logins(put_together.as_bytes(), &[alice]).await, let_in);
}

#[tokio::test]
async fn mark_does_not_turn_a_comment_into_a_user() {
    let file = format!("{MARK}#alice:secret\nbob:x\n");
    let as_comment = (&b"#alice"[..], &b"secret"[..]);
    let with_mark = ("\u{feff}#alice".as_bytes(), &b"secret"[..]);
    assert_eq!(logins(file.as_bytes(), &[as_comment, with_mark]).await, [None, None]);
}

#[tokio::test]
async fn names_and_passwords_are_bytes() {
    let file = b"andr\xe9:caf\xe9\nfolded\xff:x\n";
    let users: &[(&[u8], &[u8])] = &[
        (b"andr\xe9", b"caf\xe9"),
        (b"andr\xe8", b"caf\xe9"),
        (b"andr\xe9", b"caf\xe8"),
        ("andr\u{fffd}".as_bytes(), b"caf\xe9"),
        (b"andr\\xe9", b"caf\xe9"),
        ("folded\u{fffd}".as_bytes(), b"x"),
    ];
    let mut verdicts = logins(file, users).await.into_iter();
    assert_eq!(verdicts.next().unwrap().as_deref(), Some("andr\\xe9"));
    assert!(verdicts.all(|verdict| verdict.is_none()));
}

#[test]
fn parsed_text_may_have_a_byte_order_mark() {
    let users: Passwords = format!("{MARK}alice:secret").parse().unwrap();
    assert!(users.remove("alice"));
}

#[test]
fn utf_16_password_file_is_an_error() {
    for big in [false, true] {
        let units = "\u{feff}alice:secret\n".encode_utf16();
        let bytes =
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        let file = Scratch::new(bytes.collect::<Vec<_>>());
        let error = PasswordFile::open(&file.0).unwrap_err().to_string();
        assert!(error.contains("save it as UTF-8") && !error.contains("alice"), "{error}");
    }
}

#[test]
fn invalid_utf_8_is_reported_with_its_line() {
    let file = Scratch::new(b"one\ntwo\nhunt\xe9r\n");
    let error = read_text_file(&file.0).unwrap_err().to_string();
    assert!(error.contains(": line 3: ") && !error.contains("hunt"), "{error}");
}

#[cfg(feature = "curve")]
mod keys {
    use zeromq_async::security::generate_curve_keys;
    use zeromq_auth::{CurveCertificate, CurveSecretCertificate, KeyFile};

    use super::*;

    #[test]
    fn key_list_may_have_a_byte_order_mark() {
        let alice = *generate_curve_keys().public_key();
        for text in [format!("{MARK}{alice} alice\n"), format!("{MARK}# keys\r\n{alice} alice\r\n")]
        {
            let file = Scratch::new(&text);
            KeyFile::open(&file.0).unwrap();
            assert!(zeromq_auth::parse_keys(text.as_bytes()).unwrap().contains(alice));
        }
    }

    #[test]
    fn comments_may_be_of_any_encoding() {
        let alice = *generate_curve_keys().public_key();
        let text =
            [b"# Schl\xfcssel\n", alice.to_string().as_bytes(), b" alice # f\xfcr\n"].concat();
        let file = Scratch::new(text);
        KeyFile::open(&file.0).unwrap();
        let text = [alice.to_string().as_bytes(), b" al\xefce\n"].concat();
        let file = Scratch::new(text);
        let error = KeyFile::open(&file.0).unwrap_err().to_string();
        assert!(error.contains("line 1: this is not UTF-8"), "{error}");
    }

    #[test]
    fn certificate_may_have_a_byte_order_mark() {
        let certificate = CurveSecretCertificate::generate();
        let text = format!("{MARK}{}", *certificate.to_zpl());
        let file = Scratch::new(&text);
        assert_eq!(CurveSecretCertificate::read(&file.0).unwrap(), certificate);
        assert_eq!(CurveCertificate::read(&file.0).unwrap().public_key(), certificate.public_key());
        assert_eq!(text.parse::<CurveSecretCertificate>().unwrap(), certificate);
    }

    /// A lossy conversion could give two files the same user id.
    #[cfg(target_os = "linux")]
    #[test]
    fn file_name_that_is_not_utf_8_is_an_error() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = std::env::temp_dir().join(format!("zeromq-names-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let key = CurveCertificate::new(*generate_curve_keys().public_key());
        key.write_public(folder.join(OsStr::from_bytes(b"al\xffce.key"))).unwrap();
        let error = KeyFile::open(&folder).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("name is not UTF-8"), "{error}");
    }
}
