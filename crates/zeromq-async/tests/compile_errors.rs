//! The compiler's messages when a socket type is used in the wrong direction.
//!
//! The test calls the compiler as cargo does, with the library that the test was built with.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The libraries that cargo has built, newest first. Some may have other features, or be from other
/// compilers.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder of this program")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libzeromq_async-") && name.ends_with(".rlib")
        })
        .collect();
    let age = |path: &PathBuf| fs::metadata(path).and_then(|about| about.modified());
    found.sort_by_key(|path| std::cmp::Reverse(age(path).unwrap_or(SystemTime::UNIX_EPOCH)));
    found
}

struct Compiler {
    folder: PathBuf,
    library: PathBuf,
}

impl Compiler {
    /// A compiler and a library that it accepts.
    fn new() -> Self {
        let program = env::current_exe().expect("the path of this program");
        let folder = program.parent().expect("a folder").to_owned();
        let mut last = "no library".to_owned();
        for library in libraries(&folder) {
            let compiler = Self { folder: folder.clone(), library };
            match compiler
                .check("pub async fn f(mut push: PushSocket) { let _ = push.send(\"x\").await; }")
            {
                Ok(()) => return compiler,
                Err(said) => last = said,
            }
        }
        panic!("nothing compiles: {last}");
    }

    /// The compiler's errors for a program.
    fn check(&self, code: &str) -> Result<(), String> {
        let scratch = Scratch::new();
        let file = scratch.0.join("snippet.rs");
        fs::write(&file, format!("#![allow(unused)]\nuse zeromq_async::*;\n{code}\n")).unwrap();
        let mut library = OsString::from("zeromq_async=");
        library.push(&self.library);
        let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--color=never", "-L"])
            .arg(&self.folder)
            .arg("--extern")
            .arg(library)
            .arg("--out-dir")
            .arg(&scratch.0)
            .arg(&file)
            .output()
            .expect("a compiler");
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

/// A directory that is removed after the check.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("zeromq-compile-errors-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn wrong_directions_are_told_in_words() {
    let compiler = Compiler::new();
    for (code, message, note) in [
        ("async fn f(mut s: PullSocket) { s.send(\"x\").await; }", "Pull socket does not send", ""),
        ("fn f(mut s: SubSocket) { s.try_send(\"x\"); }", "Sub socket does not send", ""),
        ("async fn f(mut s: PushSocket) { s.recv().await; }", "Push socket does not receive", ""),
        ("fn f(mut s: PubSocket) { s.try_recv(); }", "Pub socket does not receive", ""),
        (
            "async fn f(mut s: PubSocket) { s.ready_recv().await; }",
            "Pub socket does not receive",
            "",
        ),
        ("fn f(s: PushSocket) { s.split(); }", "Push socket does not receive", ""),
        (
            "fn f(s: SocketBuilder<Pull>) { s.subscribe(\"a\"); }",
            "Pull socket does not subscribe",
            "SUB and XSUB subscribe",
        ),
        ("fn f(s: PubSocket) { s.subscribe(\"a\"); }", "Pub socket does not subscribe", ""),
        (
            "fn f(s: SocketBuilder<Pull>) { s.send_high_water_mark(1); }",
            "Pull socket does not send",
            "",
        ),
        (
            "fn f(s: SocketBuilder<Push>) { s.receive_high_water_mark(1); }",
            "Push socket does not receive",
            "",
        ),
        ("fn f(s: SocketBuilder<Rep>) { s.conflate(true); }", "Rep socket cannot conflate", ""),
        (
            "fn f(s: SocketBuilder<Sub>) { s.routing_id(\"a\"); }",
            "Sub socket has no routing id",
            "",
        ),
        (
            "fn f(s: SocketBuilder<Pull>) { s.no_drop(true); }",
            "Pull socket does not drop messages",
            "PUB, XPUB and RADIO",
        ),
        (
            "fn f(s: SocketBuilder<Push>) { s.multicast_hops(2); }",
            "Push socket sends no multicast datagrams",
            "RADIO and DGRAM",
        ),
        ("async fn f(s: RadioSocket) { s.recv().await; }", "Radio socket does not receive", ""),
        ("async fn f(s: DishSocket) { s.send(\"x\").await; }", "Dish socket does not send", ""),
        ("async fn f(s: RadioSocket) { s.send(\"x\").await; }", "Group", "()"),
        ("fn f(s: SocketBuilder<Pull>) { s.hello(\"a\"); }", "Pull socket does not greet", ""),
        (
            "fn f(s: SocketBuilder<Pull>) { s.probe_router(true); }",
            "Pull socket does not probe",
            "",
        ),
        ("fn f(s: PullSocket) { s.topics_count(); }", "Pull socket has no topics", ""),
        (
            "async fn f(s: PushSocket) { s.wait_for_subscribers(\"a\", 1).await; }",
            "not publish",
            "",
        ),
        (
            "async fn f(s: ClientSocket) { s.send(Message::multipart([\"a\", \"b\"])).await; }",
            "Frame: From<",
            "Message",
        ),
        (
            "async fn f(s: ServerSocket, to: RouteId) { s.send_to(to, Message::new()).await; }",
            "Frame: From<",
            "Message",
        ),
        ("async fn f(s: ServerSocket) { s.send(\"x\").await; }", "RouteId", "()"),
        ("async fn f(s: ClientSocket, to: RouteId) { s.send_to(to, \"x\").await; }", "RouteId", ""),
        ("async fn f(s: GatherSocket) { s.send(\"x\").await; }", "Gather socket does not send", ""),
        ("async fn f(s: ScatterSocket) { s.recv().await; }", "Scatter socket does not receive", ""),
        (
            "fn f(s: SocketBuilder<Client>) { s.hello(Message::multipart([\"a\", \"b\"])); }",
            "Frame: From<",
            "Message",
        ),
        (
            "fn f(s: SocketBuilder<Channel>) { s.hello(\"a\"); }",
            "Channel socket does not greet",
            "",
        ),
        (
            "fn f(s: SocketBuilder<Client>) { s.disconnect_message(\"a\"); }",
            "Client socket gets no message for a lost peer",
            "",
        ),
        ("fn f(s: ReqSocket) { s.sender(); }", "Req socket has one sender", "DEALER asks"),
        ("fn f(s: Sender<Rep>) { s.clone(); }", "Rep", ""),
    ] {
        let said = compiler.check(code).expect_err(code);
        assert!(said.contains(message) && said.contains(note), "{code}\n{said}");
    }
}
