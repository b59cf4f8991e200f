//! Typed passwords: no echo, and the terminal is restored.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// A pseudo-terminal that runs `zmq hash-password`.
struct Terminal {
    master: File,
    slave: File,
    zmq: Child,
    shown: Receiver<u8>,
    asked: Receiver<u8>,
}

impl Terminal {
    fn start() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a pseudo-terminal");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let name = name.to_str().expect("a path").to_owned();
        let slave = OpenOptions::new().read(true).write(true).open(name).expect("its other end");
        let master = File::from(master);
        let mut zmq = Command::new(env!("CARGO_BIN_EXE_zmq"))
            .arg("hash-password")
            .stdin(slave.try_clone().expect("a descriptor"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let shown = bytes(master.try_clone().expect("a descriptor"));
        let asked = bytes(zmq.stderr.take().expect("piped"));
        Self { master, slave, zmq, shown, asked }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.slave).expect("a terminal").local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the prompt, after which the echo is off.
    fn wait_for_prompt(&self) {
        let mut asked = Vec::new();
        while asked != b"Password: " {
            asked.push(self.asked.recv_timeout(PATIENCE).expect("the prompt"));
        }
        assert!(!self.echoes());
    }

    /// Waits for the end. Returns the output and the exit status.
    fn end(&mut self) -> (String, Option<i32>) {
        let mut printed = String::new();
        self.zmq.stdout.take().expect("piped").read_to_string(&mut printed).expect("text");
        (printed, self.zmq.wait().expect("it ends").code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.zmq.kill();
        let _ = self.zmq.wait();
    }
}

/// The bytes of a stream as they arrive.
fn bytes(stream: impl Read + Send + 'static) -> Receiver<u8> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        BufReader::new(stream).bytes().map_while(Result::ok).try_for_each(|byte| sender.send(byte))
    });
    receiver
}

/// The time limit of every wait.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn typed_password_is_not_echoed() {
    let mut terminal = Terminal::start();
    terminal.wait_for_prompt();
    terminal.master.write_all(b"wonderland\n").unwrap();
    let (printed, status) = terminal.end();
    assert!(printed.starts_with("$argon2id$"), "{printed}");
    assert_eq!(status, Some(0));
    assert!(terminal.echoes(), "the echo is on again");
    let shown: Vec<_> = terminal.shown.try_iter().collect();
    assert_eq!(String::from_utf8_lossy(&shown).trim(), "", "only the line end is echoed");
}

#[test]
fn signal_restores_the_echo() {
    let mut terminal = Terminal::start();
    terminal.wait_for_prompt();
    let id = terminal.zmq.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    assert_eq!(terminal.end(), (String::new(), Some(1)));
    assert!(terminal.echoes());
}
