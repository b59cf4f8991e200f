//! The processes of one trial and their output.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::contestant::Contestant;
use crate::line::Line;
use crate::order::Order;
use crate::process::Failure;

/// The processes of one trial. Dropping this kills them.
pub(crate) struct Processes {
    children: Vec<Child>,
    lines: Receiver<Output>,
    sender: Sender<Output>,
    /// When the trial fails.
    deadline: Instant,
}

/// Lines with the index of their process; `None` at the end of its output.
type Output = (usize, Option<String>);

impl Processes {
    /// No process yet. `limit` is the time limit for all of them together.
    pub(crate) fn new(patience: Duration) -> Self {
        let (sender, lines) = channel();
        Self { children: Vec::new(), lines, sender, deadline: Instant::now() + patience }
    }

    /// Starts a process and returns its index.
    pub(crate) fn start(
        &mut self,
        contestant: &Contestant,
        order: &Order,
    ) -> Result<usize, Failure> {
        let mut child = contestant
            .command(order)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start {contestant}: {error}")))?;
        let number = self.children.len();
        if let Some(stdout) = child.stdout.take() {
            let sender = self.sender.clone();
            thread::spawn(move || listen(number, stdout, &sender));
        }
        self.children.push(child);
        Ok(number)
    }

    /// The next line and the index of its process.
    pub(crate) fn next(&self) -> Result<(usize, Line), Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok((number, Some(line))) => match line.parse()? {
                Line::Failed(reason) => Err(Failure::new(reason)),
                line => Ok((number, line)),
            },
            Ok((_, None)) => Err(Failure::new("a process ended before it reported a result")),
            Err(RecvTimeoutError::Timeout) => Err(Failure::new("the trial took too long")),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::new("there is no process")),
        }
    }

    /// The next line of this process. Lines of other processes are discarded.
    pub(crate) fn next_of(&self, number: usize) -> Result<Line, Failure> {
        loop {
            let (speaker, line) = self.next()?;
            if speaker == number {
                return Ok(line);
            }
        }
    }

    /// Asks all processes except one for their processor time.
    pub(crate) fn ask_cpu(&mut self, except: usize) -> Result<(), Failure> {
        for (number, child) in self.children.iter_mut().enumerate() {
            if let Some(stdin) = child.stdin.as_mut().filter(|_| number != except) {
                stdin.write_all(b"cpu\n").map_err(Failure::new)?;
            }
        }
        Ok(())
    }

    /// The number of processes.
    pub(crate) fn count(&self) -> usize {
        self.children.len()
    }

    /// The resident memory of a process, in bytes.
    pub(crate) fn resident(&self, number: usize) -> Result<f64, Failure> {
        let child = &self.children[number];
        let status =
            fs::read_to_string(format!("/proc/{}/status", child.id())).map_err(Failure::new)?;
        resident(&status).ok_or_else(|| Failure::new("/proc has no VmRSS"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            // The process may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn listen(number: usize, stdout: ChildStdout, sender: &Sender<Output>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if sender.send((number, Some(line))).is_err() {
            return;
        }
    }
    let _ = sender.send((number, None)); // fails only after the trial
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_parsed_from_status() {
        let status = "Name:\tversus\nVmHWM:\t  9000 kB\nVmRSS:\t    5064 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(5064.0 * 1024.0));
        assert_eq!(resident("Name:\tversus\n"), None);
    }
}
