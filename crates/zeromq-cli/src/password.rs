//! Reading a password without echo.

use std::io::{self, BufRead, IsTerminal, Read};
use std::thread;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::console;
use crate::failure::Failure;
use crate::signals::Signals;

/// Reads the first line of standard input, without its end and without a byte order mark.
pub(crate) async fn read() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut signals = Signals::new()?;
    let no_echo = NoEcho::start().map_err(|error| Failure::about("standard input", error))?;
    if no_echo.is_some() {
        console::prompt("Password: ");
    }
    // A separate thread, so that Ctrl-C ends the command and restores the echo.
    let (sender, line) = oneshot::channel();
    thread::spawn(move || sender.send(first_line(&mut io::stdin().lock())));
    let line = tokio::select! {
        line = line => line.unwrap_or(Ok(Zeroizing::default())),
        () = signals.recv() => Err(io::Error::other("interrupted before a password was read")),
    };
    drop(no_echo);
    check(line.map_err(|error| Failure::about("standard input", error))?)
}

fn first_line(input: &mut impl BufRead) -> io::Result<Zeroizing<Vec<u8>>> {
    // A reallocation would leave a copy of the password in freed memory.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_READ + 1));
    input.take(MAX_READ as u64).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn check(mut line: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if line.starts_with(MARK) {
        line.drain(..MARK.len());
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        line.pop();
    }
    let problem = match line.len() {
        0 => "the first line is empty, expected a password",
        1..=MAX_SIZE => return Ok(line),
        _ => "the password is longer than 255 bytes, the limit of PLAIN",
    };
    Err(Failure::about("standard input", problem))
}

/// The longest password that PLAIN can carry, in bytes.
const MAX_SIZE: usize = 255;

/// Room for the mark, the password, the line end, and one more byte to detect a longer password.
const MAX_READ: usize = MARK.len() + MAX_SIZE + 3;

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Turns the terminal's echo off until it is dropped.
#[cfg(unix)]
struct NoEcho(rustix::termios::Termios);

#[cfg(unix)]
impl NoEcho {
    /// `None` if standard input is not a terminal.
    fn start() -> io::Result<Option<Self>> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let input = io::stdin();
        if !input.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&input)?;
        let mut changed = before.clone();
        changed.local_modes.remove(LocalModes::ECHO);
        changed.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(&input, OptionalActions::Flush, &changed)?;
        Ok(Some(Self(before)))
    }
}

#[cfg(unix)]
impl Drop for NoEcho {
    fn drop(&mut self) {
        let _ =
            rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// On other systems the echo cannot be turned off, so terminals are rejected.
#[cfg(not(unix))]
struct NoEcho;

#[cfg(not(unix))]
impl NoEcho {
    fn start() -> io::Result<Option<Self>> {
        match io::stdin().is_terminal() {
            false => Ok(None),
            true => {
                Err(io::Error::other("the terminal would show the password; pipe it in instead"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Option<Vec<u8>> {
        check(first_line(&mut &*input).unwrap()).ok().map(|line| line.to_vec())
    }

    #[test]
    fn password_is_the_first_line() {
        for input in [&b"secret"[..], b"secret\n", b"secret\r\nmore\n", b"\xef\xbb\xbfsecret\n"] {
            assert_eq!(read(input).as_deref(), Some(&b"secret"[..]));
        }
        assert_eq!(read(b"caf\xe9\n").as_deref(), Some(&b"caf\xe9"[..]));
        for nothing in [&b""[..], b"\n", b"\r\nsecret\n"] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn password_size_is_limited() {
        let most = [&[b'x'; 255][..], b"\r\n"].concat();
        assert_eq!(read(&most).unwrap().len(), 255);
        assert_eq!(read(&[b'x'; 256]), None);
        assert_eq!(read(&[b'x'; 1 << 20]), None);
    }
}
