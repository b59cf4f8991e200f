use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::error::{BindError, BindErrorKind};
use crate::transport::tests::{accept, bind, connect, dial, endpoint, listen, refused};

/// A directory for one test, named for it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zmq-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> (PathBuf, String) {
        let path = self.0.join("socket");
        let text = format!("ipc://{}", path.display());
        (path, text)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn path_of(endpoint: &Endpoint) -> &Path {
    match endpoint {
        Endpoint::Ipc(ipc) => match ipc.name() {
            IpcName::Path(path) => path,
            other => panic!("{other:?} is no path"),
        },
        other => panic!("{other} is not ipc"),
    }
}

/// Leaves a socket file behind as a program does that dies.
fn leave_dead(path: &Path) {
    drop(StdUnixListener::bind(path).unwrap());
}

#[tokio::test]
async fn ipc_carries_bytes_and_peer_credentials() {
    let directory = Directory::new("round-trip");
    let (path, text) = directory.file();
    let mut listener = listen(&text).await;
    assert_eq!(listener.local_endpoint(), &endpoint(&text));

    let mut near = connect(listener.local_endpoint()).await;
    let mut far = accept(&mut listener).await;
    near.write_all(b"ping").await.unwrap();
    let mut received = [0; 4];
    far.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"ping");
    for io in [near, far] {
        let PeerAddress::Ipc { process_id, .. } = io.peer_address() else {
            panic!("{}", io.peer_address())
        };
        if cfg!(target_os = "linux") {
            assert_eq!(process_id.map(i32::cast_unsigned), Some(std::process::id()));
        }
    }
    assert!(path.exists());
    drop(listener);
    assert!(!path.exists(), "the file goes with the listener");
}

#[tokio::test]
async fn wildcard_directory_is_private_and_removed() {
    let listener = listen("ipc://*").await;
    let path = path_of(listener.local_endpoint()).to_owned();
    let directory = path.parent().unwrap();
    assert_eq!(fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700);
    connect(listener.local_endpoint()).await;
    drop(listener);
    assert!(!directory.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn abstract_name_has_no_file() {
    let text = format!("ipc://@zmq-test-{}", std::process::id());
    let mut listener = listen(&text).await;
    connect(&endpoint(&text)).await;
    accept(&mut listener).await;
    assert!(matches!(refused(&text).await.kind(), BindErrorKind::InUse));
    drop(listener);
    listen(&text).await;
}

#[tokio::test]
async fn dead_listener_path_is_reused() {
    let directory = Directory::new("dead");
    let (path, text) = directory.file();
    leave_dead(&path);
    let error = dial(&endpoint(&text), &TransportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

    let mut listener = listen(&text).await;
    connect(&endpoint(&text)).await;
    accept(&mut listener).await;
}

#[tokio::test]
async fn live_listener_keeps_its_path() {
    let directory = Directory::new("live");
    let (_, text) = directory.file();
    let listener = listen(&text).await;
    for _ in 0..2 {
        let error = refused(&text).await;
        assert!(matches!(error.kind(), BindErrorKind::InUse), "{error:?}");
    }
    connect(listener.local_endpoint()).await;
}

#[tokio::test]
async fn full_backlog_listener_keeps_its_path() {
    let directory = Directory::new("full");
    let (_, text) = directory.file();
    let options = TransportOptions { backlog: Some(0), ..TransportOptions::default() };
    let _listener = bind(&text, &options).await.unwrap();
    let _waiting = connect(&endpoint(&text)).await;
    assert!(matches!(refused(&text).await.kind(), BindErrorKind::InUse));
    // Nor does dialling wait for room: the next attempt is the caller's to time.
    assert!(dial(&endpoint(&text), &options).await.is_err());
}

#[tokio::test]
async fn non_socket_file_is_not_replaced() {
    let directory = Directory::new("regular");
    let (path, text) = directory.file();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(refused(&text).await.kind(), BindErrorKind::NotASocket));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert!(matches!(refused(&text).await.kind(), BindErrorKind::NotASocket));
    assert!(fs::symlink_metadata(&path).is_ok());
}

#[tokio::test]
async fn missing_directory_is_reported() {
    let error = refused("ipc:///no/such/directory/socket").await;
    assert!(matches!(error.kind(), BindErrorKind::NotFound), "{error:?}");
    assert!(error.to_string().contains("create it first"), "{error}");
}

#[tokio::test]
async fn replaced_socket_file_is_not_removed() {
    let directory = Directory::new("stolen");
    let (path, text) = directory.file();
    let robbed = listen(&text).await;
    fs::remove_file(&path).unwrap(); // as libzmq does
    let thief = StdUnixListener::bind(&path).unwrap();
    drop(robbed);
    assert!(path.exists());
    connect(&endpoint(&text)).await;
    drop(thief);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_binder_wins_a_dead_path() {
    let directory = Directory::new("race");
    let (path, text) = directory.file();
    for round in 0..50 {
        leave_dead(&path);
        let binding: Vec<_> = (0..8)
            .map(|_| {
                let text = text.clone();
                tokio::spawn(async move { bind(&text, &TransportOptions::default()).await })
            })
            .collect();
        let mut winners = Vec::new();
        for bound in binding {
            match bound.await.unwrap() {
                Ok(listener) => winners.push(listener),
                Err(error) => {
                    assert!(
                        matches!(error.kind(), BindErrorKind::InUse),
                        "round {round}: {error:?}"
                    );
                }
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        connect(winners[0].local_endpoint()).await;
    }
}

#[test]
fn a_wildcard_names_a_bad_directory() {
    let directory = Directory::new("bad-parent");
    let (file, _) = directory.file();
    fs::write(&file, "no directory").unwrap();
    for (parent, advice) in [
        (directory.0.join("missing"), "set TMPDIR"),
        (file, "TMPDIR"),
        (directory.0.join("x".repeat(100)), "TMPDIR"),
    ] {
        if parent.ends_with("x".repeat(100)) {
            fs::create_dir(&parent).unwrap();
        }
        let options = TransportOptions::default();
        let made = SocketFile::in_new_directory_of(&parent, |path| super::listen(path, &options));
        let error = BindError::from_io(&endpoint("ipc://*"), made.unwrap_err());
        let parent = parent.display().to_string();
        for part in ["ipc://*", &parent, advice] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
