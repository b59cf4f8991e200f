//! Running the command and waiting for its output, without fixed sleeps.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A running `zmq`. Killed on drop.
pub(crate) struct Zmq {
    child: Child,
    name: String,
    output: Receiver<Vec<u8>>,
    errors: Receiver<Vec<u8>>,
}

/// The result of a `zmq` that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    /// The unread part of its output.
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Zmq {
    pub(crate) fn start<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
        let mut zmq = Self::start_unread(arguments);
        zmq.output = lines(zmq.child.stdout.take().unwrap());
        zmq
    }

    /// Starts a command without reading its output.
    fn start_unread<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zmq"));
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let errors = lines(child.stderr.take().unwrap());
        Self { child, name: format!("{command:?}"), output: lines(io::empty()), errors }
    }

    /// Starts a command that binds to a free port, and closes its output.
    pub(crate) fn bind_without_output(arguments: &[&str]) -> (Self, String) {
        let mut zmq = Self::start_unread(arguments);
        zmq.child.stdout = None;
        let endpoint = zmq.bound();
        (zmq, endpoint)
    }

    /// Starts a command that binds to a free port, with output that is not lines.
    pub(crate) fn bind_raw<I: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = I>,
    ) -> (Self, String) {
        let mut zmq = Self::start_unread(arguments);
        let endpoint = zmq.bound();
        (zmq, endpoint)
    }

    /// Reads a number of bytes of output that has no lines.
    pub(crate) fn read(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.child.stdout.as_mut().unwrap().read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads output that is not lines, to its end.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Starts a command that binds to a free port. Returns the bound endpoint.
    pub(crate) fn bind<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> (Self, String) {
        let mut zmq = Self::start(arguments);
        let endpoint = zmq.bound();
        (zmq, endpoint)
    }

    /// Waits for the next `bound` line. Returns its endpoint.
    pub(crate) fn bound(&mut self) -> String {
        loop {
            let line = String::from_utf8(self.error_line()).unwrap();
            if let Some(endpoint) = line.strip_prefix("bound ") {
                return endpoint.to_owned();
            }
        }
    }

    /// Waits for the next monitor event of this name.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            if let Ok(event) = serde_json::from_slice::<Value>(&self.error_line())
                && event["event"] == name
            {
                return event;
            }
        }
    }

    /// Waits for the next line of output.
    pub(crate) fn line(&mut self) -> Vec<u8> {
        self.output.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{}: no line", self.name))
    }

    /// Waits for the next line on standard error.
    pub(crate) fn error(&mut self) -> String {
        String::from_utf8(self.error_line()).unwrap()
    }

    fn error_line(&mut self) -> Vec<u8> {
        let line = self.errors.recv_timeout(PATIENCE);
        line.unwrap_or_else(|_| panic!("{}: no line on standard error", self.name))
    }

    /// Writes to its input.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(bytes).and_then(|()| input.flush()).unwrap();
    }

    /// Closes its input.
    pub(crate) fn end_input(&mut self) {
        self.child.stdin = None;
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Closes its input and waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        self.end_input();
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Ended {
        // The streams end when the process does.
        let output = self.rest(&self.output);
        let errors = self.rest(&self.errors);
        let status = self.child.wait().unwrap().code();
        Ended { status: status.expect("ended by itself"), output, errors }
    }

    fn rest(&self, stream: &Receiver<Vec<u8>>) -> String {
        let mut rest = String::new();
        loop {
            match stream.recv_timeout(PATIENCE) {
                Ok(line) => rest += &(String::from_utf8_lossy(&line) + "\n"),
                Err(mpsc::RecvTimeoutError::Disconnected) => return rest,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("{} does not end", self.name),
            }
        }
    }
}

impl Drop for Zmq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Asserts that it succeeded. Returns its output.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.output
    }
}

/// Runs a command to its end.
pub(crate) fn run<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Ended {
    Zmq::start(arguments).end()
}

/// The lines of a stream as they arrive, without line ends.
fn lines(stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A port chosen by the system.
pub(crate) const FREE: &str = "tcp://127.0.0.1:0";

/// The time limit of every wait.
const PATIENCE: Duration = Duration::from_secs(120);
