//! A socket of either library in its own process, so that it can be stopped, killed, starved or
//! measured, and can fail alone.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use interop::peer::{Answer, Library, Request, Sent, Settings};
use interop::{Frames, within};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// The process. Dropping this kills it.
pub(crate) struct Child {
    process: tokio::process::Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// The state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    /// It runs.
    Alive,
    /// It ended by this signal. 6 is an abort.
    Signal(i32),
    /// It ended with this code.
    Exit(i32),
}

impl Child {
    /// A process with a socket of this library.
    pub(crate) async fn start(library: Library, settings: &Settings) -> Self {
        Self::limited(library, settings, "").await
    }

    /// A process with the limits of these options of the shell's `ulimit`.
    pub(crate) async fn limited(library: Library, settings: &Settings, limits: &str) -> Self {
        let library = match library {
            Library::Ours => "ours",
            Library::Libzmq => "libzmq",
        };
        let script = match limits {
            "" => "exec \"$0\" \"$@\"".to_owned(),
            limits => format!("ulimit {limits} && exec \"$0\" \"$@\""),
        };
        let mut process = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_peer"), library])
            .args(settings.to_words())
            // A single arena, because each arena reserves addresses in advance.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut child = Self { process, input, output };
        assert_eq!(child.answer().await, Some(Answer::Ready));
        child
    }

    /// Binds and returns the endpoint.
    pub(crate) async fn bind(&mut self, endpoint: &str) -> String {
        match self.request(Request::Bind(endpoint.to_owned())).await {
            Some(Answer::Bound(endpoint)) => endpoint,
            other => panic!("bind: {other:?}"),
        }
    }

    /// Connects.
    pub(crate) async fn connect(&mut self, endpoint: &str) {
        let answer = self.request(Request::Connect(endpoint.to_owned())).await;
        assert_eq!(answer, Some(Answer::Connected));
    }

    /// Sends a message. `Refused` if the process has ended.
    pub(crate) async fn send(&mut self, message: Frames, within: Duration) -> Sent {
        match self.request(Request::Send(message, within)).await {
            Some(Answer::Sent(sent)) => sent,
            None => Sent::Refused,
            other => panic!("send: {other:?}"),
        }
    }

    /// The next message within this time, or `None` if the process has ended.
    pub(crate) async fn recv(&mut self, within: Duration) -> Option<Frames> {
        match self.request(Request::Recv(within)).await {
            Some(Answer::Received(message)) => message,
            None => None,
            other => panic!("recv: {other:?}"),
        }
    }

    /// Sends a request without waiting for the answer.
    pub(crate) async fn send_request(&mut self, request: Request) {
        // A dead process has no answer, which the next read shows.
        let _ = self.input.write_all(format!("{}\n", request.to_line()).as_bytes()).await;
    }

    /// The next answer, or `None` if the process has ended.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let answer = async {
            while let Ok(Some(line)) = self.output.next_line().await {
                if let Some(answer) = Answer::from_line(&line) {
                    return Some(answer);
                }
            }
            None
        };
        within("an answer of another process", answer).await
    }

    async fn request(&mut self, request: Request) -> Option<Answer> {
        self.send_request(request).await;
        self.answer().await
    }

    /// Sends a signal by name.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid()]).status().await;
        assert!(sent.expect("kill").success(), "{name}");
    }

    /// Kills the process and waits for its end.
    pub(crate) async fn killed(mut self) {
        self.signal("KILL").await;
        within("the process to end", self.process.wait()).await.expect("it ends");
    }

    /// The current state.
    pub(crate) fn state(&mut self) -> ProcessState {
        match self.process.try_wait().expect("this process's child") {
            None => ProcessState::Alive,
            Some(status) => match status.signal() {
                Some(signal) => ProcessState::Signal(signal),
                None => ProcessState::Exit(status.code().unwrap_or(-1)),
            },
        }
    }

    /// The resident memory in bytes.
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the process is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    }

    /// The processor time so far.
    pub(crate) fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let stat = stat.expect("the process is there");
        // Fields 14 and 15, in hundredths of a second on Linux. Field 2 is in brackets and may
        // contain spaces.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The number of open files and sockets.
    pub(crate) fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.pid()));
        open.expect("the process is there").count()
    }

    fn pid(&self) -> String {
        self.process.id().expect("it has not been waited for").to_string()
    }
}
