//! Reading a password, which is not seen where somebody types it.

use std::io::{self, BufRead, IsTerminal, Read};
use std::thread;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::console;
use crate::exit::Failure;
use crate::signals::Signals;

/// The first line of standard input, without its end and without a byte order mark.
pub(crate) async fn read() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut signals = Signals::new()?;
    let unseen = Unseen::begin().map_err(|error| Failure::about("standard input", error))?;
    if unseen.is_some() {
        console::ask("Password: ");
    }
    // A thread of its own, so that Ctrl-C ends the command and gives the terminal its echo back.
    let (sender, line) = oneshot::channel();
    thread::spawn(move || sender.send(first_line(&mut io::stdin().lock())));
    let line = tokio::select! {
        line = line => line.unwrap_or(Ok(Zeroizing::default())),
        () = signals.recv() => Err(io::Error::other("there was no password until the end")),
    };
    drop(unseen);
    check(line.map_err(|error| Failure::about("standard input", error))?)
}

fn first_line(input: &mut impl BufRead) -> io::Result<Zeroizing<Vec<u8>>> {
    // Large enough not to move, which would leave a copy of the password behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MOST_READ + 1));
    input.take(MOST_READ as u64).read_until(b'\n', &mut line)?;
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
        0 => "there is no password in its first line",
        1..=MOST => return Ok(line),
        _ => "the password has more than 255 bytes, and PLAIN carries no more",
    };
    Err(Failure::about("standard input", problem))
}

/// Bytes that a password of PLAIN may have.
const MOST: usize = 255;

/// As many, with a mark in front and the end of the line, and one more.
const MOST_READ: usize = MARK.len() + MOST + 3;

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A terminal that does not show what is typed, until this is dropped.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    /// `None` where standard input is no terminal.
    fn begin() -> io::Result<Option<Self>> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let input = io::stdin();
        if !input.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&input)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        unseen.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(&input, OptionalActions::Flush, &unseen)?;
        Ok(Some(Self(before)))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        let _ =
            rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

/// On other systems a password that is typed is refused: it would be seen.
#[cfg(not(unix))]
struct Unseen;

#[cfg(not(unix))]
impl Unseen {
    fn begin() -> io::Result<Option<Self>> {
        match io::stdin().is_terminal() {
            false => Ok(None),
            true => {
                Err(io::Error::other("a password that is typed here would be seen; pipe it in"))
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
    fn a_password_is_the_first_line() {
        for input in [&b"secret"[..], b"secret\n", b"secret\r\nmore\n", b"\xef\xbb\xbfsecret\n"] {
            assert_eq!(read(input).as_deref(), Some(&b"secret"[..]));
        }
        assert_eq!(read(b"caf\xe9\n").as_deref(), Some(&b"caf\xe9"[..]));
        for nothing in [&b""[..], b"\n", b"\r\nsecret\n"] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn a_password_has_an_end() {
        let most = [&[b'x'; 255][..], b"\r\n"].concat();
        assert_eq!(read(&most).unwrap().len(), 255);
        assert_eq!(read(&[b'x'; 256]), None);
        assert_eq!(read(&[b'x'; 1 << 20]), None);
    }
}
